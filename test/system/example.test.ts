/** The packaged example, as `npm start` runs it: on the real kernel and in the simulator. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Background, run } from '../support/command.js';
import { describeScenarios, type Scenario } from '../support/scenarios.js';

const main = fileURLToPath(new URL('../../../examples/failover/dist/main.js', import.meta.url));
/** Milliseconds that a busy machine may add to the bound that the example prints. */
const slack = 250;

function told(name: string, mark: RegExp, args: readonly string[]): Scenario<Background> {
  return {
    name,
    open: async () => new Background(process.execPath, [main, ...args]),
    steps: {
      'ends by itself within 30 seconds, with exit code 0': async (example) => {
        const timer = setTimeout(() => example.signal('SIGTERM'), 30_000);
        const ending = await example.ended;
        clearTimeout(timer);
        assert.deepEqual(ending, { code: 0, signal: null }, example.output);
      },
      'says where it runs': ({ output }) => assert.match(output, mark),
      'shows states, addresses and the client': ({ output }) => {
        assert.match(output, /router a +BACKUP -> MASTER/);
        assert.match(output, /router b +BACKUP -> MASTER/);
        assert.match(output, /10\.77\.0\.100 is on router b\n/);
        assert.match(output, /client +no answer/);
      },
      'measures an outage within the bound': ({ output }) => {
        const [, outage, lost, bound] =
          /Failover: +(\d+) ms without an answer, (\d+) probes lost; the bound is (\d+) ms/.exec(output) ?? [];
        assert.ok(Number(lost) > 0 && Number(outage) > 200, output);
        assert.ok(Number(outage) <= Number(bound) + slack, output);
      },
      'is plain text without a terminal': ({ output }) => assert.ok(!output.includes('\x1b')),
      'leaves no namespace behind': async (example) => {
        const left = await run('ip', ['netns', 'list']);
        assert.ok(!left.includes(`mainstay-demo${example.pid}`), left);
      },
    },
    close: (example) => example.signal('SIGKILL'),
  };
}

describeScenarios('the failover example', 2, 60_000, [
  told('as root', /^REAL: /m, []),
  told('in the simulator', /^SIMULATED: /m, ['--simulate']),
]);
