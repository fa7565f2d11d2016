/** Contract of the `pacemaker` port: what a watch warns of, and what it does at silence because it was foreseen. */
import assert from 'node:assert/strict';
import type { HeardPacket, NewAddress } from '@mainstay/sdk';
import { it } from 'mocha';
import { linuxWorld } from './support/linux-world.js';
import { describePacemaker, type PacedHost, type PacedLan, packet } from './support/paced-lan.js';
import { lanLink } from './support/world.js';

const hour = 3_600_000;
/** Its own address: what is foreseen is sent by `b`. */
const fromB = (byte: number) => packet(byte, { source: '10.9.0.2' });

/** A watch on `b` that has heard packet 1 from `a`; `ear` on `a` hears what `b` sends. */
async function acquainted(l: PacedLan) {
  const [socket, from] = [await l.b.open(), await l.a.open()];
  const ear = await l.a.calls.watch(from, { filter: { source: '10.9.0.2' } });
  const watch = await l.b.calls.watch(socket, { filter: { source: '10.9.0.1' } });
  await l.a.calls.send(from, packet(1));
  const [expected] = await l.arrive(l.b, 'packet', watch, 1);
  return { socket, from, ear, watch, expected: expected as HeardPacket };
}

const silences = (host: PacedHost, watch: number) => host.told('silence', watch) as Promise<readonly Silence[]>;
interface Silence {
  readonly at: number;
  readonly hasActed: boolean;
}
const acts = async (host: PacedHost, watch: number) => (await silences(host, watch)).map(({ hasActed }) => hasActed);
async function consumed(l: PacedLan, watch: number, count: number): Promise<void> {
  await l.world.eventually(`${count} are consumed`, async () => (await l.b.calls.watchState(watch)).consumed >= count);
}

