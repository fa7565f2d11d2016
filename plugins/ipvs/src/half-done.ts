/**
 * A service whose scheduler is changed in vain: the kernel lets go of the old one first, and where the new one then gets no memory, or has no
 * room for so many servers (mh), many kernels leave the service with none, so that it takes no new connections. What it was is put back, and
 * such a change is tried again seldom, because each try interrupts the service. Made by keeper.ts; edits.ts says it in words.
 */
import type { Clock, IpvsResult, IpvsService } from '@mainstay/sdk';
import type { Aftermath, KeyedEdit } from './edits.js';
import { carryOut, isSameService, type ServiceEntry, serviceContent, type Table } from './table.js';

export interface HalfDoneHost {
  readonly clock: Clock;
  /** What the kernel holds of our services, as far as we know. */
  readonly held: Map<string, ServiceEntry>;
  apply(edits: readonly KeyedEdit[]): Promise<readonly IpvsResult[]>;
  /** Undefined: it cannot be read now. */
  read(): Promise<Table | undefined>;
}

/** What the kernel tells as the scheduler of a service that has none. */
const noScheduler = 'none';

/** Milliseconds to the next try of a change that was put back: doubled each time, up to ten minutes. */
const pauses = { first: 60_000, longest: 600_000 } as const;
/** What the log says of it, behind what went wrong. */
export const triedSeldom = 'It is tried again after 1, 2, 4... 10 minutes, because each try interrupts new connections';

/** Such answers come before the kernel touches anything. */
const early: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'EPERM', 'EPROTONOSUPPORT', 'EAFNOSUPPORT']);

/** A change that is not to be tried before that time. */
interface Rest {
  readonly content: string;
  /** Milliseconds of the clock. */
  readonly until: number;
  readonly pauseMs: number;
}

export function hasScheduler({ scheduler }: IpvsService): boolean {
  return scheduler !== noScheduler;
}

/** True where the edit was refused, and may have left the service without a scheduler. `held`: what the kernel held before. */
function isHalfDone({ edit }: KeyedEdit, result: IpvsResult | undefined, held: ServiceEntry | undefined): boolean {
  if (edit.do !== 'editService' || held === undefined || edit.service.scheduler === held.service.scheduler) return false;
  return result === undefined || (result.outcome === 'failed' && !early.has(result.code));
}

export class HalfDone {
  /** By service: as it was when it last had a scheduler. */
  readonly #former = new Map<string, IpvsService>();
  readonly #rests = new Map<string, Rest>();

  constructor(private readonly host: HalfDoneHost) {}

  /** Answers what has become of the services that an edit may have left without a scheduler; the table of `held` has them so. */
  async putBack(edits: readonly KeyedEdit[], results: readonly IpvsResult[]): Promise<ReadonlyMap<string, Aftermath>> {
    const { held } = this.host;
    const aftermath = new Map<string, Aftermath>();
    const halves = edits.filter((edit, i) => isHalfDone(edit, results[i], held.get(edit.service)));
    if (halves.length === 0) return aftermath;
    const areBack = await this.#formerAgain(halves);
    // The kernel may refuse that as well where it had taken nothing away.
    const table = areBack.size === halves.length ? undefined : await this.host.read();
    for (const half of halves) {
      const { service: key } = half;
      const before = held.get(key);
      const service = areBack.has(key) ? before?.service : table?.get(key)?.service;
      if (service !== undefined) held.set(key, { service, destinations: before?.destinations ?? new Map() });
      aftermath.set(key, service === undefined ? 'unknown' : hasScheduler(service) ? 'put back' : 'unscheduled');
      if (aftermath.get(key) === 'put back') this.#rest(half);
    }
    return aftermath;
  }

  /** True where the change of a service into this is to wait. Anything else that is wanted, or there by now, is a new beginning. */
  isResting(key: string, desired: IpvsService | undefined): boolean {
    const rest = this.#rests.get(key);
    if (rest === undefined) return false;
    const held = this.host.held.get(key)?.service;
    const isSame = desired !== undefined && rest.content === serviceContent(desired);
    if (!isSame || held === undefined || isSameService(desired, held)) {
      this.#rests.delete(key);
      return false;
    }
    return hasScheduler(held) && this.host.clock.now() < rest.until;
  }

  /** The service is as wanted, or gone. */
  forget(key: string): void {
    this.#former.delete(key);
    this.#rests.delete(key);
  }

  /** Services that the kernel has let have what they had. */
  async #formerAgain(halves: readonly KeyedEdit[]): Promise<ReadonlySet<string>> {
    const { held, apply } = this.host;
    const backs = halves.flatMap(({ service: key }): KeyedEdit[] => {
      const now = held.get(key)?.service;
      if (now !== undefined && hasScheduler(now)) this.#former.set(key, now);
      const service = this.#former.get(key);
      return service === undefined ? [] : [{ edit: { do: 'editService', service }, service: key }];
    });
    if (backs.length === 0) return new Set();
    const results = await apply(backs);
    const done = backs.filter((_, i) => results[i]?.outcome === 'done');
    for (const back of done) carryOut(held, back);
    return new Set(done.map(({ service }) => service));
  }

  #rest({ service: key, edit }: KeyedEdit): void {
    if (edit.do !== 'editService') return;
    const content = serviceContent(edit.service);
    const before = this.#rests.get(key);
    const pauseMs = before?.content === content ? Math.min(before.pauseMs * 2, pauses.longest) : pauses.first;
    this.#rests.set(key, { content, until: this.host.clock.now() + pauseMs, pauseMs });
  }
}
