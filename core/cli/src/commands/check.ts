/** `mainstay check` and `-t`: everything that is wrong with a configuration, with positions, and keepalived's exit codes. */
import { appendFileSync } from 'node:fs';
import { hasErrors, openPorts, type Prepared, prepare, systemClock } from '@mainstay/core';
import { type Diagnostic, formatDiagnostic, messageOf, type Ports } from '@mainstay/sdk';
import { prepareRequest, type RequestChoices } from '../request.js';

/** Exit codes of keepalived's -t. */
export const checkCodes = { clean: 0, cannotRun: 4, errors: 5, scriptSecurity: 6 } as const;

export interface CheckChoices extends Pick<RequestChoices, 'file' | 'configId' | 'only' | 'noBfd'> {
  readonly json: boolean;
  /** -t FILE: the report goes there instead of standard error. */
  readonly logTo?: string;
}

/** Warnings alone pass: they say what has no effect or is written in an old way. */
export function checkCode(diagnostics: readonly Diagnostic[]): number {
  if (diagnostics.some((d) => d.code.startsWith('SCRIPT_SECURITY'))) return checkCodes.scriptSecurity;
  return hasErrors(diagnostics) ? checkCodes.errors : checkCodes.clean;
}

export async function check(choices: CheckChoices): Promise<number> {
  const write = writer(choices);
  let prepared: Prepared;
  try {
    const request = prepareRequest({ ...choices, unknownKeywords: 'error', verify: true });
    prepared = await prepare(request, { clock: systemClock, portsFor: await lazyPorts() });
  } catch (error) {
    write(choices.json ? JSON.stringify({ ok: false, error: messageOf(error) }) : `mainstay: ${messageOf(error)}`);
    return checkCodes.cannotRun;
  }
  const { diagnostics, plans, remarks, tree } = prepared;
  const code = checkCode(diagnostics);
  if (choices.json) {
    const lanes = plans.map((plan) => ({ lane: plan.lane, plugins: plan.plugins.map((p) => p.name) }));
    write(JSON.stringify({ ok: code === 0, files: tree.files, diagnostics, remarks, lanes }, null, 2));
    return code;
  }
  for (const remark of remarks) write(remark);
  for (const diagnostic of diagnostics) write(formatDiagnostic(diagnostic));
  write(summary(prepared));
  return code;
}

function summary({ diagnostics, tree }: Prepared): string {
  const errors = diagnostics.filter((d) => d.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  const files = count(tree.files.length, 'file');
  return diagnostics.length === 0
    ? `${files}: no mistakes found`
    : `${files}: ${count(errors, 'error')}, ${count(warnings, 'warning')}`;
}

function writer({ json, logTo }: CheckChoices): (line: string) => void {
  if (logTo !== undefined) return (line) => appendFileSync(logTo, `${line}\n`, { mode: 0o600 });
  return (line) => void (json ? process.stdout : process.stderr).write(`${line}\n`);
}

/** Only ports that look: nothing of the network is opened for a check. */
async function lazyPorts(): Promise<() => Ports> {
  const ports = await openPorts(new Set(['process', 'modules', 'files']), () => {});
  return () => ports;
}
