/** What the loop says of verdicts and turns: lines for the log and hooks. Called by the loop. */
import type { Clock, HookCalls, Verdict } from '@mainstay/sdk';
import type { LogLevel } from '../log/record.js';
import type { Check } from './probe.js';
import type { Judgement, Patience } from './standing.js';
import { verdictOf } from './verdict.js';

export type SayOf = (level: LogLevel, plugin: string, message: string) => void;

export class Telling {
  constructor(
    private readonly clock: Clock,
    /** Those of the owner `checkers`. */
    private readonly hooks: HookCalls,
    private readonly say: SayOf,
  ) {}

  isShaped({ request }: Check): boolean {
    return this.hooks.isTapped('checker.verdict', request.identity.realServer);
  }

  /** What the taps make of a verdict. Never rejects. */
  async shaped({ request: { identity } }: Check, verdict: Verdict): Promise<Verdict> {
    return verdictOf(await this.hooks.shape('checker.verdict', identity.realServer, verdict, identity), identity.checker);
  }

  /** Taps want to know of every verdict. */
  isHeard(check: Check): boolean {
    return this.isShaped(check) || this.hooks.isTapped('checker.result', check.request.identity.realServer);
  }

  result({ request: { identity } }: Check, verdict: Verdict, durationMs: number): void {
    if (!this.hooks.isTapped('checker.result', identity.realServer)) return;
    this.hooks.observe('checker.result', identity.realServer, { ...identity, verdict, durationMs, at: this.clock.wall() });
  }

  /** Only turns are logged, unless the configuration asks for every failed attempt. */
  judged(
    check: Check,
    plugin: string,
    verdict: Verdict,
    { standing, turn, isRetrying }: Judgement,
    { retry, rise }: Patience,
  ): void {
    const { identity, logsAllFailures } = check.request;
    const name = `${identity.checker} of ${identity.realServer} in ${identity.virtualServer}`;
    if (turn !== undefined) {
      const retries = turn === 'down' && retry > 0 && check.standing.failures > 0 ? ` (after ${plural(retry)})` : '';
      const successes = turn === 'up' && rise > 1 ? ` (after ${rise} successes)` : '';
      this.say(turn === 'up' ? 'info' : 'warn', plugin, `${name} is ${turn}: ${standing.reason}${retries}${successes}`);
      const event = { ...identity, to: turn, reason: standing.reason, at: this.clock.wall() };
      this.hooks.observe('checker.changed', identity.realServer, event);
    } else if (check.standing.unprobed !== standing.unprobed) {
      const { isUp, unprobed } = standing;
      if (unprobed === undefined) this.say('info', plugin, `${name} is probed again`);
      else this.say('warn', plugin, `${name} is not probed, and stays ${isUp ? 'up' : 'down'}: ${unprobed}`);
    } else if (!verdict.ok && verdict.isUnprobed !== true && logsAllFailures === true) {
      const what = isRetrying ? `failed attempt ${standing.failures} of ${retry + 1}` : 'is still down';
      this.say('info', plugin, `${name}, ${what}: ${verdict.reason}`);
    }
  }
}

function plural(retries: number): string {
  return retries === 1 ? 'one retry' : `${retries} retries`;
}
