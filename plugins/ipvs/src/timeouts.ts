/**
 * The kernel's timeouts of connections (`lvs_timeouts`), each that is named: set, and set again where somebody else has changed it or
 * the module was loaded anew. Those that are not named are nobody's here. Made by manager.ts.
 */
import type { Clock, Ipvs, IpvsTimeouts, Log } from '@mainstay/sdk';
import { Repetition } from './repetition.js';
import { known, Upkeep } from './upkeep.js';

type Some = { -readonly [Name in keyof IpvsTimeouts]?: IpvsTimeouts[Name] };

/** In the words of the configuration. */
const words: Readonly<Record<keyof IpvsTimeouts, string>> = { tcp: 'tcp', tcpFin: 'tcpfin', udp: 'udp' };
const names = Object.keys(words) as (keyof IpvsTimeouts)[];

export class Timeouts {
  #wanted: Partial<IpvsTimeouts> = {};
  /** Of those that are named: as this process found them. After a crash or a restart that may be what an earlier one had set. */
  readonly #before: Some = {};
  readonly #upkeep: Upkeep;
  readonly #repetition: Repetition;

  constructor(
    private readonly port: Ipvs,
    clock: Clock,
    private readonly log: Log,
  ) {
    this.#repetition = new Repetition(clock, log);
    this.#upkeep = new Upkeep(
      {
        attempt: (isAudit) => this.#attempt(isAudit),
        trouble: (why) => `lvs_timeouts is not in force: ${why}; the kernel forgets idle connections after its own times`,
        relief: 'lvs_timeouts is in force again',
        doubt: (why) => `whether lvs_timeouts is in force cannot be read: ${why}; the kernel goes on with the times that it has`,
        certainty: 'the timeouts of connections can be read again, and are as configured',
      },
      clock,
      log,
    );
  }

  /** Those that are not named any more become what they were when this process found them. Resolves when it was tried. */
  configure(wanted: Partial<IpvsTimeouts> = {}): Promise<void> {
    this.#wanted = wanted;
    return this.#upkeep.renew();
  }

  audit(): void {
    this.#upkeep.audit();
  }

  close(): Promise<void> {
    return this.#upkeep.close();
  }

  async #attempt(isAudit: boolean): Promise<void> {
    // A reload while the kernel is asked is the next attempt's: it must find what was before.
    const wanted = this.#wanted;
    const goal: Some = { ...this.#before, ...wanted };
    if (Object.keys(goal).length === 0) return;
    const now = await known(this.port.timeouts());
    for (const name of names) if (wanted[name] !== undefined) this.#before[name] ??= now[name];
    const wrong = wrongOf(goal, now);
    if (wrong.length > 0) {
      if (isAudit) this.#tell(textOf(wrong, goal, now));
      const result = await this.port.setTimeouts(Object.fromEntries(wrong.map((name) => [name, goal[name]])));
      if (result.outcome === 'failed') throw new Error(`the kernel refuses it: ${result.error}`);
      // A kernel may be built without one of the protocols: it says yes, and does nothing.
      const after = await known(this.port.timeouts());
      const kept = wrongOf(goal, after);
      if (kept.length > 0) throw new Error(`the kernel does not keep it: ${textOf(kept, goal, after)}`);
    }
    this.#letGo(names.filter((name) => wanted[name] === undefined && this.#before[name] !== undefined));
  }

  /** They are as they were found; whether that was ever the kernel's own choice nobody knows, so it is said. */
  #letGo(dropped: readonly (keyof IpvsTimeouts)[]): void {
    if (dropped.length === 0) return;
    const which = dropped.map((name) => `${words[name]} is ${this.#before[name]} s`).join(', ');
    const limit = 'What an earlier one had set looks the same: `ipvsadm --set TCP TCPFIN UDP` changes it';
    this.log.info(`lvs_timeouts names less than before: ${which}, as this process of the daemon found it. ${limit}`);
    for (const name of dropped) delete this.#before[name];
  }

  #tell(found: string): void {
    this.#repetition.warn(
      'lvs_timeouts',
      `lvs_timeouts was not in force: ${found}. Somebody else has changed it, or the module ip_vs was loaded anew: it is set again`,
    );
  }
}

function wrongOf(goal: Some, actual: IpvsTimeouts): readonly (keyof IpvsTimeouts)[] {
  return names.filter((name) => goal[name] !== undefined && goal[name] !== actual[name]);
}

function textOf(wrong: readonly (keyof IpvsTimeouts)[], goal: Some, actual: IpvsTimeouts): string {
  return wrong.map((name) => `${words[name]} is ${actual[name]} s, not ${goal[name]} s`).join(', ');
}
