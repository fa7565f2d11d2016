/** The `routes` port on rtnetlink. */
import { errnoName } from '@mainstay/pacemaker';
import {
  type ChangeResult,
  canonicalAddress,
  formatAddress,
  type NewRoute,
  type Route,
  type RouteEvent,
  type Routes,
} from '@mainstay/sdk';
import { failed, refusalText } from './refusal.js';
import type { Answer, RequestChannel } from './request-channel.js';
import {
  type Destination,
  identityOf,
  type KnownRoute,
  parseDestination,
  routeAdditionOf,
  routeRemovalOf,
} from './route-format.js';
import { flag, messageType } from './rtnetlink.js';
import type { Table, TableEvent } from './table.js';

const done: ChangeResult = { outcome: 'done' };
const unchanged: ChangeResult = { outcome: 'unchanged' };
/** What the kernel gives an IPv6 route without a metric: IP6_RT_PRIO_USER. */
const defaultMetric6 = 1024;

export class LinuxRoutes implements Routes {
  constructor(
    private readonly table: Table<KnownRoute>,
    private readonly channel: RequestChannel,
  ) {}

  list(): readonly Route[] {
    return this.table.values().map(({ route }) => route);
  }

  watch(listener: (event: RouteEvent) => void): () => void {
    return this.table.watch((event) => {
      for (const change of asRouteEvents(event)) listener(change);
    });
  }

  add(routes: readonly NewRoute[]): Promise<readonly ChangeResult[]> {
    return this.#submit(
      routes,
      (route, destination) => ({
        type: messageType.newRoute,
        flags: flag.create | flag.exclusive,
        body: routeAdditionOf(route, destination),
      }),
      (route, errno) => errno === 'EEXIST' && this.#has(route),
    );
  }

  remove(routes: readonly NewRoute[]): Promise<readonly ChangeResult[]> {
    return this.#submit(
      routes,
      (route, destination) => ({ type: messageType.delRoute, flags: 0, body: routeRemovalOf(route, destination) }),
      (_, errno) => errno === 'ESRCH' || errno === 'ENODEV',
    );
  }

  /** A refusal because of another route (same destination and metric, other link) is no "already there". */
  #has(wanted: NewRoute): boolean {
    const metric = wanted.metric ?? (wanted.family === 6 ? defaultMetric6 : 0);
    const [address = '', length = ''] = wanted.destination.split('/');
    const destination = `${canonicalAddress(address) ?? address}/${length}`;
    return this.list().some(
      (route) =>
        route.family === wanted.family &&
        route.type === wanted.type &&
        identityOf({ ...route, link: wanted.link ?? route.link ?? 0 }) ===
          identityOf({ ...wanted, destination, metric, link: wanted.link ?? route.link ?? 0 }) &&
        (wanted.link === undefined || route.link === wanted.link),
    );
  }

  /** Requests that cannot be written at all fail without being sent; the others keep their order. */
  async #submit(
    routes: readonly NewRoute[],
    requestFor: (route: NewRoute, destination: Destination) => Parameters<RequestChannel['submit']>[0][number],
    isHarmless: (route: NewRoute, errno: string) => boolean,
  ): Promise<readonly ChangeResult[]> {
    const plans = routes.map((route) => ({ route, destination: parseDestination(route), problem: problemOf(route) }));
    const requests = plans.flatMap(({ route, destination, problem }) =>
      destination === undefined || problem !== undefined ? [] : [requestFor(route, destination)],
    );
    const answers = await this.channel.submit(requests);
    let next = 0;
    return plans.map(({ route, problem }) => problem ?? resultOf(answers[next++], (errno) => isHarmless(route, errno)));
  }
}

function resultOf(answer: Answer | undefined, isHarmless: (errno: string) => boolean): ChangeResult {
  if (answer === undefined || answer.errno === 0) return done;
  return isHarmless(errnoName(answer.errno)) ? unchanged : failed(answer.errno, answer.text);
}

function problemOf(route: NewRoute): ChangeResult | undefined {
  const invalid = (what: string): ChangeResult => ({ outcome: 'failed', error: refusalText('EINVAL', what) });
  const destination = parseDestination(route);
  if (destination === undefined) return invalid(`"${route.destination}" is no IPv${route.family} ADDRESS/LENGTH`);
  for (const address of [route.gateway, route.source]) {
    if (address !== undefined && canonicalAddress(address) === undefined) return invalid(`"${address}" is not an IP address`);
  }
  return hostBitsOf(destination) ? invalid(`${route.destination} has bits beyond its length set`) : undefined;
}

/** The kernel refuses such a destination in IPv4 and silently shortens it in IPv6. */
function hostBitsOf({ bytes, prefixLength }: Destination): boolean {
  const kept = bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixLength - i * 8))) & 0xff);
  return formatAddress(kept) !== formatAddress(bytes);
}

/** The contract knows no change of a route: the old one goes and the new one comes. */
function asRouteEvents({ kind, value, before }: TableEvent<KnownRoute>): RouteEvent[] {
  if (kind !== 'changed') return [{ kind, route: value.route }];
  return [
    { kind: 'removed', route: (before ?? value).route },
    { kind: 'added', route: value.route },
  ];
}
