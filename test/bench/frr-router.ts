/**
 * FRR: zebra and vrrpd with sockets and files of their own, and the macvlan interface with the virtual MAC address and the virtual
 * address that FRR wants for every VRID. Made by router.ts. It has no reload of this kind; asking for one is an error.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Background, run, until } from '../support/command.js';
import { scratch } from '../support/peers.js';
import { killTree } from '../support/process-tree.js';
import { hearsVrrp } from './conf-router.js';
import type { Instance, Plan, Router } from './router.js';

const programs = '/usr/lib/frr';

export class FrrRouter implements Router {
  readonly #folder = scratch();
  #zebra: Background | undefined;
  #vrrpd: Background | undefined;

  constructor(readonly plan: Plan) {}

  async start(): Promise<number> {
    const { host, instances } = this.plan;
    // The daemons run as user frr.
    chmodSync(this.#folder, 0o755);
    mkdirSync(join(this.#folder, 'state'), { recursive: true });
    writeFileSync(this.#path('zebra.conf'), '');
    writeFileSync(this.#path('vrrpd.conf'), this.#conf(instances));
    await run('chown', ['-R', 'frr:frr', join(this.#folder, 'state')]);
    await host.batch(instances.flatMap(macvlan));
    const at = Date.now();
    this.#zebra = host.start(join(programs, 'zebra'), this.#args('zebra'));
    await until('zebra answers', 10_000, () => existsSync(this.#path('zserv.api')));
    this.#vrrpd = host.start(join(programs, 'vrrpd'), this.#args('vrrpd'));
    return at;
  }

  get roots(): readonly number[] {
    return [this.#vrrpd, this.#zebra].flatMap((one) => (one === undefined ? [] : [one.pid]));
  }

  assertRunning(): void {
    for (const one of [this.#zebra, this.#vrrpd])
      if (one?.isRunning !== true) throw new Error(`frr on ${this.plan.host.name} is not running:\n${one?.output}`);
  }

  async listens(): Promise<void> {
    await until(`frr on ${this.plan.host.name} listens`, 60_000, () => {
      this.assertRunning();
      return hearsVrrp(this.#vrrpd?.pid ?? 0);
    });
  }

  reload(): number {
    throw new Error('frr is reconfigured by commands, not by reading its file again');
  }

  terminate(): number {
    const at = Date.now();
    this.#vrrpd?.signal('SIGTERM');
    return at;
  }

  async kill(): Promise<void> {
    const running = [this.#vrrpd, this.#zebra].flatMap((one) => (one?.isRunning === true ? [one] : []));
    for (const one of running) killTree(one.pid);
    await Promise.all(running.map((one) => one.ended));
  }

  async cleanUp(): Promise<void> {
    await this.kill();
    const lines = this.plan.instances.map((instance) => `link del ${deviceName(instance)}`);
    await this.plan.host.batch(lines, '-force').catch(() => undefined);
  }

  #path(name: string): string {
    return join(this.#folder, 'state', name);
  }

  #args(program: 'zebra' | 'vrrpd'): string[] {
    const sockets = ['-z', this.#path('zserv.api'), '--vty_socket', join(this.#folder, 'state'), '-P', '0'];
    return ['-f', this.#path(`${program}.conf`), '-i', this.#path(`${program}.pid`), ...sockets];
  }

  #conf(list: readonly Instance[]): string {
    const { version, intervalMs, priority } = this.plan;
    return list
      .flatMap(({ link, vrid, address }) => [
        `interface eth${link}`,
        ` vrrp ${vrid} version ${version}`,
        ` vrrp ${vrid} priority ${priority}`,
        ` vrrp ${vrid} advertisement-interval ${intervalMs}`,
        ` vrrp ${vrid} ip ${address}`,
        '',
      ])
      .join('\n');
  }
}

function deviceName({ link, vrid }: Instance): string {
  return `vrrp${link}-${vrid}`;
}

function macvlan(instance: Instance): string[] {
  const name = deviceName(instance);
  const mac = `00:00:5e:00:01:${instance.vrid.toString(16).padStart(2, '0')}`;
  return [
    `link add ${name} link eth${instance.link} address ${mac} type macvlan mode bridge`,
    `addr add ${instance.address}/32 dev ${name}`,
    `link set ${name} up`,
  ];
}
