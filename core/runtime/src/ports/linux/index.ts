/** The ports to a real Linux host. Opened once per lane process, which builds the plugins' `Ports` from them. */
import {
  type Addresses,
  type Clock,
  type Firewall,
  type InterfaceAddress,
  type Link,
  type LinkLayer,
  type Links,
  messageOf,
  type Pacemaker,
  type PortName,
  type RawIp,
  type Routes,
} from '@mainstay/sdk';
import { ClockPacemaker } from '../clock-pacemaker/index.js';
import { addressFormat } from './address-format.js';
import { LinuxAddresses } from './addresses.js';
import { linuxClock } from './clock.js';
import { LinuxFirewall } from './firewall.js';
import { linkFormat } from './link-format.js';
import { LinuxLinkLayer } from './link-layer.js';
import { LinuxLinks } from './links.js';
import { Mirror } from './mirror.js';
import { LinuxPacemaker, startThread } from './pacemaker.js';
import { LinuxRawIp, loadRawSocket } from './raw-ip.js';
import { portError } from './refusal.js';
import { RequestChannel } from './request-channel.js';
import { type KnownRoute, routeFormat } from './route-format.js';
import { LinuxRoutes } from './routes.js';
import { SilentLosses } from './silent-losses.js';
import { Table } from './table.js';
import { warmUp } from './warm-up.js';

export { linuxClock } from './clock.js';

const warmUpAfterMs = 100;

/** Only what `needs` named is there. */
export interface LinuxPorts {
  readonly clock: Clock;
  readonly links: Links;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly rawIp: RawIp;
  readonly linkLayer: LinkLayer;
  readonly pacemaker: Pacemaker;
  readonly firewall: Firewall;
  /** How often the kernel's notifications overran and every table was read again. */
  overruns(): number;
  close(): void;
}

export interface LinuxPortsOptions {
  /** Ports to open; default all. The copy of the routes of a full BGP table is large: it is kept only where asked for. */
  readonly needs?: ReadonlySet<PortName>;
  /** Troubles that no call can report: a dump that the kernel refused, a listener that threw. Default: a process warning. */
  onError?(error: unknown): void;
}

/** Opens the ports and reads the kernel's tables. Rejects with MainstayError where a native part or a privilege lacks. */
export async function openLinuxPorts(options: LinuxPortsOptions = {}): Promise<LinuxPorts> {
  const onError = options.onError ?? ((error) => process.emitWarning(messageOf(error), 'MainstayPorts'));
  const needs = (port: PortName) => options.needs?.has(port) ?? true;
  const tables = createTables(needs, onError);
  const closers: (() => void)[] = [];
  try {
    const mirror = new Mirror(tables.all, onError);
    closers.push(() => mirror.close());
    const losses = new SilentLosses(tables.links, tables.addresses, () => mirror.resync([tables.routes]));
    closers.push(() => losses.close());
    tables.onRouteReplaced = () => losses.suspect();
    const requests = new RequestChannel(onError, () => mirror.drain());
    closers.push(() => requests.close());
    await mirror.start();
    const network = await openSockets(tables, needs, onError, closers);
    return {
      clock: linuxClock,
      ...network,
      ...(needs('links') ? { links: new LinuxLinks(tables.links) } : {}),
      ...(needs('addresses') ? { addresses: new LinuxAddresses(tables.addresses, requests) } : {}),
      ...(needs('routes') ? { routes: new LinuxRoutes(tables.routes, requests) } : {}),
      ...(needs('firewall') ? { firewall: new LinuxFirewall() } : {}),
      overruns: () => mirror.overruns,
      close: () => closeAll(closers),
    } as LinuxPorts;
  } catch (error) {
    closeAll(closers);
    throw portError('cannot open the ports to the kernel', error);
  }
}

/** Links name the labels of addresses, and addresses tell of routes that vanish; so each table brings those before it. */
function createTables(needs: (port: PortName) => boolean, onError: (error: unknown) => void) {
  const links: Table<Link> = new Table(linkFormat, onError);
  const linkOf = (index: number) => links.get(String(index));
  const addresses: Table<InterfaceAddress> = new Table(
    addressFormat((index) => linkOf(index)?.name),
    onError,
  );
  const routes: Table<KnownRoute> = new Table(
    routeFormat(() => tables.onRouteReplaced()),
    onError,
  );
  const all = needs('routes') ? [links, addresses, routes] : needs('addresses') ? [links, addresses] : [links];
  const tables = { links, addresses, routes, all, linkOf, onRouteReplaced: () => {} };
  return tables;
}

async function openSockets(
  { links, addresses, linkOf }: Pick<ReturnType<typeof createTables>, 'links' | 'addresses' | 'linkOf'>,
  needs: (port: PortName) => boolean,
  onError: (error: unknown) => void,
  closers: (() => void)[],
): Promise<Partial<LinuxPorts>> {
  const linkLayer = new LinuxLinkLayer();
  closers.push(() => linkLayer.close());
  if (!needs('rawIp') && !needs('pacemaker')) return needs('linkLayer') ? { linkLayer } : {};
  const rawIp = new LinuxRawIp(await loadRawSocket(), linkOf, linuxClock.now, onError);
  closers.push(() => rawIp.close());
  const thread = startThread();
  const pacemaker =
    typeof thread === 'string'
      ? new ClockPacemaker(
          {
            rawIp,
            linkLayer,
            links: new LinuxLinks(links),
            addresses: { list: () => addresses.values() },
            clock: linuxClock,
            random: Math.random,
          },
          thread,
        )
      : new LinuxPacemaker(thread, linkOf);
  closers.push(() => pacemaker.close());
  // Not before the plugins have started: nothing waits for it.
  const warming = setTimeout(() => warmUp(typeof thread === 'string' ? undefined : thread, linuxClock.now), warmUpAfterMs);
  warming.unref();
  closers.push(() => clearTimeout(warming));
  return { rawIp, pacemaker, ...(needs('linkLayer') ? { linkLayer } : {}) };
}

function closeAll(closers: (() => void)[]): void {
  for (const close of closers.splice(0).reverse()) close();
}
