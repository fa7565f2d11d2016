/** PING_CHECK on a port that the test writes: what is asked for, and what becomes of each ending. */
import assert from 'node:assert/strict';
import { pingCheck } from '@mainstay/checker-ping';
import type { IcmpPort } from '@mainstay/sdk';
import { runChecker } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { refused } from '../../support/scripted-ports.js';

const run = (icmp: IcmpPort) =>
  runChecker(pingCheck, {
    ports: { icmp },
    target: { address: '192.0.2.10', port: 80, localAddress: '192.0.2.1', localPort: 1024, link: 'eth0', mark: 7 },
    deadlineMs: 1000,
  });

describe('PING_CHECK', () => {
  it('is up with an echo reply, from where the block says', async () => {
    const asked: unknown[] = [];
    const icmp: IcmpPort = {
      echo(to) {
        asked.push(to);
        return Promise.resolve({ durationMs: 0.2 });
      },
    };
    assert.deepEqual((await run(icmp)).verdict, { ok: true, detail: 'an echo reply came' });
    assert.deepEqual(asked, [{ address: '192.0.2.10', localAddress: '192.0.2.1', link: 'eth0', mark: 7 }]);
  });

  it('is down with the reason of the kernel', async () => {
    const icmp: IcmpPort = { echo: () => Promise.reject(refused('EHOSTUNREACH', 'host unreachable')) };
    assert.deepEqual((await run(icmp)).verdict, { ok: false, reason: '192.0.2.10 port 53: host unreachable' });
  });

  it('is down at the deadline where nothing comes, and gives the echo up', async () => {
    let isGivenUp = false;
    const icmp: IcmpPort = {
      echo: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            isGivenUp = true;
            reject(signal.reason);
          });
        }),
    };
    const { verdict, durationMs } = await run(icmp);
    assert.deepEqual([verdict, durationMs, isGivenUp], [{ ok: false, reason: 'timeout' }, 1000, true]);
  });
});
