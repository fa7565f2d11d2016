/** Checker blocks of a real server as requests to the checking loop: who is asked, how often, with what patience. Pure. */
import type { CheckerFacts, CheckTiming, CommonCheckerConfig, Endpoint, NetworkCheckerConfig, Plugged } from '@mainstay/sdk';
import type { RealServerValue, VirtualServerValue } from './config.js';
import type { PlannedCheck } from './model.js';
import { Same } from './same.js';

/** keepalived.conf(5), milliseconds. */
export const defaultTiming = { delayLoopMs: 60_000, timeoutMs: 5_000, delayBeforeRetryMs: 1_000, retry: 1 } as const;

/** Where the blocks stand. */
export interface CheckPlace {
  /** Keys of both servers, for ids that a reload does not change. */
  readonly virtualKey: string;
  readonly realKey: string;
  readonly virtualServer: string;
  readonly realServer: string;
  readonly address: string;
  /** 0 where nobody says. */
  readonly port: number;
}

type Inherited = Pick<
  RealServerValue,
  'delay_loop' | 'warmup' | 'retry' | 'rise' | 'delay_before_retry' | 'connect_timeout' | 'virtualhost' | 'alpha'
>;

/** From the virtual server to the real server; the checkers' own come on top. */
export function inherited(virtual: VirtualServerValue, real: RealServerValue): Inherited {
  return {
    delay_loop: real.delay_loop ?? virtual.delay_loop,
    warmup: real.warmup ?? virtual.warmup,
    retry: real.retry ?? virtual.retry,
    rise: real.rise ?? virtual.rise,
    delay_before_retry: real.delay_before_retry ?? virtual.delay_before_retry,
    connect_timeout: real.connect_timeout ?? virtual.connect_timeout,
    virtualhost: real.virtualhost ?? virtual.virtualhost,
    alpha: real.alpha ?? virtual.alpha,
  };
}

export function plannedChecks(
  place: CheckPlace,
  blocks: readonly Plugged[],
  defaults: Inherited,
  logsAllFailures: boolean,
): readonly PlannedCheck[] {
  return blocks.map((block, i) => {
    let n = 1;
    for (let before = 0; before < i; before++) if (blocks[before]?.keyword === block.keyword) n++;
    const facts = block.facts as CheckerFacts;
    const config = block.value as CommonCheckerConfig & Partial<NetworkCheckerConfig>;
    const isAlpha = config.alpha ?? defaults.alpha ?? false;
    return {
      id: [place.virtualKey, place.realKey, block.keyword, n].join(' '),
      identity: { checker: block.keyword, virtualServer: place.virtualServer, realServer: place.realServer },
      target: targetOf(place, facts.target === 'none' ? {} : config),
      config: sameConfig.of(block.value as Readonly<Record<string, unknown>>),
      ...(defaults.virtualhost === undefined ? {} : { virtualHost: defaults.virtualhost }),
      timing: sameTiming.of(timingOf(config, defaults, facts.defaults)),
      initial: isAlpha ? 'down' : 'up',
      ...((config.log_all_failures ?? logsAllFailures) && { logsAllFailures: true }),
    };
  });
}

const sameConfig = new Same<Readonly<Record<string, unknown>>>();
const sameTiming = new Same<CheckTiming>();

function timingOf(
  own: CommonCheckerConfig & Partial<NetworkCheckerConfig>,
  above: Inherited,
  { retry, delayBeforeRetryMs }: CheckerFacts['defaults'],
): CheckTiming {
  const delayLoopMs = own.delay_loop ?? above.delay_loop ?? defaultTiming.delayLoopMs;
  const pause = delayBeforeRetryMs === 'delay_loop' ? delayLoopMs : delayBeforeRetryMs;
  const rise = own.rise ?? above.rise;
  return {
    delayLoopMs,
    warmupMs: own.warmup ?? above.warmup ?? delayLoopMs,
    retry: own.retry ?? above.retry ?? retry ?? defaultTiming.retry,
    ...(rise !== undefined && { rise }),
    delayBeforeRetryMs: own.delay_before_retry ?? above.delay_before_retry ?? pause ?? defaultTiming.delayBeforeRetryMs,
    timeoutMs: own.connect_timeout ?? above.connect_timeout ?? defaultTiming.timeoutMs,
  };
}

function targetOf({ address, port }: CheckPlace, own: Partial<NetworkCheckerConfig>): Endpoint {
  const plain: Endpoint = { address: own.connect_ip ?? address, port: own.connect_port ?? port };
  const { bind_if: link, bindto: localAddress, bind_port: localPort, fwmark: mark = 0 } = own;
  if (link === undefined && localAddress === undefined && localPort === undefined && mark === 0) return plain;
  return {
    ...plain,
    ...(link === undefined ? {} : { link }),
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(localPort === undefined ? {} : { localPort }),
    ...(mark === 0 ? {} : { mark }),
  };
}
