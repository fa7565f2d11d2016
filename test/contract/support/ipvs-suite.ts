/** Contract of the port `ipvs`, for every world that has one: the simulated table, the Linux port on bytes, and real kernels. */
import assert from 'node:assert/strict';
import {
  type Ipvs,
  type IpvsDestination,
  type IpvsEdit,
  type IpvsResult,
  type IpvsService,
  type IpvsServiceId,
  type KnownIpvsService,
  longestIpvsTimeout,
} from '@mainstay/sdk';
import { after, afterEach, before, describe, it } from 'mocha';
import { destination, type IpvsCase, ipvsCases, web, web6 } from './ipvs-cases.js';

/** ipvsadm(8), which knows nothing of us. */
export interface IpvsTool {
  run(...args: readonly string[]): Promise<string>;
  restore(lines: readonly string[]): Promise<void>;
}

export interface IpvsWorld {
  readonly ipvs: Ipvs;
  readonly tool?: IpvsTool;
  close(): void;
}

export interface IpvsWorldMaker {
  readonly name: string;
  readonly hasTool: boolean;
  make(): IpvsWorld;
}

const done: IpvsResult = { outcome: 'done' };
const unchanged: IpvsResult = { outcome: 'unchanged' };
const never: IpvsServiceId = { ...web, port: 4242 };

export function editsOf({ service, destinations }: Pick<IpvsCase, 'service' | 'destinations'>): readonly IpvsEdit[] {
  return [
    { do: 'addService', service },
    ...destinations.map((one): IpvsEdit => ({ do: 'addDestination', service: service.id, destination: one })),
  ];
}

/** A table without what traffic does to it, in an order of its own: the kernel's is that of its hash. */
function plainly(table: readonly KnownIpvsService[]): unknown {
  const services = table.map(({ statistics: _, destinations, ...service }) => ({
    ...service,
    destinations: inOrder(
      destinations.map(({ statistics: _, activeConnections, inactiveConnections, persistentConnections, ...one }) => one),
    ),
  }));
  return inOrder(services);
}

function wanted(...cases: readonly Pick<IpvsCase, 'service' | 'destinations'>[]): unknown {
  return inOrder(cases.map(({ service, destinations }) => ({ ...service, destinations: inOrder(destinations) })));
}

