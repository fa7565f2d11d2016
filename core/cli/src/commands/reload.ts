/** `mainstay reload`: like SIGHUP, but the answer comes back to the terminal. */
import type { ReloadOutcome } from '@mainstay/core';
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
  if (!outcome.ok) {
    const { inPart, reason } = outcome;
    if (inPart === undefined) return `${said}not reloaded, the running configuration stays in force: ${reason}\n`;
    return `${said}reloaded in part, configuration number ${inPart} is in force but for this: ${reason}\n`;
  }
  const restarted = [...outcome.restartedLanes.map((lane) => `lane ${lane}`), ...outcome.restartedPlugins];
  const detail = restarted.length === 0 ? '' : `; restarted: ${restarted.join(', ')}`;
  return `${said}configuration number ${outcome.generation} is in force${detail}\n`;
}
