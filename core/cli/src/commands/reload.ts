/** `mainstay reload`: like SIGHUP, but the answer comes back to the terminal. */
import { type ReloadOutcome, reloadSentence } from '@mainstay/core';
import { formatDiagnostic } from '@mainstay/sdk';
import type { ClientArguments } from '../options.js';
import { ask } from './ask.js';
import { json } from './status.js';

/** A large configuration takes up to two minutes to read, and each lane may take its time. */
const withinMs = 300_000;

export interface ReloadText {
  readonly text: string;
  readonly isOk: boolean;
}

export async function reload(args: ClientArguments): Promise<ReloadText> {
  const outcome = await ask<ReloadOutcome>(args, '/v1/reload', 'POST', withinMs);
  return { text: args.json ? json(outcome) : describe(outcome), isOk: outcome.ok };
}

function describe(outcome: ReloadOutcome): string {
  const said = outcome.diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join('');
  return `${said}${reloadSentence(outcome)}\n`;
}
