/**
 * The virtual addresses of one router as it has them: takes them with their announcements, releases them, and says what the kernel refused.
 * Used by instance.ts.
 */
import type { AddressEvent } from '@mainstay/sdk';
import { Announcer } from './announcer.js';
import { Holdings, textOf } from './holdings.js';
import type { InstanceConfig } from './instance-config.js';
import type { Surroundings } from './surroundings.js';

/** What it needs of its router. */
export interface Possessor {
  readonly config: InstanceConfig;
  readonly isMaster: boolean;
  log(level: 'warn' | 'error', message: string): void;
  /** The kernel refused every address. */
  refused(why: string): void;
}

export class Possession {
  private readonly holdings: Holdings;
  private readonly announcer: Announcer;
  private releasing: Promise<void> = Promise.resolve();
  /** The kernel kept an address that it was to let go of. */
  private hasRefused = false;

  constructor(
    private readonly around: Surroundings,
    private readonly possessor: Possessor,
  ) {
    const { clock, ports } = around.run;
    this.holdings = new Holdings(ports);
    this.announcer = new Announcer(clock, (times) => this.announceAll(times));
  }

  get addresses(): readonly string[] {
    return this.holdings.current.map(textOf);
  }

  /** Clears what a crash left. */
  async clean(): Promise<void> {
    const { removed, failures } = await this.holdings.clean(this.possessor.config);
    if (removed.length > 0) this.possessor.log('warn', `removed ${removed.join(', ')}, left over from an earlier run`);
    this.tellRefused(failures);
  }

  /** The address that somebody else took from this host. */
  lostBy(event: AddressEvent): string | undefined {
    return this.holdings.lostBy(event);
  }

  /** `announcesAll`: also where nothing was added. */
  async take(announcesAll: boolean): Promise<void> {
    const { possessor } = this;
    const { isCurrent, added, held, failures } = await this.holdings.take(possessor.config);
    for (const failure of failures) possessor.log('error', `virtual address not added: ${failure}`);
    if (!isCurrent || !possessor.isMaster) return;
    const { addresses, excluded, announce } = possessor.config;
    if (addresses.length + excluded.length > 0 && held.length === 0) {
      possessor.refused(`the kernel refused every virtual address: ${failures.join('; ')}`);
    } else if (announcesAll || added > 0) this.announcer.start(announce);
  }

  release(): void {
    this.announcer.stop();
    this.releasing = this.logFailures(this.holdings.release());
  }

  /** Releases what another configuration no longer lists, before that is taken over: another instance may take it. */
  releaseUnlisted(config: InstanceConfig): Promise<void> {
    return this.logFailures(this.holdings.releaseUnlisted(config));
  }

  /** Takes back what was added in the name of the router, and did not come to be its own. */
  withdraw(): void {
    this.releasing = this.logFailures(this.holdings.withdraw(this.possessor.config));
  }

  /** Another router claimed the addresses. */
  announceAgain(): void {
    this.announcer.again(this.possessor.config.announce);
  }

  /** What taking them begins with. */
  beginning() {
    return this.around.neighbours.beginningWith(this.holdings.missing(this.possessor.config));
  }

  /**
   * Settles when what was released is gone; answers what the kernel keeps, which it is asked for once more. Where the router has not begun,
   * nobody has looked after its addresses yet: a process that died may have left them.
   */
  async end(hasBegun: boolean, keepsAddresses: boolean): Promise<readonly string[]> {
    await this.releasing;
    if (keepsAddresses || (hasBegun && !this.hasRefused)) return [];
    return this.holdings.withdraw(this.possessor.config);
  }

  close(): void {
    this.announcer.stop();
  }

  private announceAll(times: number): void {
    const isMaster = () => this.possessor.isMaster;
    const { announce } = this.possessor.config;
    for (const address of this.holdings.current) this.around.neighbours.announce(address, announce, times, isMaster);
  }

  private async logFailures(release: Promise<readonly string[]>): Promise<void> {
    this.tellRefused(await release);
  }

  private tellRefused(failures: readonly string[]): void {
    this.hasRefused ||= failures.length > 0;
    for (const failure of failures)
      this.possessor.log('error', `virtual address not removed: ${failure}: another router may hold it too`);
  }
}
