/** Failover as a client sees it: two routers, one client that pings the virtual address every 10 ms, in virtual time. */
import assert from 'node:assert/strict';
import { createSimulation, type SimulatedHost, type Simulation } from '@mainstay/testing';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { describe, it } from 'mocha';

interface Lan {
  readonly name: string;
  readonly virtualAddress: string;
  readonly addressOf: (host: number) => string;
  readonly keywords: string;
  readonly intervalMs: number;
  readonly skewMs: number;
}

const lans: readonly Lan[] = [
  {
    name: 'version 2 on IPv4',
    virtualAddress: '10.0.0.100',
    addressOf: (host) => `10.0.0.${host}/24`,
    keywords: 'version 2\n advert_int 1',
    intervalMs: 1000,
    skewMs: (156 * 1000) / 256,
  },
  {
    name: 'version 3 on IPv6, 100 ms',
    virtualAddress: '2001:db8::100',
    addressOf: (host) => `2001:db8::${host}/64`,
    keywords: 'version 3\n advert_int 0.1',
    intervalMs: 100,
    skewMs: (156 * 100) / 256,
  },
];

/** Pings until told to stop; answers who answered when, lost pings included. */
function pingAll(simulation: Simulation, address: string): { readonly at: number; readonly by: string | undefined }[] {
  const seen: { at: number; by: string | undefined }[] = [];
  const ping = () => {
    const at = simulation.clock.now();
    void simulation.net.reach('client', address, 50).then(({ by }) => seen.push({ at, by }));
    simulation.clock.after(10, ping);
  };
  ping();
  return seen;
}

async function start(lan: Lan) {
  const simulation = createSimulation({ seed: 1, conditions: { delayMs: 0.5 } });
  const routers: SimulatedHost[] = [];
  for (const [i, priority] of [200, 100].entries()) {
    const config = `vrrp_instance VI {
 interface eth0
 virtual_router_id 7
 priority ${priority}
 ${lan.keywords}
 virtual_ipaddress {
  ${lan.virtualAddress}
 }
}`;
    const daemon = { plugins: () => [createVrrpPlugin()], config };
    routers.push(await simulation.addHost(`r${i + 1}`, { links: { eth0: [lan.addressOf(i + 1)] }, daemon }));
  }
  simulation.addBystander('client', { links: { eth0: [lan.addressOf(9)] } });
  for (const router of routers) await simulation.clock.drive(router.start());
  await simulation.clock.advance(5 * lan.intervalMs);
  const [master, backup] = routers as [SimulatedHost, SimulatedHost];
  return { simulation, master, backup, seen: pingAll(simulation, lan.virtualAddress) };
}

/** Milliseconds between the last answer of the one and the first of the other. */
function outage(seen: readonly { at: number; by: string | undefined }[], from: string, to: string): number {
  const last = seen.findLast(({ by }) => by === from)?.at ?? Number.NaN;
  return (seen.find(({ at, by }) => at > last && by === to)?.at ?? Number.NaN) - last;
}

describe('failover in the simulator', () => {
  for (const lan of lans) {
    const masterDownMs = 3 * lan.intervalMs + lan.skewMs;

    it(`${lan.name}: a power cut costs at most the master-down interval`, async () => {
      const { simulation, master, seen } = await start(lan);
      await simulation.clock.advance(1000);
      assert.ok(seen.every(({ by }) => by === 'r1'));
      master.powerOff();
      await simulation.clock.advance(6 * lan.intervalMs);
      const lost = outage(seen, 'r1', 'r2');
      assert.ok(lost >= masterDownMs - lan.intervalMs && lost <= masterDownMs + 25, `${lost} ms`);
    });

    it(`${lan.name}: a clean stop costs the skew time, and the return hands back without loss`, async () => {
      const { simulation, master, seen } = await start(lan);
      await simulation.clock.advance(1000);
      await simulation.clock.drive(master.stop());
      await simulation.clock.advance(3 * lan.intervalMs);
      const lost = outage(seen, 'r1', 'r2');
      assert.ok(lost <= lan.skewMs + 25, `${lost} ms`);
      await simulation.clock.drive(master.start());
      await simulation.clock.advance(6 * lan.intervalMs);
      assert.equal(seen.at(-1)?.by, 'r1');
      assert.ok(outage(seen, 'r2', 'r1') <= 20, `${outage(seen, 'r2', 'r1')} ms`);
    });
  }

  for (const lan of lans) {
    it(`${lan.name}: a master whose link is set down goes to fault in one step, though IPv6 addresses go with the link`, async () => {
      const { simulation, master } = await start(lan);
      const before = master.events.length;
      master.kernel.setLink('eth0', 'down');
      await simulation.clock.advance(10 * lan.intervalMs);
      const states = master.events.slice(before).filter(({ name }) => name === 'vrrp.transitioned');
      assert.deepEqual(
        states.map(({ payload }) => `${payload.from} -> ${payload.to}`),
        ['master -> fault'],
      );
      assert.equal(master.kernel.hasAddress(lan.virtualAddress), false);
    });
  }

  it('a crashed daemon leaves its address; the successor claims it by gratuitous ARP, and the restart cleans up', async () => {
    const lan = lans[0] as Lan;
    const { simulation, master, backup, seen } = await start(lan);
    master.crash();
    await simulation.clock.advance(5000);
    assert.equal(master.kernel.hasAddress(lan.virtualAddress), true);
    assert.equal(seen.at(-1)?.by, 'r2');
    // The old host still answers who does not ask anew: nothing was lost at all.
    assert.ok(seen.every(({ by }) => by !== undefined));
    await simulation.clock.drive(master.start());
    await simulation.clock.advance(1);
    assert.equal(master.kernel.hasAddress(lan.virtualAddress), false);
    assert.equal(backup.kernel.hasAddress(lan.virtualAddress), true);
  });
});
