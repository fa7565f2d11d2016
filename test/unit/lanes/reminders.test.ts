/** What the supervisor remembers of a lane's events, and tells a lane that starts later (core/runtime/src/supervisor/router.ts). */
import assert from 'node:assert/strict';
import type { FromLane } from '@mainstay/core';
import { describe, it } from 'mocha';
import { extension, planOf, preparedOf, Stage } from './supervisor-stage.js';

const realtime = planOf('realtime', 'realtime', 'bfd');
const say = (key: string, payload: unknown, about?: 'forgotten'): FromLane => ({
  kind: 'event',
  hook: 'bfd.decided',
  key,
  payload,
  ...(about && { about }),
});

function started(): Stage {
  const stage = new Stage();
  stage.startAll(preparedOf(realtime, extension), 'bfd.decided');
  return stage;
}

/** Events that the present process of the extension lane heard. */
function heard(stage: Stage): readonly string[] {
  return stage
    .the('extension')
    .heard.flatMap((message) =>
      message.kind === 'event' ? [`${message.about ?? 'news'} ${message.key} ${message.payload}`] : [],
    );
}

/** The extension lane dies and comes back. */
async function restart(stage: Stage): Promise<void> {
  stage.the('extension').end('exit 1');
  await stage.clock.advance(2000);
  stage.ready('extension', 'bfd.decided');
  stage.the('extension').say({ kind: 'started' });
}

describe('a lane that starts later', () => {
  it('is reminded of the last event about each object', async () => {
    const stage = started();
    for (const [key, payload] of [
      ['B1', 'up'],
      ['B2', 'up'],
      ['B1', 'down'],
    ])
      stage.the('realtime').say(say(key ?? '', payload));
    assert.deepEqual(heard(stage), ['news B1 up', 'news B2 up', 'news B1 down']);
    await restart(stage);
    assert.deepEqual(heard(stage), ['reminder B2 up', 'reminder B1 down']);
  });

  it('is not reminded of what its owner has forgotten; others are told to forget it', async () => {
    const stage = started();
    stage.the('realtime').say(say('B1', 'up'));
    stage.the('realtime').say(say('B1', undefined, 'forgotten'));
    assert.deepEqual(heard(stage), ['news B1 up', 'forgotten B1 undefined']);
    await restart(stage);
    assert.deepEqual(heard(stage), []);
  });

  it('is reminded of what a replaced process said, until the next one speaks of the same object', async () => {
    const stage = started();
    for (const key of ['B1', 'B2', 'B3']) stage.the('realtime').say(say(key, 'up'));
    stage.the('realtime').end('exit 1');
    await stage.clock.advance(2000);
    await restart(stage);
    assert.deepEqual(heard(stage), ['reminder B1 up', 'reminder B2 up', 'reminder B3 up']);
    stage.ready('realtime');
    stage.the('realtime').say({ kind: 'started' });
    stage.the('realtime').say(say('B1', 'down'));
    stage.the('realtime').say(say('B2', undefined, 'forgotten'));
    await restart(stage);
    assert.deepEqual(heard(stage), ['reminder B3 up', 'reminder B1 down']);
  });

  it('is not reminded where it wants the events, and none of its taps a reminder', async () => {
    const stage = started();
    stage.the('realtime').say(say('B1', 'up'));
    stage.the('extension').end('exit 1');
    await stage.clock.advance(2000);
    stage.the('extension').say({ kind: 'ready', interest: [{ hook: 'bfd.decided', keys: '*' }], isIdle: false });
    stage.the('extension').say({ kind: 'started' });
    stage.the('realtime').say(say('B2', 'up'));
    assert.deepEqual(heard(stage), ['news B2 up']);
  });

  it('is not reminded of what it did not ask for, nor of hooks that nobody remembers', async () => {
    const stage = started();
    stage.the('realtime').say(say('B1', 'up'));
    stage.the('realtime').say({ kind: 'event', hook: 'bfd.changed', key: 'B1', payload: 'x' });
    stage.the('extension').end('exit 1');
    await stage.clock.advance(2000);
    stage.ready('extension', 'vrrp.transitioned');
    stage.the('extension').say({ kind: 'started' });
    assert.deepEqual(heard(stage), []);
  });
});
