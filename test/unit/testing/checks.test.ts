/** Checks in the harness: a balancer and a checker in one simulated process, from the configuration's text to the turns. */
import assert from 'node:assert/strict';
import {
  type Checks,
  type ConfigHandle,
  checkerGroup,
  defineChecker,
  definePlugin,
  down,
  type Plugged,
  type Run,
  s,
  up,
} from '@mainstay/sdk';
import { testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';

const timing = { delayLoopMs: 1000, warmupMs: 500, retry: 1, delayBeforeRetryMs: 100, timeoutMs: 300 };

function balancer() {
  let servers: ConfigHandle<{ readonly checkers: readonly Plugged[] }>;
  let checks: Checks | undefined;
  const requests = () =>
    servers.entries.flatMap(({ name, value }) =>
      value.checkers.map(({ keyword, value: config }, i) => {
        const identity = { checker: keyword, virtualServer: 'pool', realServer: name };
        const target = { address: '192.0.2.9', port: 80 };
        return { id: `${name}/${i}`, identity, target, config, timing, initial: 'up' as const };
      }),
    );
  return definePlugin({
    name: 'balancer',
    setup({ config, status }) {
      servers = config.named('balanced', s.block({ checkers: s.plugged(checkerGroup) }));
      status.objects(async () => {
        const reports = (await checks?.report()) ?? [];
        return reports.map(({ id, isUp, probes }) => {
          return { kind: 'balanced', name: id, state: isUp ? 'up' : 'down', summary: { probes }, detail: {} };
        });
      });
    },
    start({ ports, log }: Run) {
      checks = ports.checks;
      checks.watch((states) => {
        for (const { id, isUp, reason } of states) log.info(`${id} ${isUp ? 'up' : 'down'}: ${reason}`);
      });
      checks.set(requests());
    },
    reconfigure({ ports }) {
      ports.checks.set(requests());
      return 'absorbed';
    },
  });
}

const checker = defineChecker({
  keyword: 'AGE_CHECK',
  fields: { dies_after: s.seconds(0, 60) },
  check: ({ config, clock }) => (clock.now() < config.dies_after ? up() : down('too old')),
});
const server = (name: string, age: number) => `balanced ${name} {\n  AGE_CHECK {\n    dies_after ${age}\n    retry 0\n  }\n}\n`;

describe('checks in testPlugin', () => {
  it('are made as in a daemon, with the time that the test lets pass', async () => {
    const config = server('young', 50) + server('old', 2);
    const tested = await testPlugin(balancer(), { config, alongside: [checker] });
    const said = () => tested.log.filter(({ plugin }) => plugin === 'balancer').map(({ message }) => message);
    await tested.advance(1900);
    assert.deepEqual(said(), []);
    await tested.advance(1300);
    assert.deepEqual(said(), ['old/0 down: too old']);
    assert.deepEqual(
      (await tested.report()).map(({ name, state }) => `${name} ${state}`),
      ['young/0 up', 'old/0 down'],
    );
    // What takes its time is not there at once.
    assert.deepEqual(tested.status(), []);
    const changed = tested.events('checker.changed').map(({ key, payload }) => [key, payload.to]);
    assert.deepEqual(changed, [['old', 'down']]);
    const result = await tested.reload(server('young', 50) + server('old', 50));
    assert.equal(result.ok, true);
    await tested.advance(600);
    assert.deepEqual(said(), ['old/0 down: too old', 'old/0 up: it works']);
    await tested.stop();
    assert.equal(tested.clock.pending, 0);
  });
});
