/** Conformance of the BFD state machine: one folder for each case, run through the pure `step`. */
import assert from 'node:assert/strict';
import { step } from '@mainstay/bfd';
import { describe, it } from 'mocha';
import { Conformance } from '../../support/conformance.js';

const cases = new Conformance('bfd', step);
const { conforms } = cases;

describe('BFD conformance: [12] states', () => {
  conforms('handshake-both-down');
  conforms('handshake-peer-init');
  conforms('down-hears-up');
  conforms('down-hears-admin-down');
  conforms('init-hears-down');
  conforms('init-hears-up');
  conforms('init-hears-admin-down');
  conforms('up-hears-down');
  conforms('up-hears-init');
  conforms('up-hears-admin-down');
});

describe('BFD conformance: [18] [21] detection', () => {
  conforms('detection-expires');
  conforms('detection-expires-init');
  conforms('detection-slower-side');
  conforms('remote-forgotten');
  conforms('remote-returns');
  conforms('heard-again');
  conforms('heard-earlier');
});

describe('BFD conformance: [13] [19] [20] polls and parameters', () => {
  conforms('poll-answered');
  conforms('poll-answered-down');
  conforms('poll-not-answered-shut');
  conforms('poll-final');
  conforms('poll-final-unasked');
  conforms('poll-stale');
  conforms('tx-raised');
  conforms('tx-lowered');
  conforms('rx-lowered');
  conforms('rx-raised');
  conforms('configured-same');
  conforms('configured-down');
  conforms('idle-slower');
  conforms('min-tx-slower-than-idle');
  conforms('peer-parameters');
});

describe('BFD conformance: [17] [22] [23] [31] what the peer says', () => {
  conforms('peer-restarts');
  conforms('demand');
  conforms('diagnostic-kept');
  conforms('min-rx-zero');
});

describe('BFD conformance: [26] the ends', () => {
  conforms('shut-up');
  conforms('shut-again');
  conforms('unshut');
  conforms('shut-forgets');
  conforms('stop-up');
  conforms('stop-down');
});

describe('BFD conformance: the Echo function', () => {
  conforms('echo-begins');
  conforms('echo-not-up');
  conforms('echo-returns');
  conforms('echo-lost');
  conforms('echo-never-returned');
  conforms('echo-does-not-return');
  conforms('echo-withdrawn');
  conforms('echo-slower-peer');
  conforms('echo-peer-restarts');
  conforms('echo-forgotten');
  conforms('echo-shut');
  conforms('echo-configured');
  conforms('echo-late');
  conforms('echo-control-silence');
  conforms('echo-paused');
  conforms('echo-other-way');
});

describe('BFD conformance cases', () => {
  it('are all run', () => {
    assert.deepEqual(cases.declaredNames(), cases.caseNames());
  });
});
