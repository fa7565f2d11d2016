/**
 * The kernel's synchronisation of connections with another host (`lvs_sync_daemon`): both roles, or the one that the state of a
 * virtual router asks for. What somebody else ends, or a module that is loaded anew forgets, is started again. Made by manager.ts.
 */
import {
  type Clock,
  type Ipvs,
  type IpvsResult,
  type IpvsSyncDaemon,
  type Log,
  messageOf,
  PortError,
  type VrrpTransitioned,
} from '@mainstay/sdk';
import type { SyncDaemonValue } from './global-values.js';
import { Repetition } from './repetition.js';
import { known, Upkeep } from './upkeep.js';

type Role = IpvsSyncDaemon['role'];

const roles: readonly Role[] = ['master', 'backup'];

interface Router {
  readonly role: Role | undefined;
  readonly id: number;
}

export class SyncDaemons {
  readonly #routers = new Map<string, Router>();
  #value: SyncDaemonValue | undefined;
  /** What the kernel has made of one that it was asked for: it keeps some numbers within limits of its own. By what was asked. */
  readonly #made = new Map<string, IpvsSyncDaemon>();
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
        trouble: (why) => `connections are not synchronised as configured: ${why}`,
        relief: 'connections are synchronised again',
        doubt: (why) => `whether connections are synchronised as configured cannot be read: ${why}; what runs goes on`,
        certainty: 'sync daemons can be read again, and run as configured',
      },
      clock,
      log,
    );
  }

  configure(value: SyncDaemonValue | undefined): Promise<void> {
    const isNew = JSON.stringify(value) !== JSON.stringify(this.#value);
    this.#value = value;
    return isNew ? this.#upkeep.renew() : Promise.resolve();
  }

  /** A virtual router that stops needs no synchronisation; one that is not master listens. */
  onTransition({ instance, to, virtualRouterId: id }: VrrpTransitioned): void {
    const isGone = to === 'stopped' || to === 'deleted';
    this.#routers.set(instance, { id, role: isGone ? undefined : to === 'master' ? 'master' : 'backup' });
    if (this.#value?.instance === instance) void this.#upkeep.renew();
  }

  /** Where nothing is configured, what runs is somebody else's. */
  audit(): void {
    if (this.#value !== undefined) this.#upkeep.audit();
  }

  /** What runs goes on. */
  close(): Promise<void> {
    return this.#upkeep.close();
  }

  /** Those of an earlier life go, where the configuration has any. False: one goes on. */
  async end(value: SyncDaemonValue | undefined): Promise<boolean> {
    return value === undefined || this.#endAll();
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

  /** First ends what is too much: the kernel refuses a second daemon of a role. */
  async #attempt(isAudit: boolean): Promise<void> {
    const wanted = this.#wanted();
    if (wanted === undefined) return;
    const running = await known(this.port.syncDaemons());
    const surplus = running.filter((one) => !wanted.some((other) => this.#isSame(other, one)));
    const missing = wanted.filter((one) => !running.some((other) => this.#isSame(one, other)));
    if (isAudit) this.#tell(surplus, missing);
    // Each for itself: one may be refused for a reason that is no reason for the other.
    const refused = new Map<Role, string>();
    for (const daemon of surplus) note(refused, daemon, endRefusal(await this.port.stopSyncDaemon(daemon.role), daemon));
    for (const daemon of missing)
      if (!refused.has(daemon.role)) note(refused, daemon, startRefusal(await this.port.startSyncDaemon(daemon), daemon));
    if (missing.length > 0) await this.#learn(wanted.filter(({ role }) => !refused.has(role)));
    if (refused.size > 0) throw new Error([...refused.values()].join('; '));
  }

  async #learn(wanted: readonly IpvsSyncDaemon[]): Promise<void> {
    const running = await known(this.port.syncDaemons());
    this.#made.clear();
    for (const one of wanted) {
      const made = running.find(({ role, link, syncId }) => role === one.role && link === one.link && syncId === one.syncId);
      if (made !== undefined) this.#made.set(JSON.stringify(one), made);
    }
  }

  /** What the configuration leaves open, the kernel has filled in. */
  #isSame(wanted: IpvsSyncDaemon, running: IpvsSyncDaemon): boolean {
    const made = this.#made.get(JSON.stringify(wanted)) ?? wanted;
    return (Object.keys(made) as (keyof IpvsSyncDaemon)[]).every((key) => made[key] === undefined || made[key] === running[key]);
  }

  #tell(surplus: readonly IpvsSyncDaemon[], missing: readonly IpvsSyncDaemon[]): void {
    const others = surplus.filter(({ role }) => !missing.some((one) => one.role === role));
    for (const { role, link } of others)
      this.#repetition.warn(role, `somebody else has started the ${role} sync daemon on ${link}: it is ended`);
    for (const { role, link } of missing) {
      const isOther = surplus.some((one) => one.role === role);
      const what = `the ${role} sync daemon on ${link} ${isOther ? 'was not as configured' : 'did not run'}, so connections were not synchronised`;
      this.#repetition.warn(
        role,
        `${what}: somebody else has ${isOther ? 'changed' : 'ended'} it, or the module ip_vs was loaded anew; it is started again`,
      );
    }
  }

  /** Nobody tries it again: what goes on is said. False: one does, or that is not known. */
  async #endAll(): Promise<boolean> {
    try {
      let areAllEnded = true;
      for (const daemon of await this.port.syncDaemons()) areAllEnded = (await this.#endForGood(daemon)) && areAllEnded;
      return areAllEnded;
    } catch (error) {
      // Where there is no IPVS any more, nothing of it runs.
      if (error instanceof PortError && error.errno === 'EPROTONOSUPPORT') return true;
      this.log.error(
        `whether sync daemons go on after this one cannot be read: ${messageOf(error)}. Look with \`ipvsadm -l --daemon\``,
      );
      return false;
    }
  }

  async #endForGood({ role, link }: IpvsSyncDaemon): Promise<boolean> {
    const result = await this.port.stopSyncDaemon(role);
    if (result.outcome !== 'failed') return true;
    const what = `the kernel does not end the ${role} sync daemon on ${link}: ${result.error}`;
    this.log.error(`${what}. It goes on after this daemon; end it with \`ipvsadm --stop-daemon ${role}\``);
    return false;
  }
}

function note(refused: Map<Role, string>, { role }: IpvsSyncDaemon, why: string | undefined): void {
  if (why !== undefined) refused.set(role, why);
}

function endRefusal(result: IpvsResult, { role, link }: IpvsSyncDaemon): string | undefined {
  return result.outcome === 'failed' ? `the kernel does not end the ${role} sync daemon on ${link}: ${result.error}` : undefined;
}

function startRefusal(result: IpvsResult, { role, link }: IpvsSyncDaemon): string | undefined {
  if (result.outcome === 'unchanged') return `somebody else has started another ${role} sync daemon meanwhile`;
  return result.outcome === 'failed'
    ? `the kernel does not start the ${role} sync daemon on ${link}: ${result.error}`
    : undefined;
}