describePacemaker('foresight', (lan) => {
  const warnings = async (l: PacedLan, watch: number) =>
    (await l.b.told('imminent', watch)) as readonly { readonly at: number; readonly deadline: number }[];

  it('warns once, before the deadline, of that deadline', async () => {
    const l = lan();
    const { watch } = await acquainted(l);
    const deadline = await l.b.calls.arm(watch, { deadlineIn: 2000, warnMs: 1500 });
    await l.happens(l.b, 'imminent', watch);
    assert.deepEqual(await silences(l.b, watch), []);
    await l.happens(l.b, 'silence', watch);
    await l.world.pass(200);
    const [first, ...more] = await warnings(l, watch);
    assert.deepEqual(more, []);
    assert.ok(first !== undefined && first.deadline > deadline - 0.01 && first.at > deadline - 1500.01, JSON.stringify(first));
    assert.deepEqual(await acts(l.b, watch), [false]);
  });

  it('warns at once where the deadline is nearer than that, and never without being asked', async () => {
    const l = lan();
    const { socket, watch } = await acquainted(l);
    const plain = await l.b.calls.watch(socket, {});
    await l.b.together(['arm', watch, { deadlineIn: 1500, warnMs: hour }], ['arm', plain, { deadlineIn: 1500 }]);
    await l.happens(l.b, 'imminent', watch);
    await l.happens(l.b, 'silence', plain);
    assert.deepEqual([(await warnings(l, watch)).length, (await warnings(l, plain)).length], [1, 0]);
  });

  it('does not warn of a deadline that is put off in time, and warns again after each re-arming', async () => {
    const l = lan();
    const { from, watch, expected } = await acquainted(l);
    await l.b.calls.arm(watch, { deadlineIn: 3000, expected, rearmUs: 3e6, warnMs: 1500 });
    const beacon = await l.a.calls.beacon(from, { packets: [packet(1)], intervalUs: 100_000, firstIn: 0 });
    await consumed(l, watch, 1);
    await l.world.pass(3500);
    assert.deepEqual(await warnings(l, watch), []);
    await l.a.calls.closeBeacon(beacon);
    await l.happens(l.b, 'imminent', watch);
    await l.a.calls.send(from, packet(1));
    await l.happens(l.b, 'imminent', watch, 2);
    await l.happens(l.b, 'silence', watch);
    const [first, second, ...more] = await warnings(l, watch);
    assert.ok(first && second && second.deadline > first.deadline && more.length === 0);
  });

  it('does nothing by consent to nothing, nor without consent to anything', async () => {
    const l = lan();
    const { socket, ear, watch } = await acquainted(l);
    const other = await l.b.calls.watch(socket, {});
    await l.b.together(
      ['arm', watch, { deadlineIn: 200 }],
      ['consent', watch],
      ['arm', other, { deadlineIn: 200 }],
      ['foresee', other, { packets: [fromB(7)] }],
    );
    await l.happens(l.b, 'silence', watch);
    await l.happens(l.b, 'silence', other);
    await l.world.quiet();
    assert.deepEqual([await acts(l.b, watch), await acts(l.b, other), await l.a.heads('packet', ear)], [[false], [false], []]);
  });

  it('sends at silence, once, in order, and says so', async () => {
    const l = lan();
    const { ear, watch } = await acquainted(l);
    await l.b.calls.foresee(watch, { packets: [fromB(7), fromB(8)] });
    await l.b.calls.consentWhenWarned(watch);
    await l.b.calls.arm(watch, { deadlineIn: 1500, warnMs: 1000 });
    await l.arrive(l.a, 'packet', ear, 2);
    await l.happens(l.b, 'silence', watch);
    // What was foreseen has been used: nothing is left to consent to.
    await l.b.together(['arm', watch, { deadlineIn: 100 }], ['consent', watch]);
    await l.happens(l.b, 'silence', watch, 2);
    await l.world.quiet();
    assert.deepEqual(
      [await acts(l.b, watch), await l.a.heads('packet', ear)],
      [
        [true, false],
        [7, 8],
      ],
    );
  });

  it('takes a repetition of any length, and its watch goes on as any other', async () => {
    const l = lan();
    const { ear, watch } = await acquainted(l);
    // Master_Down_Intervals are no whole numbers of milliseconds.
    await l.b.together(
      ['foresee', watch, { packets: [fromB(7)], repeat: { everyUs: 1_000_000_000.5, forMs: 3609.375 } }],
      ['arm', watch, { deadlineIn: 20 }],
      ['consent', watch],
    );
    await l.happens(l.b, 'silence', watch);
    assert.deepEqual(await acts(l.b, watch), [true]);
    await l.arrive(l.a, 'packet', ear, 1);
  });

  it('sends what was foreseen last', async () => {
    const l = lan();
    const { ear, watch } = await acquainted(l);
    await l.b.together(
      ['foresee', watch, { packets: [fromB(7)] }],
      ['arm', watch, { deadlineIn: 100 }],
      ['foresee', watch, { packets: [fromB(8)] }],
      ['consent', watch],
    );
    await l.arrive(l.a, 'packet', ear, 1);
    await l.happens(l.b, 'silence', watch);
    assert.deepEqual([await acts(l.b, watch), await l.a.heads('packet', ear)], [[true], [8]]);
  });

  it('does nothing when another plan replaced the one that was consented to', async () => {
    const l = lan();
    const { ear, watch } = await acquainted(l);
    await l.b.together(
      ['arm', watch, { deadlineIn: 100 }],
      ['foresee', watch, { packets: [fromB(7)] }],
      ['consent', watch],
      ['foresee', watch, { packets: [fromB(8)] }],
    );
    await l.happens(l.b, 'silence', watch);
    await l.world.quiet();
    assert.deepEqual([await acts(l.b, watch), await l.a.heads('packet', ear)], [[false], []]);
  });

  for (const [what, byte, rearmUs, told] of [
    ['another packet', 2, undefined, [1, 2]],
    ['the expected packet, which puts it off,', 1, 300_000, [1]],
    ['the expected packet, which puts nothing off,', 1, undefined, [1]],
  ] as const) {
    it(`keeps quiet when ${what} came after the consent, and speaks at the next`, async () => {
      const l = lan();
      const { from, ear, watch, expected } = await acquainted(l);
      await l.b.together(
        ['foresee', watch, { packets: [fromB(7)] }],
        ['arm', watch, { deadlineIn: 2500, expected, ...(rearmUs && { rearmUs }) }],
        ['consent', watch],
      );
      await l.a.calls.send(from, packet(byte));
      await l.happens(l.b, 'silence', watch);
      await l.world.quiet();
      assert.deepEqual([await acts(l.b, watch), await l.a.heads('packet', ear)], [[false], []]);
      assert.deepEqual(await l.b.heads('packet', watch), told);
      // It is kept for a later consent.
      await l.b.together(['arm', watch, { deadlineIn: 100 }], ['consent', watch]);
      await l.arrive(l.a, 'packet', ear, 1);
      await l.happens(l.b, 'silence', watch, 2);
      assert.deepEqual([await acts(l.b, watch), await l.a.heads('packet', ear)], [[false, true], [7]]);
    });
  }

  it('keeps quiet under other terms than those of the consent', async () => {
    const l = lan();
    const { ear, watch } = await acquainted(l);
    await l.b.together(
      ['foresee', watch, { packets: [fromB(7)] }],
      ['arm', watch, { deadlineIn: 300 }],
      ['consent', watch],
      ['arm', watch, { deadlineIn: 300 }],
    );
    await l.happens(l.b, 'silence', watch);
    await l.b.together(
      ['consent', watch],
      ['arm', watch, { deadlineIn: 300 }],
      ['consent', watch],
      ['disarm', watch],
      ['consent', watch],
    );
    await l.world.pass(600);
    await l.b.together(['arm', watch, { deadlineIn: 300 }], ['consent', watch], ['closeWatch', watch]);
    await l.world.pass(600);
    assert.deepEqual([await acts(l.b, watch), await l.a.heads('packet', ear)], [[false], []]);
  });

  it('keeps quiet when the socket is closed', async () => {
    const l = lan();
    const { socket, ear, watch } = await acquainted(l);
    await l.b.together(
      ['foresee', watch, { packets: [fromB(7)] }],
      ['arm', watch, { deadlineIn: 300 }],
      ['consent', watch],
      ['closeSocket', socket],
      ['consent', watch],
      ['foresee', watch, { packets: [fromB(8)] }],
    );
    await l.world.pass(800);
    assert.deepEqual([await silences(l.b, watch), await l.a.heads('packet', ear)], [[], []]);
  });
});

