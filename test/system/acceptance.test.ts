/** A router with no_accept on a real kernel: it holds its addresses, says so, and answers nobody (RFC 9568 Accept_Mode false). */
import assert from 'node:assert/strict';
import { until } from '../support/command.js';
import { type Echo, openEcho } from '../support/echo.js';
import { type Host, Lan } from '../support/netns.js';
import { Daemon } from '../support/peers.js';
import { PortAgent } from '../support/port-agent.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

const vips = { 4: '10.9.0.100', 6: 'fd09::100' } as const;
const own = { 4: '10.9.0.1', 6: 'fd09::1' } as const;
const families = [4, 6] as const;

function conf(keyword: string): string {
  const instance = (family: 4 | 6, addresses: readonly string[]) => [
    `vrrp_instance V${family} {`,
    '  interface eth0',
    `  virtual_router_id ${70 + family}`,
    '  version 3',
    '  priority 150',
    '  advert_int 0.1',
    `  ${keyword}`,
    '  virtual_ipaddress {',
    ...addresses.map((address) => `    ${address}`),
    '  }',
    '}',
  ];
  return [...instance(4, [`${vips[4]}/24`]), ...instance(6, ['fe80::100/64', `${vips[6]}/64`]), ''].join('\n');
}

interface World {
  readonly lan: Lan;
  readonly router: Host;
  readonly client: Host;
  readonly agent: PortAgent;
  daemon: Daemon;
}

async function open(keyword: string): Promise<World> {
  const lan = await Lan.create('router', 'client');
  const router = lan.host('router');
  const client = lan.host('client');
  const agent = await PortAgent.start(client.namespace);
  return {
    lan,
    router,
    client,
    agent,
    daemon: Daemon.start({ program: 'mainstay', host: router, conf: conf(keyword), id: 'a' }),
  };
}

async function close({ lan, agent, daemon }: World): Promise<void> {
  if (daemon.process.isRunning) await daemon.crash();
  await agent.stop();
  lan.destroy();
}

async function isMaster({ router, daemon }: World): Promise<void> {
  try {
    await until(
      'the router holds its addresses',
      20_000,
      async () => (await router.holds(vips[4])) && (await router.holds(vips[6])),
    );
  } catch (error) {
    throw new Error(`${String(error)}\n${daemon.log}`);
  }
}

async function echoOf({ client, agent }: World, destination: string): Promise<Echo> {
  const link = (await agent.driver.links()).find(({ name }) => name === 'eth0')?.index ?? 0;
  const source = destination.includes(':') ? client.address6 : client.address4;
  return openEcho(agent.driver, { link, source, destination });
}

async function answers(world: World, destination: string): Promise<void> {
  const echo = await echoOf(world, destination);
  await until(`${destination} answers`, 5000, async () => {
    await echo.ask();
    return (await echo.replies()) > 0;
  });
  await echo.close();
}

/** Asks until the answer of the host's own address has come: those to the virtual one would have come before it. */
async function isSilent(world: World, destination: string, control: string): Promise<void> {
  const echo = await echoOf(world, destination);
  for (let asked = 0; asked < 5; asked++) await echo.ask();
  await until(`${destination} is resolved`, 5000, async () => (await world.client.neighbour(destination)) === world.router.mac);
  for (let asked = 0; asked < 5; asked++) await echo.ask();
  await answers(world, control);
  assert.equal(await echo.replies(), 0, `${destination} should not answer`);
  await echo.close();
}

const refusing: Scenario<World> = {
  name: 'with no_accept',
  open: () => open('no_accept'),
  steps: {
    'refuses before it is master': async ({ router, daemon }) => {
      await daemon.ready();
      assert.deepEqual(await router.filters(), ['vrrp'], daemon.log);
    },
    'is master, and its addresses are resolved but do not answer': async (world) => {
      await isMaster(world);
      for (const family of families) await isSilent(world, vips[family], own[family]);
    },
    'still refuses after a crash': async (world) => {
      await world.daemon.crash();
      for (const family of families) await isSilent(world, vips[family], own[family]);
    },
    'accepts when it starts again with accept': async (world) => {
      world.daemon = Daemon.start({ program: 'mainstay', host: world.router, conf: conf('accept'), id: 'a' });
      await world.daemon.ready();
      await isMaster(world);
      for (const family of families) await answers(world, vips[family]);
      assert.deepEqual(await world.router.filters(), []);
    },
  },
  close,
};

const stopping: Scenario<World> = {
  name: 'with no_accept, stopped',
  open: () => open('no_accept'),
  steps: {
    'leaves nothing in the packet filter': async (world) => {
      await isMaster(world);
      assert.deepEqual(await world.router.filters(), ['vrrp']);
      assert.deepEqual(await world.daemon.stop(), { code: 0, signal: null });
      assert.deepEqual([await world.router.filters(), await world.router.holds(vips[4])], [[], false]);
      assert.equal((await world.router.run('nft', ['list', 'ruleset'])).trim(), '');
    },
  },
  close,
};

const accepting: Scenario<World> = {
  name: 'with accept',
  open: () => open('accept'),
  steps: {
    'is master and answers': async (world) => {
      await isMaster(world);
      for (const family of families) await answers(world, vips[family]);
      assert.deepEqual(await world.router.filters(), []);
    },
  },
  close,
};

describeScenarios('packets to the virtual addresses of a router', 2, 120_000, [refusing, stopping, accepting]);
