/** Contract of the `routes` port. */
import assert from 'node:assert/strict';
import type { NewRoute, Route } from '@mainstay/sdk';
import { it } from 'mocha';
import { describePortContract } from './support/suite.js';
import { lanLink, type WorldHost } from './support/world.js';

const done = { outcome: 'done' };
const unchanged = { outcome: 'unchanged' };

async function routesOf(host: WorldHost): Promise<NewRoute[]> {
  const { index } = await lanLink(host);
  return [
    { family: 4, destination: '10.20.0.0/16', gateway: '10.9.0.9', link: index, table: 254, metric: 7, type: 'unicast' },
    { family: 4, destination: '0.0.0.0/0', gateway: '10.9.0.9', link: index, table: 254, metric: 50, type: 'unicast' },
    { family: 4, destination: '10.21.0.0/16', link: index, table: 1000, type: 'unicast', scope: 'link' },
    { family: 6, destination: 'fd20::/32', gateway: 'fd09::9', link: index, table: 254, metric: 1024, type: 'unicast' },
    { family: 6, destination: '::/0', gateway: 'fd09::9', link: index, table: 254, metric: 900, type: 'unicast' },
    { family: 4, destination: '10.22.0.0/16', table: 254, type: 'blackhole' },
    { family: 4, destination: '10.23.0.0/16', table: 254, type: 'unreachable' },
    { family: 6, destination: 'fd23::/32', table: 254, metric: 1024, type: 'prohibit' },
  ];
}

async function find(host: WorldHost, { destination, metric, table }: NewRoute): Promise<Route | undefined> {
  const routes = await host.ports.routes();
  return routes.find((route) => route.destination === destination && route.metric === metric && route.table === table);
}

/** What the caller said; the kernel adds a scope. */
function said({ scope: _, ...route }: NewRoute): NewRoute {
  return route;
}

describePortContract('routes', (world) => {
  it('lists the connected route of an address, as not ours', async () => {
    const { a } = world();
    const connected = (await a.ports.routes()).find(({ destination }) => destination === '10.9.0.0/24');
    assert.deepEqual(connected, {
      family: 4,
      destination: '10.9.0.0/24',
      link: (await lanLink(a)).index,
      source: '10.9.0.1',
      table: 254,
      scope: 'link',
      type: 'unicast',
      isOurs: false,
    });
  });

  it('adds and removes routes of every type, table and family, marked as ours', async () => {
    const { a, drive, eventually } = world();
    const wanted = await routesOf(a);
    assert.deepEqual(
      await drive(a.ports.addRoutes(wanted)),
      wanted.map(() => done),
    );
    for (const route of wanted) {
      // The copy is read again now and then; for those milliseconds it may lag behind an answer.
      await eventually(`${route.destination} is listed`, async () => (await find(a, route)) !== undefined);
      const found = await find(a, route);
      assert.ok(found);
      assert.deepEqual(said(found), { ...said(route), isOurs: true });
    }
    assert.deepEqual(
      await drive(a.ports.addRoutes(wanted)),
      wanted.map(() => unchanged),
    );
    assert.deepEqual(
      await drive(a.ports.removeRoutes(wanted)),
      wanted.map(() => done),
    );
    for (const route of wanted) {
      await eventually(`${route.destination} is gone`, async () => (await find(a, route)) === undefined);
    }
    assert.deepEqual(
      await drive(a.ports.removeRoutes(wanted)),
      wanted.map(() => unchanged),
    );
    const told = (await a.ports.events()).filter(({ what }) => what === '10.20.0.0/16').map(({ kind }) => kind);
    assert.deepEqual(told, ['added', 'removed']);
  });

  it('reports a gateway that is not on a connected network', async () => {
    const { a, drive } = world();
    const { index } = await lanLink(a);
    const [result] = await drive(
      a.ports.addRoutes([
        { family: 4, destination: '10.24.0.0/16', gateway: '192.0.2.1', link: index, table: 254, type: 'unicast' },
      ]),
    );
    assert.ok(result?.outcome === 'failed' && /\[ENETUNREACH\]$/.test(result.error), JSON.stringify(result));
  });

  it('forgets routes over a link that is set down', async () => {
    const { b, drive, eventually } = world();
    const [route] = await routesOf(b);
    assert.ok(route);
    assert.deepEqual(await drive(b.ports.addRoutes([route])), [done]);
    await b.setLink('down');
    await eventually('the route is gone', async () => (await find(b, route)) === undefined);
    await b.setLink('up');
    await eventually('the connected route is back', async () =>
      (await b.ports.routes()).some(({ destination }) => destination === '10.9.0.0/24'),
    );
  });
});
