/**
 * Keeps the kernel's table as it should be: carries out the difference, believes only what the kernel has taken, tries again what it
 * refused, and looks now and then for what others have changed. One change at a time. Made by manager.ts.
 */
import { type Clock, type Ipvs, type IpvsResult, type IpvsServiceId, type Log, messageOf, type Timer } from '@mainstay/sdk';
import { deletion, isTaking, mayTake, serviceEdits } from './diff.js';
import { type Aftermath, type Failed, isConsequence, type KeyedEdit, meaningOf, refusalOf } from './edits.js';
import { foreignChanges, type Ours, toldOf } from './foreign-changes.js';
import { HalfDone, triedSeldom } from './half-done.js';
import { leftAfterFlush, leftBehind } from './left-behind.js';
import { serviceText } from './names.js';
import { type Refusal, Refusals } from './refusals.js';
import { Repetition } from './repetition.js';
import { Sight } from './sight.js';
import { carryOut, type DesiredService, type ServiceEntry } from './table.js';

export interface KeeperHost {
  readonly port: Ipvs;
  readonly clock: Clock;
  readonly log: Log;
  /** The kernel has carried this out. */
  changed(edit: KeyedEdit): void;
  /** True for a destination that the configuration has, whether it is to be there now or not. */
  isConfigured(service: string, destination: string): boolean;
  /** The table is looked at, or has lost a service: so may be what stands beside it, too. */
  audited(): void;
}

/** Milliseconds to the next try: doubled each time, up to a minute. */
export const retryMs = { first: 1000, longest: 60_000 } as const;
/** What the log says of it, behind what went wrong. */
export const triedAgain = `It is tried again, up to every ${retryMs.longest / 1000} s`;
/** So many edits are carried out before the next changes are looked at. */
const batchSize = 2000;

export class Keeper {
  /** What the kernel holds of our services, as far as we know. */
  readonly #held = new Map<string, ServiceEntry>();
  readonly #desired = new Map<string, DesiredService>();
  readonly #dirty = new Set<string>();
  /** Refused; they are tried again when the time has come. */
  readonly #waiting = new Set<string>();
  readonly #refusals = new Refusals();
  /** Services whose servers stay because those in their place are refused. */
  readonly #unrelieved = new Set<string>();
  /** Destinations of others in our services. */
  readonly #strangers = new Map<string, Set<string>>();
  #isKnown = false;
  #pauseMs: number = retryMs.first;
  #retry: Timer | undefined;
  #retryAt = 0;
  #audit: Timer | undefined;
  #auditMs = 0;
  #work: Promise<void> | undefined;
  #isClosed = false;
  /** The last work ended with a table that is not what it was taken for. */
  #isPuzzled = false;
  /** What is to be done waits for its next try. */
  #isResting = false;

  readonly #repetition: Repetition;
  readonly #sight: Sight;
  readonly #halfDone: HalfDone;

