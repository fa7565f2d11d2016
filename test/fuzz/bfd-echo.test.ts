/**
 * Frames through what judges echo packets that come back: noise, truncations, and right ones with a few bytes changed. It never throws, and
 * takes only what was sent, forwarded once.
 */
import assert from 'node:assert/strict';
import { contentOfFrame, echoContent, echoFrame, layoutOf } from '@mainstay/bfd/internal/echo-packet.js';
import { describe, it } from 'mocha';
import { Prng } from '../support/prng.js';

const frames = 100_000;
const seed = Number(process.env.MAINSTAY_FUZZ_SEED ?? 20260101);
const macs = { ownMac: '02:00:00:00:00:01', neighbourMac: '02:00:00:00:00:02' } as const;

describe('judge of returned echo frames', function () {
  this.timeout(480_000);

  for (const own of ['192.0.2.1', '2001:db8::1']) {
    it(`takes ${frames} frames for ${own}`, () => {
      const random = new Prng(seed);
      const ends = { own, ownMac: macs.ownMac };
      const layout = layoutOf(own.includes(':') ? 6 : 4);
      let accepted = 0;
      for (let i = 0; i < frames; i++) {
        const content = echoContent(1 + random.below(0xffff), () => random.below(0x7fffffff));
        // As the neighbour forwards it.
        const right = echoFrame({ own, ownMac: macs.neighbourMac, neighbourMac: macs.ownMac }, content);
        right[layout.hopLimit] = 254;
        const frame =
          random.below(8) === 0
            ? random.bytes(random.below(120))
            : right.slice(0, random.below(4) === 0 ? random.below(right.length) : undefined);
        for (let changes = random.below(3); changes > 0 && frame.length > 0; changes--) {
          const at = random.below(frame.length);
          frame[at] = (frame[at] ?? 0) ^ random.below(256);
        }
        const taken = contentOfFrame(frame, ends);
        if (taken === undefined) continue;
        accepted++;
        assert.equal(taken.length, content.length);
        assert.equal(frame[layout.hopLimit] === 255, false);
        const isOurs = [...frame.subarray(layout.source, layout.destinationPort - 2)].every(
          (byte, n) => byte === right[layout.source + n],
        );
        assert.ok(isOurs, 'from and to this host');
      }
      assert.ok(accepted > frames / 10, `${accepted}`);
      assert.equal(
        contentOfFrame(
          echoFrame(
            { own, ...macs },
            echoContent(1, () => 1),
          ),
          ends,
        ),
        undefined,
        'as it was sent',
      );
    });
  }
});
