/** What is remembered of events, and who is reminded of it when (core/runtime/src/hooks/memory.ts, bus.ts). */
import assert from 'node:assert/strict';
import { Memory, mostRemembered } from '@mainstay/core';
import type { BfdDecided } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { type Bench, benchOf } from './bus-bench.js';

const decided = (session: string, isUp = true): BfdDecided => ({
  session,
  peer: '192.0.2.2',
  isUp,
  hasBeenUp: true,
  isSilent: !isUp,
  why: 'test',
  at: 0,
});

const say = ({ bus }: Bench, session: string, isUp = true) =>
  bus.callsFor('bfd').observe('bfd.decided', session, decided(session, isUp));
const text = ({ session, isUp }: BfdDecided) => `${session} ${isUp ? 'up' : 'down'}`;

/** A bus with a plugin that wants to be reminded, one that does not, and one that cares for one session only. */
function bench() {
  const seen = { follower: [] as string[], reader: [] as string[], one: [] as string[] };
  const made = benchOf({
    follower: (taps) => taps.observe('bfd.decided', (event) => void seen.follower.push(text(event)), { remind: true }),
    reader: (taps) => taps.observe('bfd.decided', (event) => void seen.reader.push(text(event))),
    one: (taps) => taps.observe('bfd.decided', (event) => void seen.one.push(text(event)), { remind: true, for: 'B2' }),
  });
  return { made, seen };
}

describe('events that are remembered', () => {
  it('are told at once, within the call', () => {
    const { made, seen } = bench();
    say(made, 'B1');
    assert.deepEqual([seen.follower, seen.reader, seen.one], [['B1 up'], ['B1 up'], []]);
  });

  it('are told again to a plugin that starts, the last of each object, where it wants that', () => {
    const { made, seen } = bench();
    for (const [session, isUp] of [
      ['B1', true],
      ['B2', true],
      ['B1', false],
    ] as const)
      say(made, session, isUp);
    for (const list of Object.values(seen)) list.splice(0);
    for (const plugin of ['follower', 'reader', 'one']) made.bus.remind(plugin);
    assert.deepEqual([seen.follower, seen.reader, seen.one], [['B2 up', 'B1 down'], [], ['B2 up']]);
  });

  it('do not wait for a plugin that has not started: it is reminded when it has', () => {
    const { made, seen } = bench();
    for (const plugin of ['follower', 'reader']) made.bus.standing(plugin).wait();
    say(made, 'B1');
    say(made, 'B1', false);
    for (const plugin of ['follower', 'reader']) {
      made.bus.standing(plugin).open();
      made.bus.remind(plugin);
    }
    assert.deepEqual([seen.follower, seen.reader], [['B1 down'], ['B1 up', 'B1 down']]);
  });

  it('are told again to a plugin that was parked, when it is called again', () => {
    let isBroken = true;
    const seen: string[] = [];
    const made = benchOf({
      a: (taps) =>
        taps.observe(
          'bfd.decided',
          (event) => {
            if (isBroken) throw new Error('broken');
            seen.push(text(event));
          },
          { remind: true },
        ),
    });
    for (const isUp of [true, false, true, false]) say(made, 'B1', isUp);
    isBroken = false;
    made.bus.resumeAll();
    assert.deepEqual(seen, ['B1 down']);
    made.bus.resumeAll();
    assert.deepEqual(seen, ['B1 down']);
  });

  it('are forgotten with their object', () => {
    const { made, seen } = bench();
    const gone: string[] = [];
    made.bus.onObserve(
      () => {},
      (name, key) => gone.push(`${name} ${key}`),
    );
    say(made, 'B1');
    made.bus.callsFor('bfd').forget('bfd.decided', 'B1');
    seen.follower.splice(0);
    made.bus.remind('follower');
    assert.deepEqual([seen.follower, gone], [[], ['bfd.decided B1']]);
  });

  it('leave the lane whoever wants them at the moment', () => {
    const out: string[] = [];
    const { made } = bench();
    made.bus.onObserve((name, key) => out.push(`${name} ${key}`));
    made.bus.setRemoteInterest([]);
    say(made, 'B1');
    made.bus.callsFor('vrrp').observe('vrrp.peerChanged', 'VI_1', {} as never);
    assert.deepEqual(out, ['bfd.decided B1']);
    assert.equal(made.bus.isTapped('bfd.decided', 'B9'), true);
  });

  it('of another lane are remembered here, too; a reminder is for those who want one', async () => {
    const { made, seen } = bench();
    await made.bus.deliver('bfd.decided', 'B1', decided('B1'), 'reminder');
    assert.deepEqual([seen.follower.splice(0), seen.reader], [['B1 up'], []]);
    made.bus.remind('follower');
    assert.deepEqual(seen.follower.splice(0), ['B1 up']);
    await made.bus.deliver('bfd.decided', 'B1', undefined, 'forgotten');
    made.bus.remind('follower');
    assert.deepEqual(seen.follower, []);
  });

  it('cannot be asked for where nobody remembers', () => {
    const declare = () => benchOf({ a: (taps) => taps.observe('vrrp.advert', () => {}, { remind: true }) });
    assert.throws(declare, /wants to be reminded of vrrp\.advert, which nobody remembers/);
  });

  it('are bounded: of too many objects the one that was silent longest is forgotten', () => {
    const memory = new Memory();
    for (let i = 0; i < mostRemembered; i++) memory.put('bfd.decided', String(i), i);
    memory.put('bfd.decided', '0', 'again');
    memory.put('bfd.decided', 'more', 'new');
    memory.put('vrrp.advert', 'VI_1', 'not remembered');
    const kept = new Map(memory.of('bfd.decided'));
    assert.deepEqual(
      [kept.size, kept.has('0'), kept.has('1'), kept.has('more'), memory.of('vrrp.advert')],
      [mostRemembered, true, false, true, []],
    );
  });
});
