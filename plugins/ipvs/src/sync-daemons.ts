/**
 * The kernel's synchronisation of connections with another host (`lvs_sync_daemon`): both roles, or the one that the state of a
 * virtual router asks for. Made by manager.ts.
 */
import type { Clock, Ipvs, IpvsSyncDaemon, Log, Timer, VrrpTransitioned } from '@mainstay/sdk';
import { messageOf } from '@mainstay/sdk';
import type { SyncDaemonValue } from './global-values.js';

type Role = IpvsSyncDaemon['role'];

const retryMs = 5000;
const roles: readonly Role[] = ['master', 'backup'];

interface Router {
  readonly role: Role | undefined;
  readonly id: number;
}

export class SyncDaemons {
  readonly #routers = new Map<string, Router>();
  #value: SyncDaemonValue | undefined;
  #work: Promise<void> = Promise.resolve();
  #retry: Timer | undefined;
  #complaint = '';
  #isClosed = false;

  constructor(
    private readonly port: Ipvs,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  configure(value: SyncDaemonValue | undefined): Promise<void> {
    const isNew = JSON.stringify(value) !== JSON.stringify(this.#value);
    this.#value = value;
    return isNew ? this.#settle() : Promise.resolve();
  }

  /** A virtual router that stops needs no synchronisation; one that is not master listens. */
  onTransition({ instance, to, virtualRouterId: id }: VrrpTransitioned): void {
    const isGone = to === 'stopped' || to === 'deleted';
    this.#routers.set(instance, { id, role: isGone ? undefined : to === 'master' ? 'master' : 'backup' });
    if (this.#value?.instance === instance) void this.#settle();
  }

  async close(keep: boolean): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    await this.#work;
    if (this.#value === undefined || keep) return;
    await this.#reach([]);
  }

  /** Those of an earlier life go, where the configuration has any. False: one goes on. */
  async end(value: SyncDaemonValue | undefined): Promise<boolean> {
    return value === undefined || this.#reach([]);
  }

  /** What should run now; undefined: not known yet, so what runs goes on. */
  #wanted(): readonly IpvsSyncDaemon[] | undefined {
    const value = this.#value;
    if (value === undefined) return [];
    const { instance, syncId, ...rest } = value;
    if (instance === undefined) return roles.map((role) => ({ ...rest, role, syncId: syncId ?? 0 }));
    const router = this.#routers.get(instance);
    if (router === undefined) return undefined;
    return router.role === undefined ? [] : [{ ...rest, role: router.role, syncId: syncId ?? router.id }];
  }

  #settle(): Promise<void> {
    this.#retry?.cancel();
    this.#work = this.#work.then(async () => {
      const wanted = this.#wanted();
      if (this.#isClosed || wanted === undefined) return;
      if (!(await this.#reach(wanted)) && !this.#isClosed) this.#retry = this.clock.after(retryMs, () => void this.#settle());
    });
    return this.#work;
  }

  /** First ends what is too much: the kernel refuses a second daemon of a role. */
  async #reach(wanted: readonly IpvsSyncDaemon[]): Promise<boolean> {
    try {
      const running = await this.port.syncDaemons();
      const isWanted = (one: IpvsSyncDaemon) => wanted.some((other) => isSame(other, one));
      for (const daemon of running)
        if (!isWanted(daemon)) this.#expect(await this.port.stopSyncDaemon(daemon.role), daemon, 'end');
      for (const daemon of wanted)
        if (!running.some((one) => isSame(daemon, one))) this.#expect(await this.port.startSyncDaemon(daemon), daemon, 'start');
      if (this.#complaint !== '') this.log.info('connections are synchronised again');
      this.#complaint = '';
      return true;
    } catch (error) {
      const message = messageOf(error);
      if (message !== this.#complaint)
        this.log.error(`connections are not synchronised as configured: ${message}. It is tried again every ${retryMs / 1000} s`);
      this.#complaint = message;
      return false;
    }
  }

  #expect(result: Awaited<ReturnType<Ipvs['startSyncDaemon']>>, { role, link }: IpvsSyncDaemon, what: string): void {
    if (result.outcome === 'failed')
      throw new Error(`the kernel does not ${what} the ${role} sync daemon on ${link}: ${result.error}`);
  }
}

/** What the configuration leaves open, the kernel has filled in. */
function isSame(wanted: IpvsSyncDaemon, running: IpvsSyncDaemon): boolean {
  return (Object.keys(wanted) as (keyof IpvsSyncDaemon)[]).every(
    (key) => wanted[key] === undefined || wanted[key] === running[key],
  );
}