  constructor(private readonly host: KeeperHost) {
    this.#repetition = new Repetition(host.clock, host.log);
    this.#sight = new Sight(host, (message) => {
      this.#beginPauses();
      this.#tellRefusal(message);
    });
    const [read, apply] = [() => this.#sight.read(), (edits: readonly KeyedEdit[]) => this.#apply(edits)];
    this.#halfDone = new HalfDone({ clock: host.clock, held: this.#held, read, apply });
  }

  /** Reads the table; what it holds of these services counts as left by an earlier life of ours. Undefined: it cannot be read now. */
  async adopt(services: readonly string[]): Promise<ReadonlyMap<string, ServiceEntry> | undefined> {
    const table = await this.#sight.read();
    if (table === undefined) return undefined;
    for (const key of services) this.#learn(key, table.get(key));
    this.#isKnown = true;
    return this.#held;
  }

  /** What is wanted from now on of these services; `gone`: those that are ours no more. */
  want(services: readonly DesiredService[], gone: readonly string[] = []): void {
    for (const service of services) {
      this.#desired.set(service.key, service);
      this.#dirty.add(service.key);
    }
    for (const key of gone) {
      this.#desired.delete(key);
      this.#dirty.add(key);
    }
    this.#isResting = false;
    this.#start();
  }

  /** Resolves when what is wanted now is done, or refused. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** What the kernel does not take of a service, or of a server in it. */
  refusalOf(service: string, destination?: string): Refusal | undefined {
    return this.#refusals.of(service, destination);
  }

  /** Why the table cannot be read, while it cannot. */
  get blindness(): Refusal | undefined {
    return this.#sight.blindness;
  }

  /** What the kernel holds, as far as we know. */
  held(service: string): ServiceEntry | undefined {
    return this.#held.get(service);
  }

  auditEvery(ms: number): void {
    if (ms === this.#auditMs) return;
    this.#auditMs = ms;
    this.#audit?.cancel();
    this.#scheduleAudit();
  }

  /**
   * `delete`: our services go. `flush`: everything goes. `keep`: nothing. False: the kernel refused.
   *
   * @param claimed Services of the configuration. An earlier life may have left them though the table was never read, and nothing wanted.
   */
  async close(how: 'delete' | 'flush' | 'keep', claimed: Iterable<IpvsServiceId> = []): Promise<boolean> {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#audit?.cancel();
    await this.#work;
    const { port, log } = this.host;
    if (how === 'keep') return true;
    if (how === 'flush') {
      const result = await port.flush();
      if (result.outcome === 'failed') log.error(leftAfterFlush(result.error));
      return result.outcome !== 'failed';
    }
    // What is wanted may be there although it was never read, or although the answer that told so was lost.
    const ours = [...this.#held.values(), ...this.#desired.values()].map(({ service }) => service.id);
    return this.remove([...new Map([...claimed, ...ours].map((id) => [serviceText(id), id])).values()]);
  }

  /**
   * These go for good, whether they are there or not, so that nothing need be read. Nobody tries it again: what is refused is said with how to
   * clear it. False: something stays.
   */
  async remove(services: readonly IpvsServiceId[]): Promise<boolean> {
    if (services.length === 0) return true;
    const edits = services.map((service) => deletion(serviceText(service), service));
    const results = await this.#apply(edits);
    for (const [i, edit] of edits.entries())
      if (results[i] !== undefined && meaningOf(edit, results[i]) === 'done') this.#done(edit);
    const left = leftBehind(services, results);
    if (left !== undefined) this.host.log.error(left);
    return left === undefined;
  }

  #scheduleAudit(): void {
    if (this.#auditMs <= 0 || this.#isClosed) return;
    this.#audit = this.host.clock.after(this.#auditMs, () => {
      this.#isKnown = false;
      this.#start();
      this.host.audited();
      this.#scheduleAudit();
    });
  }

  #start(): void {
    if (this.#work !== undefined || this.#isClosed) return;
    this.#work = this.#run().finally(() => {
      this.#work = undefined;
      // Something may have come between the end of the work and here.
      if (this.#dirty.size > 0 && !this.#isResting) this.#start();
    });
  }

  async #run(): Promise<void> {
    // What one turn of the event loop brings is carried out together.
    await Promise.resolve();
    let surprises = 0;
    while (!this.#isClosed && (this.#dirty.size > 0 || !this.#isKnown)) {
      if (!this.#isKnown && !(await this.#lookAgain())) break;
      const { giving, taking } = this.#nextEdits();
      let isDoubtful = await this.#carryOut(giving);
      // Where the table is not what it was taken for, nothing is taken away before a look at it.
      if (!isDoubtful || surprises > 0) isDoubtful = (await this.#carryOut(this.#whatMayGo(taking))) || isDoubtful;
      if (!isDoubtful) continue;
      // Once at once; whoever works against us is not answered in a loop.
      this.#isKnown = false;
      if (surprises++ > 0) break;
    }
    if (this.#isClosed) return;
    if (surprises > 1 && !this.#isPuzzled) this.#beginPauses();
    this.#isPuzzled = surprises > 1;
    this.#isResting = this.#dirty.size > 0 || !this.#isKnown;
    if (this.#waiting.size > 0 || this.#isResting) this.#tryLater();
    else this.#pauseMs = retryMs.first;
  }

  /** First what comes, then what goes. */
  #nextEdits(): { readonly giving: readonly KeyedEdit[]; readonly taking: readonly KeyedEdit[] } {
    const giving: KeyedEdit[] = [];
    const taking: KeyedEdit[] = [];
    for (const key of this.#dirty) {
      this.#dirty.delete(key);
      this.#waiting.delete(key);
      const wanted = this.#editsOf(key);
      const held = this.#held.get(key);
      // What nobody wants any more is refused no more.
      this.#refusals.keepOnly(key, () => wanted.map(({ destination }) => destination));
      const edits = this.#withoutRest(key, wanted);
      const before = taking.length;
      for (const edit of edits) (isTaking(edit, held) ? taking : giving).push(edit);
      if (taking.length === before) this.#unrelieved.delete(key);
      if (giving.length + taking.length >= batchSize) break;
    }
    return { giving, taking };
  }

  #editsOf(key: string): readonly KeyedEdit[] {
    const desired = this.#desired.get(key);
    const held = this.#held.get(key);
    const strangers = this.#strangers.get(key);
    if (desired !== undefined) {
      // The configuration may have come to have one that it does not want now.
      for (const one of strangers ?? [])
        if (desired.destinations.has(one) || this.host.isConfigured(key, one)) strangers?.delete(one);
      return serviceEdits(desired, held, (one) => strangers?.has(one) !== true);
    }
    this.#strangers.delete(key);
    return held === undefined ? [] : [deletion(key, held.service.id)];
  }

  /** A change of a service that interrupted it in vain waits. */
  #withoutRest(key: string, edits: readonly KeyedEdit[]): readonly KeyedEdit[] {
    if (!this.#halfDone.isResting(key, this.#desired.get(key)?.service)) return edits;
    this.#waiting.add(key);
    return edits.filter(({ edit }) => edit.do !== 'editService');
  }

  /** Those of them that leave no service without a server because the kernel refuses the one that comes in its place. */
  #whatMayGo(taking: readonly KeyedEdit[]): readonly KeyedEdit[] {
    const allowed = new Map<string, boolean>();
    for (const key of new Set(taking.map(({ service }) => service))) {
      const isAllowed = mayTake(this.#desired.get(key), this.#held.get(key));
      allowed.set(key, isAllowed);
      if (isAllowed) this.#unrelieved.delete(key);
      else this.#keepUnrelieved(key);
    }
    return taking.filter((edit) => allowed.get(edit.service) && !this.#isWantedAgain(edit));
  }

  /** Something else has come to be wanted while the kernel was at work. */
  #isWantedAgain({ service, destination }: KeyedEdit): boolean {
    const desired = this.#desired.get(service);
    if (destination === undefined) return desired !== undefined;
    return (desired?.destinations.get(destination)?.weight ?? 0) > 0;
  }

  #keepUnrelieved(key: string): void {
    this.#waiting.add(key);
    if (this.#unrelieved.has(key)) return;
    this.#unrelieved.add(key);
    this.#beginPauses();
    this.host.log.error(
      `the servers of ${key} that are to go stay, and go on getting connections: the kernel has taken none of those that are to serve`,
    );
  }

  async #carryOut(edits: readonly KeyedEdit[]): Promise<boolean> {
    if (edits.length === 0) return false;
    const results = await this.#apply(edits);
    return this.#conclude(edits, results, await this.#halfDone.putBack(edits, results));
  }

  async #apply(edits: readonly KeyedEdit[]): Promise<readonly IpvsResult[]> {
    try {
      return await this.host.port.apply(edits.map(({ edit }) => edit));
    } catch (error) {
      return edits.map(() => ({ outcome: 'failed', code: '', error: messageOf(error) }));
    }
  }

  /** True where the table is not what it was taken for. */
  #conclude(edits: readonly KeyedEdit[], results: readonly IpvsResult[], aftermath: ReadonlyMap<string, Aftermath>): boolean {
    const refusedServices = new Set<string>();
    let isDoubtful = false;
    for (const [i, edit] of edits.entries()) {
      const result = results[i] ?? { outcome: 'failed', code: '', error: 'no answer' };
      if (isConsequence(edit, refusedServices)) continue;
      const meaning = meaningOf(edit, result);
      const { service } = edit;
      if (meaning === 'done') this.#done(edit);
      else if (meaning === 'doubt') {
        isDoubtful = true;
        this.#dirty.add(service);
      } else if (result.outcome === 'failed') {
        if (edit.edit.do === 'addService') refusedServices.add(service);
        const after = edit.destination === undefined ? aftermath.get(service) : undefined;
        this.#refused(edit, result, after);
        if (after !== 'unknown') continue;
        isDoubtful = true;
        this.#dirty.add(service);
      }
    }
    return isDoubtful;
  }

  #done(edit: KeyedEdit): void {
    carryOut(this.#held, edit);
    const { service, destination } = edit;
    if (destination === undefined) this.#halfDone.forget(service);
    if (this.#refusals.delete(service, destination)) {
      const what = destination === undefined ? service : `${service}, server ${destination}`;
      this.host.log.info(`the kernel now takes what it refused: ${what}`);
    }
    this.host.changed(edit);
  }

  /** Told once for each reason, however often it is tried. */
  #refused(edit: KeyedEdit, failed: Failed, aftermath?: Aftermath): void {
    const message = refusalOf(edit, failed, aftermath);
    const { service, destination } = edit;
    this.#waiting.add(service);
    if (!this.#refusals.add(service, destination, { message, since: this.host.clock.wall() })) return;
    this.#beginPauses();
    this.#tellRefusal(message, aftermath === 'put back' ? triedSeldom : triedAgain);
  }

  #tellRefusal(message: string, again = triedAgain): void {
    this.host.log.error(this.#isClosed ? message : `${message}. ${again}`);
  }

  /** What goes wrong for the first time does not wait as long as what has been refused for hours. */
  #beginPauses(): void {
    this.#pauseMs = retryMs.first;
  }

  /** Whatever waits already waits no longer for that. */
  #tryLater(): void {
    const { clock } = this.host;
    const at = clock.now() + this.#pauseMs;
    if (this.#retry !== undefined && this.#retryAt <= at) return;
    this.#retry?.cancel();
    this.#retryAt = at;
    this.#retry = clock.after(this.#pauseMs, () => {
      this.#retry = undefined;
      this.#isResting = false;
      for (const key of this.#waiting) this.#dirty.add(key);
      this.#start();
    });
    this.#pauseMs = Math.min(this.#pauseMs * 2, retryMs.longest);
  }

  /** Compares what we took the kernel to hold with what it holds, and says what somebody else has changed. */
  async #lookAgain(): Promise<boolean> {
    const table = await this.#sight.read();
    if (table === undefined) return false;
    const keys = new Set([...this.#desired.keys(), ...this.#held.keys()]);
    const findings: string[] = [];
    let isRobbed = false;
    for (const key of keys) {
      const actual = table.get(key);
      isRobbed ||= actual === undefined && this.#held.has(key);
      const isNew = !this.#held.has(key) && this.#dirty.has(key);
      const ours: Ours = {
        before: this.#held.get(key),
        desired: this.#desired.get(key),
        isConfigured: (destination) => this.host.isConfigured(key, destination),
      };
      for (const { message, stranger } of isNew ? [] : foreignChanges(key, ours, actual)) {
        findings.push(message);
        if (stranger !== undefined) this.#strangersOf(key).add(stranger);
      }
      this.#learn(key, actual);
      this.#dirty.add(key);
    }
    for (const message of toldOf(findings)) this.#repetition.warn(message, message);
    this.#isKnown = true;
    // A module that was loaded anew has also forgotten what stands beside the table.
    if (isRobbed) this.host.audited();
    return true;
  }

  #learn(key: string, actual: ServiceEntry | undefined): void {
    if (actual === undefined) this.#held.delete(key);
    else this.#held.set(key, actual);
  }

  #strangersOf(key: string): Set<string> {
    const known = this.#strangers.get(key) ?? new Set<string>();
    this.#strangers.set(key, known);
    return known;
  }
}
