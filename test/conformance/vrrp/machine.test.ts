/** Conformance of the VRRP state machine: one folder for each case, run through the pure `step`. */
import assert from 'node:assert/strict';
import { step } from '@mainstay/vrrp';
import { describe, it } from 'mocha';
import { Conformance } from '../../support/conformance.js';

const cases = new Conformance('vrrp', step);
const { conforms } = cases;

describe('VRRP conformance: startup', () => {
  conforms('startup-backup-v2');
  conforms('startup-backup-v3');
  conforms('startup-owner-v2');
  conforms('startup-owner-v3');
  conforms('startup-owner-nopreempt');
  conforms('startup-priority-254');
  conforms('startup-priority-1');
  conforms('startup-skew-v2-long-interval');
  conforms('startup-skew-v3-long-interval');
  conforms('startup-shortest-interval');
  conforms('startup-longest-interval');
  conforms('startup-down-timer-adverts');
  conforms('startup-twice');
  conforms('initialize-deaf');
});

describe('VRRP conformance: silence', () => {
  conforms('master-down');
  conforms('master-down-v2');
  conforms('master-down-early-timer');
  conforms('master-down-little-late');
  conforms('learnt-interval');
  conforms('learnt-interval-shorter');
  conforms('learnt-interval-v2');
  conforms('learnt-interval-skew');
});

describe('VRRP conformance: as backup', () => {
  conforms('backup-resigned-v3');
  conforms('backup-resigned-v2');
  conforms('backup-resigned-taken');
  conforms('backup-higher');
  conforms('backup-higher-v2');
  conforms('backup-equal-higher-address');
  conforms('backup-equal-lower-address');
  conforms('backup-lower-preempt');
  conforms('backup-lower-preempt-v2');
  conforms('backup-lower-nopreempt');
  conforms('nopreempt-silence');
  conforms('nopreempt-resigned');
  conforms('backup-new-master');
});

describe('VRRP conformance: preempt_delay', () => {
  conforms('preempt-delay');
  conforms('preempt-delay-boundary');
  conforms('preempt-delay-silent');
  conforms('preempt-delay-higher-between');
  conforms('preempt-delay-resigned');
  conforms('preempt-delay-master-dies');
  conforms('preempt-delay-equal');
});

describe('VRRP conformance: schedule of a master', () => {
  conforms('advert-schedule');
  conforms('advert-schedule-v2');
  conforms('advert-early-timer');
  conforms('advert-interval-late');
});

describe('VRRP conformance: after a sleep', () => {
  conforms('master-asleep-alone');
  conforms('master-asleep-replaced');
  conforms('master-asleep-hears-lower');
  conforms('backup-asleep-master-lives');
  conforms('backup-asleep-silence');
});

describe('VRRP conformance: as master', () => {
  conforms('master-hears-resignation');
  conforms('master-hears-resignation-v2');
  conforms('master-higher');
  conforms('master-higher-v2');
  conforms('master-higher-nopreempt');
  conforms('master-equal-higher-address');
  conforms('master-equal-lower-address');
  conforms('master-equal-unsigned');
  conforms('master-equal-decimal');
  conforms('master-equal-ipv6');
  conforms('master-lower');
  conforms('master-lower-no-advert');
  conforms('master-lower-flood');
  conforms('master-higher-send-advert');
  conforms('owner-deaf');
});

describe('VRRP conformance: stop', () => {
  conforms('stop-initialize');
  conforms('stop-backup');
  conforms('stop-master');
  conforms('stop-master-v2');
  conforms('stop-owner');
  conforms('stop-removed');
  conforms('stop-fault');
});

describe('VRRP conformance: FAULT', () => {
  conforms('fault-initialize');
  conforms('fault-backup');
  conforms('fault-master');
  conforms('fault-twice');
  conforms('fault-deaf');
  conforms('fault-cleared');
  conforms('fault-cleared-owner');
  conforms('fault-cleared-elsewhere');
});

describe('VRRP conformance: address lost', () => {
  conforms('address-lost');
  conforms('address-lost-owner');
  conforms('address-lost-backup');
});

describe('VRRP conformance: priority', () => {
  conforms('priority-raised-backup');
  conforms('priority-lowered-backup');
  conforms('priority-changed-backup-v2');
  conforms('priority-changed-master');
  conforms('priority-lowered-master-yields');
  conforms('priority-raised-backup-preempts');
  conforms('priority-changed-idle');
});

describe('VRRP conformance: hold and restart', () => {
  conforms('hold');
  conforms('hold-master-appears');
  conforms('hold-master');
  conforms('restart-after-stop');
});

describe('VRRP conformance: hand-over', () => {
  conforms('handover');
  conforms('handover-nobody');
  conforms('handover-then-stop');
  conforms('handover-fault');
  conforms('handover-owner');
  conforms('handover-backup');
  conforms('handover-successor-resigns');
  conforms('handover-other-resigns');
});

describe('VRRP conformance: hints that the master is lost', () => {
  conforms('hint');
  conforms('hint-v2');
  conforms('hint-priority-254');
  conforms('hint-other-router');
  conforms('hint-no-master');
  conforms('hint-master-lives');
  conforms('hint-heard-before');
  conforms('hint-resigned');
  conforms('hint-then-resigned');
  conforms('hint-other-takes-over');
  conforms('hint-lower-takes-over');
  conforms('hint-lower-nopreempt');
  conforms('hint-preempting');
  conforms('hint-late');
  conforms('hint-priority-changed');
  conforms('hint-held');
  conforms('hint-elsewhere');
  conforms('hint-false');
});

describe('VRRP conformance: what the pacemaker does', () => {
  conforms('heard-again');
  conforms('heard-earlier');
  conforms('advertised');
  conforms('lapsed-master');
  conforms('lapsed-backup');
});

describe('VRRP conformance cases', () => {
  it('are all run', () => {
    assert.deepEqual(cases.declaredNames(), cases.caseNames());
  });
});
