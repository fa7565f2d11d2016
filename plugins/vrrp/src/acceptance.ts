/**
 * Accept_Mode (RFC 9568 section 6.1): the virtual addresses of instances with no_accept are refused by the host's packet filter,
 * from before the first instance starts until after the last has stopped, so that no takeover waits for it. Called by manager.ts.
 */
import { isLinkLocal, type ObjectStatus, type Ports, type Run, type Timer } from '@mainstay/sdk';
import type { InstanceConfig } from './instance-config.js';

/** Name of our set in the packet filter. */
const set = 'vrrp';
/** After a failure: somebody may install what lacked. */
const retryMs = 60_000;

/** Rejects where the packet filter keeps our rules: addresses that come back here would not be answered for. */
export async function refuseNothing({ firewall }: Pick<Ports, 'firewall'>): Promise<void> {
  const result = await firewall.refuse(set, []);
  if (result.outcome === 'failed')
    throw new Error(`the rules that refuse virtual addresses stay in the packet filter: ${result.error}`);
}

type Listed = Pick<InstanceConfig, 'accept' | 'interface' | 'addresses' | 'excluded'>;

/** Every address of an instance that does not accept, once. Other links may hold the same link-local address: it carries its link. */
export function refusedAddresses(configs: readonly Listed[]): readonly string[] {
  const refused = configs
    .filter(({ accept }) => !accept)
    .flatMap(({ addresses, excluded, interface: link }) =>
      [...addresses, ...excluded].map(({ address, family, dev }) =>
        family === 6 && isLinkLocal(address) ? `${address}%${dev ?? link}` : address,
      ),
    );
  return [...new Set(refused)];
}

export class Acceptance {
  private refused: readonly string[] = [];
  private problem: string | undefined;
  private retry: Timer | undefined;

  constructor(private readonly run: Pick<Run, 'ports' | 'clock' | 'log'>) {}

  /** Also removes what a crash left, or a stop that kept the addresses; a host that refuses nothing does not wait for that. */
  async start(configs: readonly Listed[]): Promise<void> {
    const applied = this.apply(refusedAddresses(configs));
    if (configs.some(({ accept }) => !accept)) await applied;
  }

  /** Before a reload: what is refused in the new configuration is refused from now on, and what was is so still. */
  async widen(configs: readonly Listed[]): Promise<void> {
    const both = [...new Set([...this.refused, ...refusedAddresses(configs)])];
    if (both.length > this.refused.length) await this.apply(both);
  }

  /** After a reload. Also where the addresses are the same: somebody may have emptied the packet filter. */
  async settle(configs: readonly Listed[]): Promise<void> {
    const wanted = refusedAddresses(configs);
    if (wanted.length > 0 || this.hasLeftovers) await this.apply(wanted);
  }

  /** Where the addresses stay at exit, they must not begin to answer. */
  async stop(keepAddresses: boolean): Promise<void> {
    this.retry?.cancel();
    if (!keepAddresses && this.hasLeftovers) await this.apply([]);
    this.retry?.cancel();
  }

  /** The status of an instance with what is to be said here. */
  shownIn(status: ObjectStatus, { accept }: Listed): ObjectStatus {
    const problem = this.problem === undefined ? {} : { accept_problem: this.problem };
    return { ...status, detail: { ...status.detail, accept, ...problem } };
  }

  private get hasLeftovers(): boolean {
    return this.refused.length > 0 || this.problem !== undefined;
  }

  private async apply(wanted: readonly string[]): Promise<void> {
    const { ports, clock, log } = this.run;
    this.retry?.cancel();
    const result = await ports.firewall.refuse(set, wanted);
    if (result.outcome !== 'failed') {
      if (this.problem !== undefined) log.info(`no_accept: the packet filter is as it should be again`);
      this.refused = wanted;
      this.problem = undefined;
      return;
    }
    const problem = wanted.length > 0 ? `no_accept is not in force: ${result.error}` : result.error;
    if (problem !== this.problem) log.error(problem);
    this.problem = problem;
    this.retry?.cancel();
    this.retry = clock.after(retryMs, () => void this.apply(wanted));
  }
}
