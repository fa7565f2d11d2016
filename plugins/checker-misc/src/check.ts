/** One probe of MISC_CHECK: the script runs to its end, and its exit code says how the server is. Called by the checking loop. */
import {
  type CheckContext,
  down,
  type GlobalScriptConfig,
  isRunAllTheSame,
  ScriptIdentities,
  type ScriptResult,
  up,
  type Verdict,
} from '@mainstay/sdk';
import type { MiscConfig } from './config.js';

/** From SIGTERM to SIGKILL to giving up on it, and a moment: a probe lasts until its script has ended. Milliseconds. */
export const endingMs = 4000;
/** Of the last line that a failing script printed, in the reason. */
const longestQuote = 200;

type Timing = { readonly delayLoopMs: number };

const scriptMs = (config: MiscConfig, { delayLoopMs }: Timing) => (config.misc_timeout > 0 ? config.misc_timeout : delayLoopMs);

/** The script has its own limit; the loop's comes after it. */
export function timeoutMs(config: MiscConfig, timing: Timing): number {
  return scriptMs(config, timing) + endingMs;
}

/** What checks of all servers have in common: the words of global_defs, and who runs scripts by them. */
export class MiscChecks {
  #identities: { readonly global: GlobalScriptConfig; readonly known: ScriptIdentities } | undefined;

  constructor(private readonly global: () => GlobalScriptConfig) {}

  async check(context: CheckContext<MiscConfig>): Promise<Verdict> {
    const { config, memory, ports, log } = context;
    const who = await this.#identitiesOf(context).of(config.user);
    if ('nobody' in who) return notChecked(context, who.nobody);
    const { identity } = who;
    const problem = await ports.process.inspect(config.misc_path, identity);
    if (problem !== undefined && !isRunAllTheSame(problem, this.global())) return notChecked(context, problem.message);
    let lastLine = '';
    const result = await ports.process.run({
      command: config.misc_path,
      ...identity,
      timeoutMs: scriptMs(config, context),
      signal: context.signal,
      onOutput: (line) => {
        lastLine = line.trim() === '' ? lastLine : line.trim().slice(0, longestQuote);
        log.debug(line);
      },
    });
    if (result.outcome === 'failed') return notChecked(context, result.error);
    const verdict = verdictOf(result, config.misc_dynamic, lastLine);
    if (verdict.ok) memory.set('up', verdict);
    memory.delete('complaint');
    return verdict;
  }

  #identitiesOf({ ports }: CheckContext<MiscConfig>): ScriptIdentities {
    const global = this.global();
    if (this.#identities?.global !== global) this.#identities = { global, known: new ScriptIdentities(global, ports.process) };
    return this.#identities.known;
  }
}

/** Between what a script found and why none has run since. */
const since = '; not checked since: ';

/**
 * A script that cannot be started says nothing about the server, which stays as the last script that ran left it, though that was in
 * another life of the lane; up where none has. keepalived drops such a check at start, with the same result. A failed attempt that
 * did not count is forgotten.
 */
function notChecked({ config, known, memory, log }: CheckContext<MiscConfig>, why: string): Verdict {
  if (memory.get('complaint') !== why) {
    log.error(`${config.misc_path[0] ?? ''} does not run, so it says nothing about the server, which stays as it is: ${why}`);
    memory.set('complaint', why);
  }
  if (known?.isUp === false) return down(`${known.reason.split(since)[0]}${since}${why}`);
  const { weight } = (memory.get('up') as Extract<Verdict, { ok: true }> | undefined) ?? known ?? {};
  return up(`not checked: ${why}`, weight === undefined ? {} : { weight });
}

function verdictOf(result: Exclude<ScriptResult, { outcome: 'failed' }>, isDynamic: boolean, lastLine: string): Verdict {
  const quote = lastLine === '' ? '' : `: ${lastLine}`;
  switch (result.outcome) {
    case 'timedOut':
      return down(`the script did not end in ${(result.durationMs / 1000).toFixed(1)} s${quote}`);
    case 'signalled':
      return down(`the script was ended by ${result.signal}${quote}`);
    case 'exited':
      if (result.code === 0) return up('exit code 0');
      if (isDynamic && result.code > 1) return up(`exit code ${result.code}`, { weight: result.code - 2 });
      return down(`exit code ${result.code}${quote}`);
  }
}
