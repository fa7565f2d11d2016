/** What every checker must hold to, asked of those that are told of changes: FILE_CHECK on simulated files, BFD_CHECK by what sessions say. */
import { checkerBfd } from '@mainstay/checker-bfd';
import { checkerFile } from '@mainstay/checker-file';
import type { Checker, Run } from '@mainstay/sdk';
import { type ContractCase, type ContractStage, SimulatedFiles, type VirtualClock } from '@mainstay/testing';
import { describe } from 'mocha';
import { peer, sayer } from '../support/bfd-sayer.js';
import { bindChecks } from '../support/checker-config.js';
import { holds } from './support/holds.js';

/** The checker that each stage runs: its plugin is made anew, as it knows what it was told. */
function behind(keyword: string, like: Checker) {
  const current: { checker: Checker } = { checker: like };
  // The contract is for one checker; what it watches belongs to the plugin of the stage.
  const checker: Checker = { ...like, watch: (context) => current.checker.watch?.(context) ?? (() => {}) };
  const stageOf = (name: string, config: string, make: (clock: VirtualClock) => Promise<ContractStage>): ContractCase => ({
    name,
    config: `${keyword} {\n${config}\n}`,
    stage(clock) {
      if (clock === undefined) throw new Error('what it is told is simulated');
      return make(clock);
    },
  });
  return { checker, current, stageOf };
}

const only = ({ checkers: [checker] }: ReturnType<typeof bindChecks>): Checker => {
  if (checker === undefined) throw new Error('the plugin defines no checker');
  return checker;
};

describe('contract of checkers that are told of changes', () => {
  describe('FILE_CHECK, simulated', () => {
    const definition = 'track_file number {\nfile /run/number\n}\n';
    const { checker, current, stageOf } = behind('FILE_CHECK', only(bindChecks(checkerFile(), definition)));
    const file = (name: string, text: string | undefined, config = '') =>
      stageOf(name, `track_file number\n${config}`, async (clock) => {
        const plugin = checkerFile();
        current.checker = only(bindChecks(plugin, definition));
        const say = () => {};
        const log = { error: say, warn: say, info: say, debug: say };
        const files = new SimulatedFiles(text === undefined ? {} : { '/run/number': text });
        const run = { clock, log, facts: { configDirectory: '/' }, ports: { files } } as unknown as Run;
        await plugin.start?.(run);
        // The plugin goes on: what the check leaves behind is seen.
        return { ports: { files } };
      });
    holds(checker, {
      up: [file('a number', '5'), file('no file', undefined), file('nonsense', 'no number')],
      down: [file('a number that takes the server out', '1', 'weight 0')],
    });
  });

  describe('BFD_CHECK', () => {
    const definition = 'bfd_instance B1 {\nneighbor_ip 192.0.2.2\n}\n';
    const { checker, current, stageOf } = behind('BFD_CHECK', only(bindChecks(checkerBfd(), '')));
    const session = (name: string, isUp: boolean | undefined) =>
      stageOf(name, 'name B1', async () => {
        const bound = bindChecks(checkerBfd(), definition, [sayer().plugin]);
        current.checker = only(bound);
        const decided = { session: 'B1', peer, isUp, hasBeenUp: true, isSilent: isUp === false, why: 'it is said', at: 0 };
        if (isUp !== undefined) bound.observed('bfd.decided', decided);
        return {};
      });
    holds(checker, {
      up: [session('a session that is up', true)],
      down: [session('a session that is down', false)],
      slow: [session('a session of which nothing was heard', undefined)],
    });
  });
});