function inOrder<Item>(items: readonly Item[]): readonly Item[] {
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function codes(results: readonly IpvsResult[]): readonly string[] {
  return results.map((result) => (result.outcome === 'failed' ? result.code : result.outcome));
}

export function describeIpvs(maker: IpvsWorldMaker): void {
  describe(`ipvs (${maker.name})`, function () {
    this.timeout(30_000);
    let world: IpvsWorld;
    const apply = (...edits: readonly IpvsEdit[]) => world.ipvs.apply(edits);
    const table = async () => plainly(await world.ipvs.read());
    /** Linux says nothing where it stops a daemon that has not run yet: asked again, there is none. */
    const stop = async (role: 'master' | 'backup') => {
      assert.ok(['done', 'unchanged'].includes((await world.ipvs.stopSyncDaemon(role)).outcome));
      assert.ok((await world.ipvs.syncDaemons()).every((daemon) => daemon.role !== role));
    };
    before(() => {
      world = maker.make();
    });
    afterEach(async () => void (await world.ipvs.flush()));
    after(() => world.close());

    describe('reads back what was asked for', () => {
      for (const one of ipvsCases) {
        it(one.name, async () => {
          const results = await apply(...editsOf(one));
          assert.deepEqual(
            results,
            editsOf(one).map(() => done),
          );
          assert.deepEqual(await table(), wanted(one));
        });
      }
    });

    if (maker.hasTool) describeTool(() => world);

    it('has an empty table', async () => {
      assert.deepEqual(await world.ipvs.read(), []);
      assert.deepEqual(await apply(), []);
    });

    it('says that what is there was not added, and leaves it as it is', async () => {
      const service: IpvsService = { id: web, scheduler: 'rr' };
      await apply({ do: 'addService', service }, { do: 'addDestination', service: web, destination: destination({ weight: 5 }) });
      const again = await apply(
        { do: 'addService', service: { ...service, scheduler: 'wlc' } },
        { do: 'addDestination', service: web, destination: destination({ weight: 9 }) },
      );
      assert.deepEqual(again, [unchanged, unchanged]);
      assert.deepEqual(await table(), wanted({ service, destinations: [destination({ weight: 5 })] }));
    });

    it('edits what is there, and never adds by an edit', async () => {
      const missing = await apply(
        { do: 'editService', service: { id: web, scheduler: 'rr' } },
        { do: 'editDestination', service: web, destination: destination() },
        { do: 'addDestination', service: web, destination: destination() },
        { do: 'addService', service: { id: web, scheduler: 'rr', persistence: 60, persistencePrefix: 8, schedulerFlags: [1] } },
        { do: 'editDestination', service: web, destination: destination() },
        { do: 'addDestination', service: web, destination: destination({ method: 'tun', tunnel: { type: 'gue', port: 9 } }) },
      );
      assert.deepEqual(codes(missing), ['ESRCH', 'ESRCH', 'ESRCH', 'done', 'ENOENT', 'done']);
      const service: IpvsService = { id: web, scheduler: 'sh', schedulerFlags: [2] };
      const changed = destination({ method: 'dr', weight: 7, upperThreshold: 20, lowerThreshold: 10 });
      const edits: readonly IpvsEdit[] = [
        { do: 'editService', service },
        { do: 'editDestination', service: web, destination: changed },
      ];
      assert.deepEqual(await apply(...edits), [done, done]);
      assert.deepEqual(await table(), wanted({ service, destinations: [changed] }));
    });

    it('takes a persistence engine away by an edit without one', async () => {
      const id: IpvsServiceId = { ...web, protocol: 'udp', port: 5060 };
      const service: IpvsService = { id, scheduler: 'rr', persistence: 60 };
      const results = await apply(
        { do: 'addService', service: { ...service, persistenceEngine: 'sip' } },
        { do: 'editService', service },
      );
      assert.deepEqual(results, [done, done]);
      assert.deepEqual(await table(), wanted({ service, destinations: [] }));
    });

    it('deletes, and says where there was nothing to delete', async () => {
      await apply(...editsOf({ service: { id: web, scheduler: 'rr' }, destinations: [destination()] }));
      const results = await apply(
        { do: 'deleteDestination', service: web, destination: destination({ port: 81 }) },
        { do: 'deleteDestination', service: never, destination: destination() },
        { do: 'deleteService', service: never },
        { do: 'deleteDestination', service: web, destination: destination() },
        { do: 'deleteService', service: web },
      );
      assert.deepEqual(results, [unchanged, unchanged, unchanged, done, done]);
      assert.deepEqual(await table(), []);
    });

    it('deletes a service with its destinations, and a mark of one family only', async () => {
      const mark = { family: 4, fwmark: 9 } as const;
      const mark6 = { family: 6, fwmark: 9 } as const;
      await apply(
        ...editsOf({ service: { id: web, scheduler: 'rr' }, destinations: [destination(), destination({ port: 1 })] }),
        { do: 'addService', service: { id: mark, scheduler: 'rr' } },
        { do: 'addService', service: { id: mark6, scheduler: 'rr' } },
      );
      assert.deepEqual(await apply({ do: 'deleteService', service: web }, { do: 'deleteService', service: mark }), [done, done]);
      assert.deepEqual(await table(), wanted({ service: { id: mark6, scheduler: 'rr' }, destinations: [] }));
    });

    it('answers in order, and one failure keeps none of the others back', async () => {
      const results = await apply(
        { do: 'addService', service: { id: web, scheduler: 'nosuch' } },
        { do: 'addService', service: { id: web, scheduler: 'rr', persistenceEngine: 'nosuch' } },
        { do: 'addService', service: { id: web, scheduler: 'rr' } },
        { do: 'addDestination', service: web, destination: destination({ lowerThreshold: 2, upperThreshold: 1 }) },
        { do: 'addDestination', service: web, destination: destination({ family: 6 }) },
        { do: 'addDestination', service: web6, destination: destination() },
        { do: 'addDestination', service: web, destination: destination() },
      );
      assert.deepEqual(codes(results), ['ENOENT', 'ENOENT', 'done', 'ERANGE', 'EINVAL', 'ESRCH', 'done']);
      assert.deepEqual(await table(), wanted({ service: { id: web, scheduler: 'rr' }, destinations: [destination()] }));
    });

    it('refuses what the kernel would cut to size', async () => {
      const rr = { scheduler: 'rr' } as const;
      const id = (more: object) => ({ ...web, ...more }) as IpvsServiceId;
      const services: readonly IpvsService[] = [
        { id: id({ address: '2001:db8::1' }), ...rr },
        { id: id({ address: '192.0.2.1/24' }), ...rr },
        { id: id({ address: '192.0.2.256' }), ...rr },
        { id: id({ port: 65536 }), ...rr },
        { id: id({ port: 1.5 }), ...rr },
        { id: id({ protocol: 'icmp' }), ...rr },
        { id: { family: 4, fwmark: 0 }, ...rr },
        { id: { family: 4, fwmark: 2 ** 32 }, ...rr },
        { id: web, scheduler: 'abcdefghijklmnop' },
        { id: web, scheduler: '' },
        { id: web, ...rr, persistence: 2678401 },
        { id: web, ...rr, persistence: -1 },
        { id: web, ...rr, persistence: 1, persistencePrefix: 33 },
        { id: web, ...rr, persistence: 1, persistenceMask: '255.255.0' },
        { id: web6, ...rr, persistence: 1, persistenceMask: '255.255.0.255' },
        { id: web6, ...rr, persistence: 1, persistencePrefix: 0 },
        { id: web6, ...rr, persistence: 1, persistencePrefix: 129 },
      ];
      const destinations: readonly Partial<IpvsDestination>[] = [
        { address: 'fd00::1' },
        { address: 'localhost' },
        { port: -1 },
        { weight: 2 ** 31 },
        { weight: -1 },
        { upperThreshold: 2 ** 32 },
        { lowerThreshold: -1 },
        { method: 'tun', tunnel: { type: 'gue' } },
      ];
      await apply({ do: 'addService', service: { id: web, ...rr } });
      const results = await apply(
        ...services.map((service): IpvsEdit => ({ do: 'addService', service })),
        ...destinations.map((more): IpvsEdit => ({ do: 'addDestination', service: web, destination: destination(more) })),
      );
      assert.deepEqual(codes(results), new Array(services.length + destinations.length).fill('EINVAL'));
      for (const result of results) assert.ok(result.outcome === 'failed' && /\[EINVAL\]$/.test(result.error));
      assert.deepEqual(await table(), wanted({ service: { id: web, ...rr }, destinations: [] }));
    });

    it('knows an address however it is written', async () => {
      const written: IpvsServiceId = { ...web6, address: '2001:DB8:0:0::0001' };
      await apply(
        { do: 'addService', service: { id: written, scheduler: 'rr' } },
        { do: 'addDestination', service: written, destination: destination({ family: 6, address: 'FD00:0::1' }) },
      );
      assert.deepEqual(
        await table(),
        wanted({ service: { id: web6, scheduler: 'rr' }, destinations: [destination({ family: 6 })] }),
      );
      assert.deepEqual(await apply({ do: 'deleteDestination', service: web6, destination: destination({ family: 6 }) }), [done]);
    });

    it('carries out calls in the order in which they were made', async () => {
      const add: IpvsEdit = { do: 'addService', service: { id: web, scheduler: 'rr' } };
      const remove: IpvsEdit = { do: 'deleteService', service: web };
      const [first, read, second, third, after] = await Promise.all([
        apply(add),
        world.ipvs.read(),
        apply(remove),
        apply(remove),
        world.ipvs.read(),
      ]);
      assert.deepEqual([first, second, third], [[done], [done], [unchanged]]);
      assert.deepEqual([read.length, after.length], [1, 0]);
    });

    it('counts nothing without traffic, and sets counters to zero', async () => {
      await apply(...editsOf({ service: { id: web, scheduler: 'rr' }, destinations: [destination()] }));
      assert.deepEqual([await world.ipvs.zero(), await world.ipvs.zero(web)], [done, done]);
      assert.deepEqual(codes([await world.ipvs.zero(never)]), ['ESRCH']);
      const [service] = await world.ipvs.read();
      const [one] = service?.destinations ?? [];
      assert.deepEqual([service?.statistics.connections, service?.statistics.inByteRate], [0n, 0]);
      assert.deepEqual([one?.statistics.outBytes, one?.activeConnections, one?.persistentConnections], [0n, 0, 0]);
    });

    it('keeps marks and thresholds of 32 bits apart from negative numbers', async () => {
      const service: IpvsService = { id: { family: 6, fwmark: 0xffffffff }, scheduler: 'sh', schedulerFlags: [3] };
      const limited = destination({ family: 6, upperThreshold: 0xffffffff, lowerThreshold: 0x80000000 });
      assert.deepEqual(codes(await apply(...editsOf({ service, destinations: [limited] }))), ['done', 'done']);
      assert.deepEqual(await table(), wanted({ service, destinations: [limited] }));
    });

    it('flushes everything', async () => {
      await apply(...editsOf({ service: { id: web, scheduler: 'rr' }, destinations: [destination()] }));
      assert.deepEqual(await world.ipvs.flush(), done);
      assert.deepEqual(await world.ipvs.flush(), done);
      assert.deepEqual(await world.ipvs.read(), []);
    });

    it('sets timeouts, those that are given', async () => {
      const before = await world.ipvs.timeouts();
      assert.deepEqual(await world.ipvs.setTimeouts({ tcp: 777, udp: 0 }), done);
      assert.deepEqual(await world.ipvs.timeouts(), { ...before, tcp: 777 });
      if (world.tool) assert.match(await world.tool.run('-Ln', '--timeout'), /777 \d+ \d+/);
      assert.deepEqual(codes([await world.ipvs.setTimeouts({ tcpFin: -1 })]), ['EINVAL']);
      assert.deepEqual(codes([await world.ipvs.setTimeouts({ udp: longestIpvsTimeout + 1 })]), ['EINVAL']);
      // The kernel of the lab has 100 ticks a second; with 1000 there would be no room for it.
      assert.deepEqual(await world.ipvs.setTimeouts({ tcp: longestIpvsTimeout }), done);
      assert.equal((await world.ipvs.timeouts()).tcp, longestIpvsTimeout);
      assert.deepEqual(await world.ipvs.setTimeouts(before), done);
      assert.deepEqual(await world.ipvs.timeouts(), before);
    });

    it('starts and stops sync daemons', async () => {
      const { ipvs, tool } = world;
      const master = {
        role: 'master',
        link: 'lo',
        syncId: 255,
        maxLength: 1000,
        group: '239.1.2.3',
        port: 9000,
        ttl: 7,
      } as const;
      assert.deepEqual(await ipvs.syncDaemons(), []);
      assert.deepEqual(await ipvs.startSyncDaemon(master), done);
      assert.deepEqual(await ipvs.startSyncDaemon(master), unchanged);
      assert.deepEqual(await ipvs.startSyncDaemon({ role: 'backup', link: 'lo', syncId: 0, group: 'ff02::77' }), done);
      const [first, second] = [...(await ipvs.syncDaemons())].sort((a, b) => (a.role < b.role ? 1 : -1));
      assert.deepEqual(first, master);
      assert.deepEqual(
        [second?.role, second?.link, second?.syncId, second?.group, second?.port, second?.ttl],
        ['backup', 'lo', 0, 'ff02::77', 8848, 1],
      );
      if (tool !== undefined)
        assert.match(
          await tool.run('-Ln', '--daemon'),
          /master sync daemon \(mcast=lo, syncid=255, maxlen=1000, group=239.1.2.3, port=9000, ttl=7\)\nbackup .*syncid=0, .*group=ff02::77/,
        );
      await stop('master');
      assert.deepEqual(await ipvs.stopSyncDaemon('master'), unchanged);
      await stop('backup');
      assert.deepEqual(await ipvs.syncDaemons(), []);
    });

    it('starts no sync daemon on a link that is not there, nor beside destinations of the other family', async () => {
      const { ipvs } = world;
      assert.deepEqual(codes([await ipvs.startSyncDaemon({ role: 'master', link: 'none7', syncId: 1 })]), ['ENODEV']);
      assert.deepEqual(codes([await ipvs.startSyncDaemon({ role: 'master', link: 'lo', syncId: 256 })]), ['EINVAL']);
      const mixed = destination({ family: 6, method: 'tun' });
      await apply(...editsOf({ service: { id: web, scheduler: 'rr' }, destinations: [mixed] }));
      assert.deepEqual(codes([await ipvs.startSyncDaemon({ role: 'master', link: 'lo', syncId: 1 })]), ['EINVAL']);
      await ipvs.flush();
      assert.deepEqual(await ipvs.startSyncDaemon({ role: 'master', link: 'lo', syncId: 1 }), done);
      const refused = await apply(...editsOf({ service: { id: web, scheduler: 'rr' }, destinations: [mixed] }));
      assert.deepEqual(codes(refused), ['done', 'EINVAL']);
      await stop('master');
    });

    it('carries more edits than fit into one message', async () => {
      const service: IpvsService = { id: web, scheduler: 'rr' };
      const destinations = Array.from({ length: 1000 }, (_, i) =>
        destination({ address: `10.1.${i >> 8}.${i & 255}`, weight: i, upperThreshold: i + 1 }),
      );
      const results = await apply(...editsOf({ service, destinations }));
      assert.deepEqual(
        results.filter(({ outcome }) => outcome !== 'done'),
        [],
      );
      assert.deepEqual(await table(), wanted({ service, destinations }));
    });
  });
}

function describeTool(world: () => IpvsWorld): void {
  const tool = () => {
    const { tool: found } = world();
    if (found === undefined) throw new Error('this world has no ipvsadm');
    return found;
  };
  const lines = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .sort();

  describe('agrees with ipvsadm', () => {
    it('on what is written', async () => {
      const results = await world().ipvs.apply(apart.flatMap(editsOf));
      assert.deepEqual(
        results.filter(({ outcome }) => outcome !== 'done'),
        [],
      );
      assert.deepEqual(lines(await tool().run('-Sn')), apart.flatMap(({ saved }) => saved).sort());
    });

    it('on what is read', async () => {
      const restored = apart.flatMap(({ saved, unsaved }) => saved.map((line, i) => `${line} ${unsaved?.[i] ?? ''}`.trim()));
      await tool().restore(restored);
      assert.deepEqual(plainly(await world().ipvs.read()), wanted(...apart));
    });

    it('on thresholds', async () => {
      const limited = destination({ upperThreshold: 31, lowerThreshold: 17 });
      await world().ipvs.apply(editsOf({ service: { id: web, scheduler: 'rr' }, destinations: [limited] }));
      assert.match(await tool().run('-Ln', '--thresholds'), /-> 10\.0\.0\.1:80 +31 +17 /);
    });
  });
}

/** The cases, each with an address of its own: one run of ipvsadm tells of all of them. */
const apart: readonly IpvsCase[] = ipvsCases.map((one, i) =>
  JSON.parse(
    JSON.stringify(one)
      .replaceAll('192.0.2.1', `192.0.2.${100 + i}`)
      .replaceAll('2001:db8::1', `2001:db8::${i + 1}`),
  ),
);
