/**
 * Mainstay's load balancing in this process, which is the director: the plugins ipvs, checkers and notify-script in core's host, on
 * the ports of a lane. A whole daemon takes long to start in the lab. Used by the tests of traffic.
 */
import { findPlugin, Host, importPlugin, openHostPorts, systemClock } from '@mainstay/core';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { openLinuxPorts } from '@mainstay/core/linux-ports';
import { openSocketPorts } from '@mainstay/core/server-ports/index';
import { formatDiagnostic, type Ipvs, type IpvsEdit, type KnownIpvsService, type ObjectStatus, type Ports } from '@mainstay/sdk';
import type { LogRecord } from '@mainstay/testing';
import { until } from '../../support/command.js';
import { root } from '../../support/repository.js';
import { treeOf } from '../../unit/ipvs/configs.js';

const plugins = ['ipvs', 'checker-tcp', 'checker-http', 'checker-dns', 'notify-script'];

/** Something that happened, and when, in milliseconds since the epoch. */
export interface Happening {
  readonly at: number;
  /** An event, `10.2.0.11 80 down` or `quorum lost`; what the kernel has carried out, `deleteDestination 10.2.0.11`. */
  readonly what: string;
}

interface Seen {
  readonly log: readonly LogRecord[];
  readonly happenings: readonly Happening[];
  readonly closePorts: () => void;
}

export class Balancer {
  readonly #host: Host;
  readonly #ipvs: Ipvs;
  readonly #log: readonly LogRecord[];
  readonly #happenings: readonly Happening[];
  readonly #closePorts: () => void;

  private constructor(host: Host, ipvs: Ipvs, { log, happenings, closePorts }: Seen) {
    this.#host = host;
    this.#ipvs = ipvs;
    this.#log = log;
    this.#happenings = happenings;
    this.#closePorts = closePorts;
  }

  static async start(config: string): Promise<Balancer> {
    const found = plugins.map((name) => findPlugin(`@mainstay/${name}`, { configDirectory: root }));
    const loaded = await Promise.all(found.map((plugin) => importPlugin(plugin, 'the test')));
    const log: LogRecord[] = [];
    const happenings: Happening[] = [];
    const note = (what: string) => void happenings.push({ at: Date.now(), what });
    const { addresses, close } = await openLinuxPorts({ needs: new Set(['addresses']) });
    const kernel = new LinuxIpvs();
    const ipvs = noting(kernel, (edit) => note(textOf(edit)));
    const ports = { ...openHostPorts(), ...openSocketPorts(), addresses, ipvs } as unknown as Ports;
    const host = new Host({
      lane: 'test',
      laneKind: 'balance',
      clock: systemClock,
      log: (record) => void log.push(record),
      portsFor: () => ports,
      facts: { isRestart: false, keepAddressesAtExit: false, configDirectory: root },
      consent: new Set(),
    });
    host.load(loaded);
    const problems = host.bind(await treeOf(config), { unknownKeywords: 'error' });
    if (problems.some(({ severity }) => severity === 'error')) throw new Error(problems.map(formatDiagnostic).join('\n'));
    host.freeze();
    host.bus.onObserve((name, _key, payload) => {
      const { realServer, to } = payload as { readonly realServer?: string; readonly to?: string };
      if (name === 'ipvs.serverChanged') note(`${realServer} ${to}`);
      if (name === 'ipvs.quorum') note(`quorum ${to}`);
    });
    await host.start();
    const closePorts = () => {
      kernel.close();
      close();
    };
    return new Balancer(host, ipvs, { log, happenings, closePorts });
  }

  /** The kernel's table. */
  table(): Promise<readonly KnownIpvsService[]> {
    return this.#ipvs.read();
  }

  /** What `mainstay status` shows. */
  status(): Promise<readonly ObjectStatus[]> {
    return this.#host.objects();
  }

  /** The first such happening since that moment. `ms`: a bound for what hangs, not for what is measured. */
  happened(what: string, since: number, ms = 60_000): Promise<Happening> {
    const look = () => this.#happenings.find((one) => one.at >= since && one.what === what);
    return until(what, ms, look).catch((error: Error) => {
      throw new Error(`${error.message}; what happened: ${this.told(since)}\n${this.complaints().join('\n')}`);
    });
  }

  /** Everything since that moment, in order. */
  told(since = 0): readonly string[] {
    return this.#happenings.filter(({ at }) => at >= since).map(({ what }) => what);
  }

  complaints(): readonly string[] {
    return this.#log.filter(({ level }) => level === 'error' || level === 'warn').map(({ message }) => message);
  }

  async stop(): Promise<void> {
    await this.#host.stop('shutdown');
    this.#closePorts();
  }
}

function textOf(edit: IpvsEdit): string {
  return 'destination' in edit ? `${edit.do} ${edit.destination.address}` : edit.do;
}

/** The port, with each edit told when the kernel has carried it out. */
function noting(port: Ipvs, done: (edit: IpvsEdit) => void): Ipvs {
  const apply: Ipvs['apply'] = async (edits) => {
    const results = await port.apply(edits);
    for (const [i, edit] of edits.entries()) if (results[i]?.outcome === 'done') done(edit);
    return results;
  };
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = key === 'apply' ? apply : Reflect.get(target, key);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
