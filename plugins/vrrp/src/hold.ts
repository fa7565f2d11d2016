/** Asks the guards of `vrrp.mayBecomeMaster`, and bounds how long they may keep a router from mastership. Used by instance.ts. */
import type { Run, VrrpIdentity, VrrpReason } from '@mainstay/sdk';

/** However often a guard says hold, a router is not kept from mastership longer than this in a row. */
const mostHoldMs = 60_000;
/** The guards are not asked, and their answer is not logged, more often than this. */
const leastHoldMs = 10;

export class HoldLimit {
  private since: number | undefined;

  constructor(
    private readonly run: Run,
    private readonly log: (level: 'warn' | 'error', message: string) => void,
  ) {}

  /** Until when this router must wait (monotonic), or undefined when it may become master now. */
  heldUntil(identity: VrrpIdentity, reason: VrrpReason, priority: number, now: number): number | undefined {
    const { hooks } = this.run;
    if (!hooks.isTapped('vrrp.mayBecomeMaster', identity.instance)) return undefined;
    const held = hooks.guard('vrrp.mayBecomeMaster', identity.instance, { ...identity, reason, priority });
    if (held === undefined) {
      this.reset();
      return undefined;
    }
    this.since ??= now;
    const end = this.since + mostHoldMs;
    if (now >= end) {
      this.reset();
      this.log(
        'error',
        `${held.plugin} still holds this router back (${held.answer.why}): ${mostHoldMs / 1000} s is the most, taking over now`,
      );
      return undefined;
    }
    this.log('warn', `held back from mastership by ${held.plugin}: ${held.answer.why}`);
    return Math.min(end, now + Math.max(leastHoldMs, held.answer.forMs || 0));
  }

  /** The question is moot: another router is master, or this one is. */
  reset(): void {
    this.since = undefined;
  }
}
