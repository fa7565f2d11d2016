/** Checks in a real daemon: one plugin has servers checked, another has the checker, each in a lane of its own. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { followDaemon } from '@mainstay/core';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { plugin, runCommand, TestDaemon } from './daemon-harness.js';

describe('checks of a daemon', function () {
  this.timeout(60_000);
  let daemon: TestDaemon;

  beforeEach(() => {
    daemon = new TestDaemon();
  });
  afterEach(() => daemon.cleanUp());

  const path = (name: string) => join(daemon.directory, name);
  const say = (name: string, text: string) => writeFileSync(path(name), text);
  const server = (name: string, keywords = '') => `balanced ${name} {\n ${keywords}\n LOOK_CHECK {\n path ${path(name)}\n }\n}\n`;
  const configure = (...servers: readonly string[]) =>
    daemon.configure(`${plugin('balancing')}${plugin('looking')}${servers.join('')}`);
  const probesOf = async (name: string) =>
    Number((await daemon.status()).objects.find((object) => object.name === name)?.summary.probes);

  it('turn down and up, and tell it to whoever wanted them', async () => {
    say('one', 'up');
    say('two', 'down');
    configure(server('one'), server('two', 'alpha'));
    await daemon.start();
    say('two', 'up');
    await daemon.said('two 0 turned up: it says up');
    say('one', 'broken');
    await daemon.said('one 0 turned down: it says broken');
    assert.match(daemon.output, /looking: warning: LOOK_CHECK of one in pool is down: it says broken/);
    const { objects } = await daemon.status();
    assert.deepEqual(objects.map(({ name, state }) => `${name} ${state}`).sort(), ['one 0 down', 'two 0 up']);
  });

  it('are events for whoever watches the daemon', async () => {
    say('one', 'down');
    configure(server('one'));
    await daemon.start();
    await daemon.said('one 0 turned down');
    const end = new AbortController();
    const heard: string[] = [];
    const hear = (hook: string, data: string) => {
      const { key, payload } = JSON.parse(data) as { key: string; payload: { to: string; reason: string } };
      heard.push(`${hook} ${key} ${payload.to}: ${payload.reason}`);
      end.abort();
    };
    const following = followDaemon(daemon.socket, '/v1/events?hook=checker.changed', hear, end.signal);
    // Turns until somebody is there to hear of one.
    for (let isUp = true; !end.signal.aborted; isUp = !isUp) {
      const turns = daemon.output.split('one 0 turned').length;
      say('one', isUp ? 'up' : 'down');
      await daemon.said('one 0 turned', turns);
    }
    await following;
    assert.match(heard[0] ?? '', /^checker\.changed one (up: it says up|down: it says down)$/);
  });

  it('go on when the lane that makes them is killed, without a flap', async () => {
    say('one', 'up');
    configure(server('one', 'retry 100'), server('two', 'alpha'));
    say('two', 'up');
    await daemon.start();
    await daemon.said('two 0 turned up');
    while (!((await probesOf('one 0')) > 2));
    say('one', 'down');
    process.kill(await daemon.lanePid('health'), 'SIGKILL');
    await daemon.said('health lane (pid');
    say('two', 'down');
    // A verdict of the new lane.
    await daemon.said('two 0 turned down: it says down');
    assert.doesNotMatch(daemon.output, /one 0 turned/);
    assert.equal(daemon.output.split('two 0 turned up').length, 2);
  });

  it('are seen to be missing while no lane makes them', async () => {
    say('one', 'die');
    configure(server('one'));
    await daemon.start();
    // It dies at its first probe, again and again: the supervisor waits longer and longer.
    for (;;) {
      const { output } = await runCommand('status', '--run-dir', daemon.runDirectory);
      if (
        /balance lane: 1 of 1 checks are not made, and servers keep the state they had: no lane runs that has LOOK_CHECK/.test(
          output,
        )
      )
        break;
    }
    say('one', 'down');
    await daemon.said('one 0 turned down: it says down');
    assert.doesNotMatch((await runCommand('status', '--run-dir', daemon.runDirectory)).output, /not made/);
  });

  it('go on undisturbed when the lane that wants them is killed', async () => {
    say('one', 'up');
    say('two', 'down');
    configure(server('one'), server('two'));
    await daemon.start();
    await daemon.said('two 0 turned down');
    const health = await daemon.lanePid('health');
    process.kill(await daemon.lanePid('balance'), 'SIGKILL');
    // The new life believes that it is up, until it hears.
    await daemon.said('two 0 turned down', 2);
    assert.equal(await daemon.lanePid('health'), health);
    assert.equal(daemon.output.split('LOOK_CHECK of two in pool is down').length, 2);
  });

  it('follow a reload: those that stay are not disturbed, others come and go', async () => {
    for (const name of ['one', 'two', 'three']) say(name, 'down');
    configure(server('one'), server('two'));
    await daemon.start();
    await daemon.said('turned down', 2);
    while (!((await probesOf('one 0')) > 3));
    configure(server('one'), server('three'));
    daemon.signal('SIGHUP');
    await daemon.said('three 0 turned down');
    const names = (await daemon.status()).objects.map(({ name }) => name);
    assert.deepEqual(names.sort(), ['one 0', 'three 0']);
    assert.ok((await probesOf('one 0')) > 3);
    assert.equal(daemon.output.split('one 0 turned').length, 2);
    configure();
    daemon.signal('SIGHUP');
    while ((await daemon.status()).objects.length > 0);
    assert.equal((await daemon.status()).lanes.find(({ lane }) => lane === 'health')?.answered, true);
  });

  it('go on undisturbed when a reload moves the plugin that wants them to a lane of its own, and back', async () => {
    for (const name of ['one', 'two']) say(name, 'up');
    configure(server('one'), server('two', 'alpha'));
    await daemon.start();
    await daemon.said('two 0 turned up');
    const health = await daemon.lanePid('health');
    const alone = plugin('balancing').replace('{ ', '{\n isolated\n ').replace(' }', '\n}');
    let generation = 1;
    for (const [moved, lane, turn] of [
      [alone, 'balance:balancing', 'down'],
      [plugin('balancing'), 'balance', 'up'],
    ] as const) {
      daemon.configure(`${moved}${plugin('looking')}${server('one')}${server('two', 'alpha')}`);
      daemon.signal('SIGHUP');
      await daemon.said(`configuration number ${++generation} is in force`);
      say('one', turn);
      await daemon.said(`one 0 turned ${turn}: it says ${turn}`);
      const names = (await daemon.status()).lanes.map((one) => one.lane);
      assert.deepEqual(
        names.filter((name) => name.startsWith('balance')),
        [lane],
      );
    }
    assert.equal(await daemon.lanePid('health'), health);
    assert.equal(daemon.output.split('LOOK_CHECK of two in pool is down').length, 1);
  });

  it('cannot be written wrongly without being told where', async () => {
    daemon.configure(
      `${plugin('balancing')}${plugin('looking')}balanced one {\n LOOK_CHEK {\n }\n LOOK_CHECK {\n pth x\n }\n}\n`,
    );
    const { code, output } = await runCommand('check', '-f', daemon.file);
    assert.notEqual(code, 0);
    assert.match(output, /test\.conf:5:2: .*LOOK_CHEK.*did you mean "LOOK_CHECK"/);
    assert.match(output, /test\.conf:8:2: .*"pth".*did you mean "path"/);
  });
});
