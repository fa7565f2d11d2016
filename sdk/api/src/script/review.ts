/**
 * What the host thinks of a configured script: missing, not executable, unknown user, nobody to run it, insecure. For every plugin that
 * runs scripts: its `verify`, and what it logs at start.
 */
import type { Diagnostic } from '../config/diagnostic.js';
import type { ProcessPort, ScriptProblem } from '../ports/host.js';
import { conventionalScriptUser, ScriptIdentities } from './identity.js';
import type { GlobalScriptConfig, Script } from './keywords.js';

const codes: Readonly<Record<ScriptProblem['kind'], string>> = {
  missing: 'SCRIPT_MISSING',
  'not-executable': 'SCRIPT_NOT_EXECUTABLE',
  'unknown-user': 'SCRIPT_UNKNOWN_USER',
  unanswered: 'SCRIPT_UNKNOWN_USER',
  insecure: 'SCRIPT_SECURITY_INSECURE',
};

/** What keeps a script from running now; an insecure one runs unless the configuration forbids it. */
export function isRunAllTheSame(problem: ScriptProblem, global: GlobalScriptConfig): boolean {
  return problem.kind === 'insecure' && !global.enable_script_security;
}

/** A script, and whose it is under which keyword, such as `VI_1: notify_master`. */
export interface NamedScript {
  readonly where: string;
  readonly script: Script;
}

/**
 * What is wrong with scripts, in their order. A program is looked at once for each user that runs it, however many keywords name it:
 * 40,000 servers share a few scripts.
 */
export async function reviewScripts(
  scripts: Iterable<NamedScript>,
  global: GlobalScriptConfig,
  port: ProcessPort,
): Promise<readonly Diagnostic[]> {
  const fallback = await new ScriptIdentities(global, port).of(undefined);
  const known = new Map<string, ScriptProblem | undefined>();
  const found: Diagnostic[] = [];
  for (const { where, script } of scripts) {
    const { command, identity } = script;
    const who = identity === undefined ? fallback : { identity };
    if ('nobody' in who) {
      found.push(diagnosticOfNobody(where, script, who.nobody));
      continue;
    }
    const { user = '', group = '' } = who.identity;
    const key = [command[0], user, group].join('\0');
    if (!known.has(key)) known.set(key, await port.inspect(command, who.identity));
    const problem = known.get(key);
    if (problem !== undefined) found.push(diagnosticOf(where, script, problem, global));
  }
  return found;
}

function diagnosticOf(where: string, { at }: Script, problem: ScriptProblem, global: GlobalScriptConfig): Diagnostic {
  const isRun = isRunAllTheSame(problem, global);
  return {
    severity: isRun ? 'warning' : 'error',
    code: codes[problem.kind],
    message: `${where}: ${problem.message}; ${isRun ? 'it is run all the same' : 'this script will not run'}`,
    at,
    hint: hintFor(problem.kind, isRun),
  };
}

function diagnosticOfNobody(where: string, { at }: Script, why: string): Diagnostic {
  const message = `${where}: ${why}; this script will not run`;
  const hint = `set script_user in global_defs, or make the user ${conventionalScriptUser} on this host`;
  return { severity: 'error', code: 'SCRIPT_NO_USER', message, at, hint };
}

function hintFor(kind: ScriptProblem['kind'], isRun: boolean): string {
  switch (kind) {
    case 'missing':
      return 'arguments belong into the same double quotes as the command';
    case 'not-executable':
      return 'see the permissions of the file and its folders';
    case 'unknown-user':
      return 'after the command stand a user and a group; arguments belong into the double quotes';
    case 'unanswered':
      return 'see why getent(1) does not answer, or name a user of /etc/passwd';
    case 'insecure':
      return isRun
        ? 'tighten the permissions, then write enable_script_security'
        : 'tighten the permissions, or name another user';
  }
}
