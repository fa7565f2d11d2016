/** A simulated LAN: delays, losses, partitions and the switch (sdk/testing/src/network). */
import assert from 'node:assert/strict';
import { type Conditions, createRandom, createVirtualClock, Frame, Segment } from '@mainstay/testing';
import { describe, it } from 'mocha';

const broadcast = 'ff:ff:ff:ff:ff:ff';
const macOf = (host: string) => `02:00:00:00:00:0${'abc'.indexOf(host) + 1}`;

function lan(conditions: Conditions = {}, seed = 1) {
  const clock = createVirtualClock();
  const segment = new Segment('lan', clock, createRandom(seed), conditions);
  const heard: string[] = [];
  const bodies: Uint8Array[] = [];
  const send = Object.fromEntries(
    ['a', 'b', 'c'].map((host) => {
      const transmit = segment.plug({
        host,
        receive(frame) {
          bodies.push(frame.payload);
          heard.push(`${host}@${Math.round(clock.now() * 10) / 10}:${frame.payload.join(',')}`);
        },
      });
      const say = (to: string, ...bytes: number[]) => transmit(Frame.of(to, macOf(host), 0x88b5, Uint8Array.from(bytes)));
      return [host, say];
    }),
  ) as Record<'a' | 'b' | 'c', (to: string, ...bytes: number[]) => void>;
  return { clock, segment, heard, bodies, send };
}

describe('simulated segment', () => {
  it('carries a broadcast to everybody else after the delay', async () => {
    const { clock, heard, send } = lan({ delayMs: 2 });
    send.a(broadcast, 7);
    await clock.advance(10);
    assert.deepEqual(heard, ['b@2:7', 'c@2:7']);
  });

  it('learns addresses, and floods only while it does not know one', async () => {
    const { clock, heard, send } = lan({ delayMs: 1 });
    send.a(macOf('b'), 1);
    await clock.advance(1);
    assert.deepEqual(heard.splice(0), ['b@1:1', 'c@1:1']);
    send.b(macOf('a'), 2);
    await clock.advance(1);
    send.a(macOf('b'), 3);
    await clock.advance(1);
    assert.deepEqual(heard, ['a@2:2', 'b@3:3']);
  });

  it('splits into groups, blocks one direction, and heals', async () => {
    const { clock, segment, heard, send } = lan({ delayMs: 1 });
    const hears = async (from: 'a' | 'b' | 'c') => {
      heard.length = 0;
      send[from](broadcast, 0);
      await clock.advance(1);
      return heard.map((line) => line[0]).join('');
    };
    segment.partition.split(['a'], ['b', 'c']);
    assert.equal(await hears('a'), '');
    assert.equal(await hears('b'), 'c');
    segment.partition.heal();
    segment.partition.block('a', 'b');
    assert.equal(await hears('a'), 'c');
    assert.equal(await hears('b'), 'ac');
    segment.partition.heal();
    assert.equal(await hears('a'), 'bc');
  });

  it('a cut takes frames that are under way', async () => {
    const { clock, segment, heard, send } = lan({ delayMs: 5 });
    send.a(broadcast, 1);
    await clock.advance(2);
    segment.partition.split(['a'], ['b', 'c']);
    await clock.advance(10);
    assert.deepEqual(heard, []);
  });

  it('loses and doubles about as many frames as it should', async () => {
    const lossy = lan({ loss: 0.3, delayMs: 1 });
    const doubling = lan({ duplicate: 0.3, delayMs: 1 });
    for (let i = 0; i < 1000; i++) {
      lossy.send.a(broadcast, 1);
      doubling.send.a(broadcast, 1);
    }
    await lossy.clock.advance(10);
    await doubling.clock.advance(10);
    assert.ok(Math.abs(lossy.heard.length - 1400) < 100, `${lossy.heard.length}`);
    assert.ok(Math.abs(doubling.heard.length - 2600) < 100, `${doubling.heard.length}`);
  });

  it('reorders through random delay, and corrupts behind the Ethernet header only', async () => {
    const random = lan({ delayMs: [1, 9] });
    for (let i = 0; i < 20; i++) random.send.a(macOf('b'), i);
    await random.clock.advance(10);
    const order = random.heard.filter((line) => line.startsWith('b')).map((line) => Number(line.split(':')[1]));
    assert.equal(order.length, 20);
    assert.notDeepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    const noisy = lan({ corrupt: 1 });
    noisy.send.a(broadcast, 1, 2, 3, 4);
    await noisy.clock.advance(1);
    assert.equal(noisy.bodies.length, 2);
    for (const body of noisy.bodies) assert.notDeepEqual([...body], [1, 2, 3, 4]);
  });

  it('has conditions of its own for one path', async () => {
    const { clock, segment, heard, send } = lan({ delayMs: 1 });
    segment.setPath('a', 'b', { loss: 1 });
    send.a(broadcast, 1);
    await clock.advance(1);
    segment.setPath('a', 'b', undefined);
    send.a(broadcast, 2);
    await clock.advance(1);
    assert.deepEqual(heard, ['c@1:1', 'b@2:2', 'c@2:2']);
  });

  it('replays a seed exactly', async () => {
    const run = async (seed: number) => {
      const { clock, heard, send } = lan({ delayMs: [0, 5], loss: 0.2, duplicate: 0.2, corrupt: 0.2 }, seed);
      for (let i = 0; i < 100; i++) {
        send.a(broadcast, i, 0, 0);
        await clock.advance(1);
      }
      return heard.join('\n');
    };
    assert.equal(await run(5), await run(5));
    assert.notEqual(await run(5), await run(6));
  });
});
