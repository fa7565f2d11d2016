/** What operators see of sessions: the objects of `mainstay status` and the answer of `mainstay explain`. Pure reading. */
import type { Contributor, Explanation, ObjectStatus } from '@mainstay/sdk';
import { diagnosticName } from './packet.js';
import type { Session } from './session.js';
import { detectionMs, echoDetectionMs, echoIntervalUs, rhythmOf } from './timing.js';
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
      echo: echoStatus(session),
      required_min_echo_rx_ms: (config.minEchoRxUs ?? 0) / 1000,
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
    moments: ['at'],
  };
}

/** Null where the Echo function is not configured at all. */
function echoStatus({ config, state, echoCounters }: Session) {
  if (config.echo === undefined && config.minEchoRxUs === undefined) return null;
  const { sent, returned, looped, withheld } = echoCounters;
  const intervalUs = echoIntervalUs(state, config);
  return {
    phase: state.echo?.phase ?? 'off',
    via: config.echo === undefined ? null : config.echoVia,
    interval_ms: intervalUs === undefined ? null : intervalUs / 1000,
    detection_ms: state.echo?.isTrusted === true ? (echoDetectionMs(state, config) ?? null) : null,
    remote_required_min_echo_rx_ms: (state.echo?.remoteMinRxUs ?? 0) / 1000,
    sent,
    returned,
    lost: Math.max(0, sent - returned),
    looped,
    withheld,
  };
}

/** What the Echo function does now, and why. */
function echoContributors({ config, state, echoCounters }: Session): readonly Contributor[] {
  if (config.echo === undefined) return [];
  const source = `echo_interval ${config.echo.intervalUs / 1000}`;
  const tell = (effect: string, why: string): Contributor[] => [{ of: 'echo', source, effect, why }];
  const { phase = 'off', remoteMinRxUs = 0, isTrusted = false } = state.echo ?? {};
  if (phase === 'off') {
    return tell(
      'sends nothing',
      state.kind === 'up' && remoteMinRxUs === 0 ? 'the peer loops nothing back' : 'the session is not up',
    );
  }
  const rate = `every ${(echoIntervalUs(state, config) ?? 0) / 1000} ms`;
  const { sent, returned } = echoCounters;
  const counted = `${sent} sent, ${returned} came back`;
  if (phase === 'working') return tell(`down after ${echoDetectionMs(state, config)} ms without one`, `sent ${rate}: ${counted}`);
  const why = isTrusted
    ? 'they came back before, so their silence is a failure'
    : 'none has ever come back: their silence means nothing';
  return tell(`sends ${rate}`, `${counted}; ${why}`);
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
    contributors: [changed, ...broken, ...shut, told, ...time, ...echoContributors(session)],
  };
}
