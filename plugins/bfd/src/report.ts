/** What operators see of sessions: the objects of `mainstay status` and the answer of `mainstay explain`. Pure reading. */
import type { Contributor, Explanation, ObjectStatus } from '@mainstay/sdk';
import { diagnosticName } from './packet.js';
import type { Session } from './session.js';
import { detectionMs, rhythmOf } from './timing.js';
import type { StrayCounters } from './wire.js';

const kind = 'bfd_instance';

/** `strays`: packets that belong to no session. */
export function objectStatus(session: Session, strays: StrayCounters): ObjectStatus {
  const { config, state, chronicle, fault } = session;
  const rhythm = rhythmOf(state, config);
  return {
    kind,
    name: config.name,
    state: state.kind,
    summary: {
      neighbour: config.neighbour,
      remote_state: state.remoteDiscriminator === 0 ? null : state.remoteState,
      tx_ms: rhythm === undefined ? null : rhythm.intervalUs / 1000,
      detection_ms: state.remoteMultiplier === 0 ? null : detectionMs(state),
      diagnostic: diagnosticName(state.diagnostic),
    },
    detail: {
      source: config.source ?? null,
      source_port: session.sourcePort ?? null,
      port: config.port,
      local_discriminator: state.localDiscriminator,
      remote_discriminator: state.remoteDiscriminator,
      remote_diagnostic: diagnosticName(chronicle.remoteDiagnostic),
      desired_min_tx_ms: state.desiredTxUs / 1000,
      required_min_rx_ms: state.requiredRxUs / 1000,
      multiplier: config.multiplier,
      remote_desired_min_tx_ms: state.remoteDesiredTxUs / 1000,
      remote_required_min_rx_ms: state.remoteMinRxUs / 1000,
      remote_multiplier: state.remoteMultiplier,
      remote_demand: state.isRemoteDemanding,
      polling: state.poll !== 'none',
      passive: config.isPassive,
      authentication: config.authentication?.type ?? null,
      clients: config.clients,
      weight: config.weight?.value ?? null,
      weight_reversed: config.weight?.isReversed ?? false,
      client_decision: { act: chronicle.decision.act, why: chronicle.decision.why },
      faults: fault === undefined ? [] : [fault],
      last_change: { from: chronicle.last.from, to: chronicle.last.to, why: chronicle.last.why, at: chronicle.last.at },
      statistics: { ...session.statistics, dropped: { ...session.statistics.dropped } },
      strays: { ...strays },
    },
  };
}

export function explain(session: Session): Explanation {
  const { config, state, chronicle, fault } = session;
  const { last, decision } = chronicle;
  const changed: Contributor = {
    of: 'state',
    source: config.neighbour,
    effect: `became ${last.to}`,
    why: `${last.why} (${diagnosticName(last.diagnostic)})`,
    since: last.at,
  };
  const broken: Contributor[] =
    fault === undefined ? [] : [{ of: 'state', source: 'fault', effect: 'cannot come up', why: fault }];
  const shut: Contributor[] = config.isShut
    ? [{ of: 'state', source: 'admin_down', effect: 'keeps the session down', why: 'configured' }]
    : [];
  const told: Contributor = {
    of: 'clients',
    source: decision.by.length === 0 ? 'bfd' : decision.by.join(', '),
    effect: decision.act ? 'act on the last change' : 'leave the last change alone',
    why: decision.why,
  };
  const time: Contributor[] =
    state.remoteMultiplier === 0
      ? []
      : [
          {
            of: 'detection_ms',
            source: config.neighbour,
            effect: `${detectionMs(state)} ms`,
            why: `its multiplier ${state.remoteMultiplier}, times the slower of what it sends (${state.remoteDesiredTxUs / 1000} ms) and what is asked of it (${state.usedRxUs / 1000} ms)`,
          },
        ];
  return {
    kind,
    name: config.name,
    state: state.kind,
    because: fault ?? last.why,
    contributors: [changed, ...broken, ...shut, told, ...time],
  };
}
