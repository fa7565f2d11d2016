/** A kernel's table in memory, with the kernel's answers and switches for what goes wrong. For the tests of the ipvs plugin. */

import { destinationText, serviceText } from '@mainstay/ipvs/internal/names.js';
import type {
  Ipvs,
  IpvsDestination,
  IpvsEdit,
  IpvsResult,
  IpvsService,
  IpvsStatistics,
  IpvsSyncDaemon,
  IpvsTimeouts,
  KnownIpvsService,
} from '@mainstay/sdk';
import { PortError } from '@mainstay/sdk';
import { sortedTableText } from '../../support/ipvsadm-text.js';

const nothing: IpvsStatistics = {
  connections: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
  connectionRate: 0,
  inPacketRate: 0,
  outPacketRate: 0,
  inByteRate: 0,
  outByteRate: 0,
};

const ownTimeouts: IpvsTimeouts = { tcp: 900, tcpFin: 120, udp: 300 };

interface Kept {
  readonly service: IpvsService;
  readonly destinations: Map<string, IpvsDestination>;
}

export class FakeIpvs implements Ipvs {
  readonly table = new Map<string, Kept>();
  /** Everything that was asked for, in order. */
  readonly edits: IpvsEdit[] = [];
  readonly daemons: IpvsSyncDaemon[] = [];
  reads = 0;
  /** Why the kernel tells nothing. */
  blind: string | undefined;
  /** Answers an error code for an edit that is to fail. */
  refuse: ((edit: IpvsEdit) => string | undefined) | undefined;
  /** Addresses of the host itself. */
  readonly local = new Set<string>();
  /** Changes of timeouts. */
  timeoutsSet = 0;
  private currentTimeouts: IpvsTimeouts = ownTimeouts;

  get text(): string {
    return sortedTableText(
      [...this.table.values()].map(({ service, destinations }) => ({ service, destinations: [...destinations.values()] })),
    );
  }

  /** The edits since the last call. */
  takeEdits(): readonly IpvsEdit[] {
    return this.edits.splice(0);
  }

  /** What somebody else does to the table. */
  somebody(edit: IpvsEdit): void {
    const result = this.carryOut(edit);
    if (result.outcome !== 'done') throw new Error(`the fake kernel answers ${JSON.stringify(result)}`);
  }

  /** The same, where it may be that it cannot be done. */
  tryAsSomebody(edit: IpvsEdit): void {
    this.carryOut(edit);
  }

  /** Somebody unloads the kernel's module and loads it again: it begins with nothing. */
  loadAnew(): void {
    this.table.clear();
    this.daemons.length = 0;
    this.currentTimeouts = ownTimeouts;
  }

  async read(): Promise<readonly KnownIpvsService[]> {
    this.reads++;
    this.look();
    return [...this.table.values()].map(({ service, destinations }) => ({
      ...service,
      statistics: nothing,
      destinations: [...destinations.values()].map((one) => ({
        ...one,
        ...(this.local.has(one.address) && { method: 'local' as const }),
        activeConnections: 3,
        inactiveConnections: 2,
        persistentConnections: 0,
        statistics: nothing,
      })),
    }));
  }

  async apply(edits: readonly IpvsEdit[]): Promise<readonly IpvsResult[]> {
    return edits.map((edit) => {
      this.edits.push(edit);
      const code = this.refuse?.(edit);
      if (code === undefined) return this.carryOut(edit);
      if (edit.do === 'editService' && !['ENOENT', 'ESRCH', 'EPERM'].includes(code)) this.letGo(edit.service);
      return failed(code);
    });
  }

  /** As many kernels do: the old scheduler is gone before the new one is refused. */
  private letGo({ id, scheduler }: IpvsService): void {
    const key = serviceText(id);
    const kept = this.table.get(key);
    if (kept === undefined || kept.service.scheduler === scheduler) return;
    this.table.set(key, { ...kept, service: { ...kept.service, scheduler: 'none' } });
  }

  async flush(): Promise<IpvsResult> {
    this.table.clear();
    return { outcome: 'done' };
  }

  async zero(): Promise<IpvsResult> {
    return { outcome: 'done' };
  }

  async timeouts(): Promise<IpvsTimeouts> {
    this.look();
    return this.currentTimeouts;
  }

  async setTimeouts(timeouts: Partial<IpvsTimeouts>): Promise<IpvsResult> {
    this.timeoutsSet++;
    this.currentTimeouts = { ...this.currentTimeouts, ...timeouts };
    return { outcome: 'done' };
  }

  async syncDaemons(): Promise<readonly IpvsSyncDaemon[]> {
    this.look();
    return [...this.daemons];
  }

  async startSyncDaemon(daemon: IpvsSyncDaemon): Promise<IpvsResult> {
    if (this.daemons.some(({ role }) => role === daemon.role)) return failed('EEXIST');
    this.daemons.push({ maxLength: 1472, group: '224.0.0.81', port: 8848, ttl: 1, ...daemon });
    return { outcome: 'done' };
  }

  async stopSyncDaemon(role: 'master' | 'backup'): Promise<IpvsResult> {
    const at = this.daemons.findIndex((daemon) => daemon.role === role);
    if (at >= 0) this.daemons.splice(at, 1);
    return at >= 0 ? { outcome: 'done' } : failed('ESRCH');
  }

  private look(): void {
    if (this.blind !== undefined) throw new PortError(this.blind, 'EPROTONOSUPPORT');
  }

  private carryOut(edit: IpvsEdit): IpvsResult {
    switch (edit.do) {
      case 'addService': {
        const key = serviceText(edit.service.id);
        if (this.table.has(key)) return { outcome: 'unchanged' };
        this.table.set(key, { service: edit.service, destinations: new Map() });
        return { outcome: 'done' };
      }
      case 'editService': {
        const key = serviceText(edit.service.id);
        const kept = this.table.get(key);
        if (kept === undefined) return failed('ESRCH');
        this.table.set(key, { ...kept, service: edit.service });
        return { outcome: 'done' };
      }
      case 'deleteService':
        return this.table.delete(serviceText(edit.service)) ? { outcome: 'done' } : { outcome: 'unchanged' };
      default:
        return this.carryOutInside(edit);
    }
  }

  private carryOutInside(edit: Extract<IpvsEdit, { destination: unknown }>): IpvsResult {
    const kept = this.table.get(serviceText(edit.service));
    if (kept === undefined) return edit.do === 'deleteDestination' ? { outcome: 'unchanged' } : failed('ESRCH');
    const key = destinationText(edit.destination);
    if (edit.do === 'deleteDestination') return kept.destinations.delete(key) ? { outcome: 'done' } : { outcome: 'unchanged' };
    if (edit.do === 'addDestination' && kept.destinations.has(key)) return { outcome: 'unchanged' };
    if (edit.do === 'editDestination' && !kept.destinations.has(key)) return failed('ENOENT');
    kept.destinations.set(key, edit.destination);
    return { outcome: 'done' };
  }
}

function failed(code: string): IpvsResult {
  return { outcome: 'failed', code, error: `refused with ${code}` };
}
