/**
 * What the host thinks of the configured scripts: missing, not executable, unknown user, insecure. Called at start, after a
 * reload, and by `mainstay check`.
 */
import type { ConfigEntry, Diagnostic, ProcessPort, ScriptIdentity, ScriptProblem } from '@mainstay/sdk';
import {
  type GlobalConfig,
  type InstanceConfig,
  type RealServerConfig,
  type Script,
  scriptKeywords,
  scriptOf,
  type VirtualServerConfig,
} from './config.js';

/** Everything that may hold a script. */
export interface Configured {
  readonly instances: readonly ConfigEntry<InstanceConfig>[];
  readonly virtualServers: readonly ConfigEntry<VirtualServerConfig>[];
  readonly realServers: readonly ConfigEntry<RealServerConfig>[];
}

interface Found {
  readonly where: string;
  readonly script: Script | undefined;
}

function* scriptsIn({ instances, virtualServers, realServers }: Configured): Generator<Found> {
  for (const { name, value } of instances)
    for (const keyword of scriptKeywords) yield { where: `${name}: ${keyword}`, script: scriptOf(value, keyword) };
  for (const { name, value } of virtualServers)
    for (const [keyword, script] of Object.entries(value)) yield { where: `${name}: ${keyword}`, script };
  for (const { name, value } of realServers)
    for (const [keyword, script] of Object.entries(value)) yield { where: `${name}: ${keyword}`, script };
}

/** The user that runs scripts where nothing else is said and the host has it (keepalived.conf(5), script_user). */
export const conventionalUser = 'keepalived_script';

const codes: Readonly<Record<ScriptProblem['kind'], string>> = {
  missing: 'SCRIPT_MISSING',
  'not-executable': 'SCRIPT_NOT_EXECUTABLE',
  'unknown-user': 'SCRIPT_UNKNOWN_USER',
  insecure: 'SCRIPT_SECURITY_INSECURE',
};

/** Who runs a script that names no user. */
export async function defaultIdentity(global: GlobalConfig, ports: ProcessPort): Promise<ScriptIdentity> {
  if (global.script_user !== undefined) return global.script_user;
  const problem = await ports.inspect(['/bin/sh'], { user: conventionalUser });
  return problem?.kind === 'unknown-user' ? {} : { user: conventionalUser };
}

export function identityOf(script: Script, fallback: ScriptIdentity): ScriptIdentity {
  return script.identity ?? fallback;
}

export async function reviewScripts(
  configured: Configured,
  global: GlobalConfig,
  ports: ProcessPort,
): Promise<readonly Diagnostic[]> {
  const fallback = await defaultIdentity(global, ports);
  const found: Diagnostic[] = [];
  for (const { where, script } of scriptsIn(configured)) {
    const problem = script && (await ports.inspect(script.command, identityOf(script, fallback)));
    if (script === undefined || problem === undefined) continue;
    found.push(describe(where, script, problem, global.enable_script_security));
  }
  return found;
}

function describe(where: string, script: Script, problem: ScriptProblem, isSecured: boolean): Diagnostic {
  const isRun = problem.kind === 'insecure' && !isSecured;
  return {
    severity: isRun ? 'warning' : 'error',
    code: codes[problem.kind],
    message: `${where}: ${problem.message}; ${isRun ? 'it is run all the same' : 'this script will not run'}`,
    at: script.at,
    hint: hintFor(problem.kind, isRun),
  };
}

function hintFor(kind: ScriptProblem['kind'], isRun: boolean): string {
  switch (kind) {
    case 'missing':
      return 'arguments belong into the same double quotes as the command';
    case 'not-executable':
      return 'see the permissions of the file and its folders';
    case 'unknown-user':
      return 'after the command stand a user and a group; arguments belong into the double quotes';
    case 'insecure':
      return isRun
        ? 'tighten the permissions, then write enable_script_security'
        : 'tighten the permissions, or name another user';
  }
}
