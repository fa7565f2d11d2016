/** Which scripts an event runs, with which arguments: each expectation was observed on keepalived 2.2.7. */
import assert from 'node:assert/strict';
import { type InstanceConfig, type Job, jobOfLowerPriority, jobOfTransition } from '@mainstay/notify-script';
import type { VrrpState, VrrpTransitioned } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const at = { file: 'test.conf', line: 1, column: 1 };
const script = (...command: readonly string[]) => ({ command, at });

const nothing: InstanceConfig = {
  notify_master: undefined,
  notify_backup: undefined,
  notify_fault: undefined,
  notify_stop: undefined,
  notify_deleted: undefined,
  notify_master_rx_lower_pri: undefined,
  notify: undefined,
  notify_priority_changes: undefined,
  notify_timeout: undefined,
  smtp_alert: false,
};
const everything: InstanceConfig = {
  ...nothing,
  notify_master: script('/m', 'own'),
  notify_backup: script('/b'),
  notify_fault: script('/f'),
  notify_stop: script('/s'),
  notify_master_rx_lower_pri: script('/low'),
  notify: script('/any', 'g'),
};

function transition(to: VrrpState): VrrpTransitioned {
  const identity = { instance: 'VI 1', interface: 'eth0', virtualRouterId: 51, family: 4 } as const;
  return { ...identity, from: 'backup', to, reason: 'master-down', detail: '', priority: 107, at: 0 };
}

const commands = (job: Job | undefined) => job?.invocations.map(({ command }) => command.join(' '));

describe('notify-script: selection', () => {
  const expected: readonly (readonly [VrrpState, readonly string[] | undefined])[] = [
    ['master', ['/m own', '/any g INSTANCE VI 1 MASTER 107']],
    ['backup', ['/b', '/any g INSTANCE VI 1 BACKUP 107']],
    ['fault', ['/f', '/any g INSTANCE VI 1 FAULT 107']],
    ['stopped', ['/s', '/any g INSTANCE VI 1 STOP 107']],
    ['initialize', undefined],
  ];
  for (const [to, wanted] of expected) {
    it(`${to}: the specific script without added arguments, then the generic one with four`, () => {
      assert.deepEqual(commands(jobOfTransition(everything, transition(to))), wanted);
    });
  }

  it('tells the generic script alone of FAULT when an instance without notify_deleted is removed', () => {
    assert.deepEqual(commands(jobOfTransition(everything, transition('deleted'))), ['/any g INSTANCE VI 1 FAULT 107']);
  });

  it('reports DELETED with notify_deleted, and runs its script where it has one', () => {
    const withScript = { ...everything, notify_deleted: { script: script('/d') } };
    assert.deepEqual(commands(jobOfTransition(withScript, transition('deleted'))), ['/d', '/any g INSTANCE VI 1 DELETED 107']);
    const bare = { ...everything, notify_deleted: {} };
    assert.deepEqual(commands(jobOfTransition(bare, transition('deleted'))), ['/any g INSTANCE VI 1 DELETED 107']);
  });

  it('tells only its own script of a lower-priority advertisement', () => {
    assert.deepEqual(commands(jobOfLowerPriority(everything)), ['/low']);
    assert.equal(jobOfLowerPriority(nothing), undefined);
  });

  it('makes no job where no script is configured', () => {
    assert.equal(jobOfTransition(nothing, transition('master')), undefined);
  });

  it('marks what ends an instance', () => {
    const last = (to: VrrpState) => jobOfTransition(everything, transition(to))?.isLast;
    assert.deepEqual([last('stopped'), last('deleted'), last('master'), last('fault')], [true, true, false, false]);
  });
});