/** Where a thread keeps time, a second one has changed addresses and sent frames by the time that silence is told. */
describePacemaker(
  'foresight with hands',
  (lan) => {
    const etherType = 0x88b5;
    const address = async ({ b }: PacedLan, last: number): Promise<NewAddress> => {
      const { index: link } = await lanLink(b.host);
      return { link, family: 4, address: `10.9.1.${last}`, prefixLength: 32, scope: 'global' };
    };
    const broadcast = (byte: number) => {
      const head = [...Array<number>(6).fill(255), 2, 0, 0, 0, 0, 1, etherType >> 8, etherType & 255];
      return Uint8Array.from([...head, byte, ...Array<number>(45).fill(0)]);
    };
    const find = (l: PacedLan, wanted: NewAddress) => l.b.host.ports.address(wanted);
    async function frameEar(l: PacedLan): Promise<number> {
      const { index: link } = await lanLink(l.a.host);
      return l.a.calls.open({ transport: { kind: 'frames', etherType }, link });
    }
    const heardFrames = async (l: PacedLan, ear: number) => (await l.a.packets('stray', ear)).map(({ payload }) => payload[14]);
    async function listed(l: PacedLan, wanted: NewAddress) {
      await l.world.eventually(`${wanted.address} is listed`, async () => (await find(l, wanted)) !== undefined);
      return find(l, wanted);
    }

    it('has added the addresses as ours and sent the frames', async () => {
      const l = lan();
      const { ear, watch } = await acquainted(l);
      const frames = await frameEar(l);
      const wanted = [await address(l, 71), await address(l, 72)];
      const link = wanted[0]?.link ?? 0;
      await l.b.together(
        ['foresee', watch, { packets: [fromB(7)], addresses: wanted, frames: [{ link, frame: broadcast(1) }] }],
        ['arm', watch, { deadlineIn: 100 }],
        ['consent', watch],
      );
      await l.happens(l.b, 'silence', watch);
      // Whoever asks again is told that they are there already.
      const { host } = l.b;
      assert.deepEqual(await host.ports.addAddresses(wanted), [{ outcome: 'unchanged' }, { outcome: 'unchanged' }]);
      for (const one of wanted) assert.deepEqual(await listed(l, one), { ...one, isOurs: true });
      await l.arrive(l.a, 'packet', ear, 1);
      await l.arrive(l.a, 'stray', frames, 1);
      await l.world.quiet();
      assert.deepEqual([await acts(l.b, watch), await heardFrames(l, frames)], [[true], [1]]);
      await host.ports.removeAddresses(wanted);
    });

    it('leaves an address that is there as it is', async () => {
      const l = lan();
      const { watch } = await acquainted(l);
      const wanted = await address(l, 73);
      await l.b.host.assign(`${wanted.address}/32`);
      await l.b.together(
        ['foresee', watch, { packets: [fromB(7)], addresses: [wanted] }],
        ['arm', watch, { deadlineIn: 100 }],
        ['consent', watch],
      );
      await l.happens(l.b, 'silence', watch);
      await l.world.quiet();
      assert.deepEqual(await find(l, wanted), { ...wanted, isOurs: false });
      await l.b.host.unassign(`${wanted.address}/32`);
    });

    it('is not harmed by links that are gone, and does the rest', async () => {
      const l = lan();
      const { ear, watch } = await acquainted(l);
      const frames = await frameEar(l);
      const wanted = await address(l, 74);
      const { link } = wanted;
      const foreseen = {
        packets: [fromB(7)],
        addresses: [{ ...wanted, link: 9999 }, wanted],
        frames: [
          { link: 9999, frame: broadcast(1) },
          { link, frame: broadcast(2) },
        ],
      };
      await l.b.together(['foresee', watch, foreseen], ['arm', watch, { deadlineIn: 100 }], ['consent', watch]);
      await l.happens(l.b, 'silence', watch);
      assert.equal((await listed(l, wanted))?.isOurs, true);
      await l.arrive(l.a, 'stray', frames, 1);
      assert.deepEqual(
        [await acts(l.b, watch), await l.a.heads('packet', ear), await heardFrames(l, frames)],
        [[true], [7], [2]],
      );
      await l.b.host.ports.removeAddresses([wanted]);
    });

    it('begins with as many addresses and frames as it can take', async () => {
      const l = lan();
      const { ear, watch } = await acquainted(l);
      const wanted = await address(l, 75);
      const { link } = wanted;
      const many = Array.from({ length: 1500 }, (_, i) => ({ ...wanted, address: `10.8.${i >> 8}.${i & 255}` }));
      const foreseen = {
        packets: [fromB(7)],
        addresses: [wanted, ...many],
        frames: many.map(() => ({ link, frame: broadcast(3) })),
      };
      await l.b.together(['foresee', watch, foreseen], ['arm', watch, { deadlineIn: 100 }], ['consent', watch]);
      await l.happens(l.b, 'silence', watch);
      await l.arrive(l.a, 'packet', ear, 1);
      assert.deepEqual([await acts(l.b, watch), (await listed(l, wanted))?.isOurs], [[true], true]);
      const results = await l.b.host.ports.removeAddresses([wanted, ...many]);
      const removed = results.filter(({ outcome }) => outcome === 'done').length;
      assert.ok(removed > 500 && removed < many.length, `${removed} were there`);
    });
  },
  [linuxWorld],
);
