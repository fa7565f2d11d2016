/** Discriminators and source ports of the sessions of one daemon: nobody else's (RFC 5880 section 6.8.1, RFC 5881 section 4). */
import assert from 'node:assert/strict';
import { createBfdPlugin } from '@mainstay/bfd';
import { createRandom, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';

const count = 40;

describe('discriminators of BFD', () => {
  it('[1] [30] are those of no other session, however often a number is drawn again', async () => {
    const random = createRandom(1);
    // A poor source of random numbers, which repeats itself.
    const draw = (least: number, most: number) => least + Math.floor(random.next() * Math.min(most - least + 1, 2 * count));
    const blocks = Array.from({ length: count }, (_, i) => `bfd_instance B${i} {\n  neighbor_ip 192.0.2.${i + 2}\n}\n`);
    const tested = await testPlugin(createBfdPlugin({ draw }), {
      config: blocks.join(''),
      hosts: { router: { eth0: ['192.0.2.1/24'] } },
    });
    const seen = tested.status().map(({ detail }) => detail.local_discriminator as number);
    assert.equal(seen.length, count);
    assert.equal(new Set(seen).size, count);
    assert.ok(!seen.includes(0));
    await tested.stop();
  });
});
