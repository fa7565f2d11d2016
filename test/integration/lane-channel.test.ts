/** The fork channel to a lane whose process stands still: what is not taken is counted, and taken when it goes on. */
import assert from 'node:assert/strict';
import { forkLane, type LaneProcess } from '@mainstay/core';
import { afterEach, describe, it } from 'mocha';

describe('the channel to a lane', function () {
  this.timeout(30_000);
  let made: LaneProcess | undefined;
  afterEach(() => made?.kill('SIGKILL'));

  it('knows how much its process does not take', async () => {
    const manifest = { api: '^0.1.0', lane: 'extension', needs: [] } as const;
    const plugins = [{ name: 'none', entry: '/none', version: '1', origin: 'test', manifest }];
    const plan = { lane: 'extension', laneKind: 'extension', plugins, schemaOf: [], hasChildren: false } as const;
    let pongs = 0;
    const hear = { message: ({ kind }: { kind: string }) => void (kind === 'pong' && pongs++), printed() {}, exited() {} };
    const lane = forkLane(plan, {}, hear);
    made = lane;
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    const event = { kind: 'event', seq: 1, hook: 'lane.crashed', key: 'k', payload: 'x'.repeat(1000) } as const;
    lane.send({ kind: 'ping', id: 1 });
    await until(() => pongs === 1 && lane.unsent === 0);
    process.kill(lane.pid, 'SIGSTOP');
    // The buffers of the system take some megabytes at most.
    for (let turn = 0; turn < 2000 && lane.unsent < 1000; turn++) {
      for (let i = 0; i < 20; i++) lane.send(event);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(lane.unsent >= 1000, `${lane.unsent} messages are not taken`);
    process.kill(lane.pid, 'SIGCONT');
    lane.send({ kind: 'ping', id: 2 });
    await until(() => pongs === 2 && lane.unsent === 0);
  });
});
