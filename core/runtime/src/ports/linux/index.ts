/** The ports to a real Linux host. Opened once per lane process, which builds the plugins' `Ports` from them. */
import type { Addresses, Clock, InterfaceAddress, Link, LinkLayer, Links, RawIp, Routes } from '@mainstay/sdk';
import { addressFormat } from './address-format.js';
import { LinuxAddresses } from './addresses.js';
import { linuxClock } from './clock.js';
import { linkFormat } from './link-format.js';
import { LinuxLinkLayer } from './link-layer.js';
import { LinuxLinks } from './links.js';
import { Mirror } from './mirror.js';
import { LinuxRawIp, loadRawSocket } from './raw-ip.js';
import { portError } from './refusal.js';
import { RequestChannel } from './request-channel.js';
import { type KnownRoute, routeFormat } from './route-format.js';
import { LinuxRoutes } from './routes.js';
import { SilentLosses } from './silent-losses.js';
import { Table } from './table.js';

export { linuxClock } from './clock.js';

export interface LinuxPorts {
  readonly clock: Clock;
  readonly links: Links;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly rawIp: RawIp;
  readonly linkLayer: LinkLayer;
  /** How often the kernel's notifications overran and every table was read again. */
  readonly overruns: number;
  close(): void;
}

export interface LinuxPortsOptions {
  /** Troubles that no call can report: a dump that the kernel refused, a listener that threw. */
  onError(error: unknown): void;
}

class OpenLinuxPorts implements LinuxPorts {
  readonly clock = linuxClock;
  readonly links: Links;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly rawIp: LinuxRawIp;
  readonly linkLayer = new LinuxLinkLayer();
  readonly #mirror: Mirror;
  readonly #requests: RequestChannel;
  readonly #silentLosses: SilentLosses;

  constructor({ onError }: LinuxPortsOptions, rawSocket: Awaited<ReturnType<typeof loadRawSocket>>) {
    const links: Table<Link> = new Table(linkFormat, onError);
    const linkOf = (index: number) => links.get(String(index));
    const addresses: Table<InterfaceAddress> = new Table(
      addressFormat((index) => linkOf(index)?.name),
      onError,
    );
    const replaced = () => this.#silentLosses.suspect();
    const routes: Table<KnownRoute> = new Table(routeFormat(replaced), onError);
    this.#mirror = new Mirror([links, addresses, routes], onError);
    this.#requests = new RequestChannel(onError, () => this.#mirror.drain());
    this.#silentLosses = new SilentLosses(links, addresses, () => this.#mirror.resync([routes]));
    this.links = new LinuxLinks(links);
    this.addresses = new LinuxAddresses(addresses, this.#requests);
    this.routes = new LinuxRoutes(routes, this.#requests);
    this.rawIp = new LinuxRawIp(rawSocket, linkOf, linuxClock.now, onError);
  }

  get overruns(): number {
    return this.#mirror.overruns;
  }

  start(): Promise<void> {
    return this.#mirror.start();
  }

  close(): void {
    this.#silentLosses.close();
    this.rawIp.close();
    this.linkLayer.close();
    this.#requests.close();
    this.#mirror.close();
  }
}

/** Opens every port and reads the kernel's tables. Rejects with MainstayError where a native part or a privilege lacks. */
export async function openLinuxPorts(options: LinuxPortsOptions): Promise<LinuxPorts> {
  const rawSocket = await loadRawSocket();
  let ports: OpenLinuxPorts | undefined;
  try {
    ports = new OpenLinuxPorts(options, rawSocket);
    await ports.start();
    return ports;
  } catch (error) {
    ports?.close();
    throw portError('cannot open the ports to the kernel', error);
  }
}
