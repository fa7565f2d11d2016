/**
 * The story that is told: two routers start, the master loses its power, the other takes over, the first comes back. The same on
 * every stage: network namespaces (namespaces.ts) and the simulator (simulator.ts). Called by main.ts.
 */
import type { Timeline } from './timeline.js';

export type RouterName = 'a' | 'b';
export const routers: readonly RouterName[] = ['a', 'b'];

export const virtualAddress = '10.77.0.100';
export const clientAddress = '10.77.0.10';
export const routerAddresses: Readonly<Record<RouterName, string>> = { a: '10.77.0.1', b: '10.77.0.2' };

const priorityOfB = 100;
export const probeEveryMs = 10;

/** What the configuration files of both routers say, and what follows. */
export interface Plot {
  /** Of the configuration file, between the name of the router and `.conf`. */
  readonly suffix: string;
  readonly introduction: string;
  /** The longest outage as the client can see it, with its probes. */
  readonly boundMs: number;
  /** What the bound is made of. */
  readonly bound: string;
  /** From the start of the second router until both are as they stay. */
  readonly settleMs: number;
}

const skewOf = (ms: number) => ((256 - priorityOfB) * ms) / 256;

/** RFC 9568 section 6.1: 3 intervals and the skew time. */
const plain: Plot = {
  suffix: '',
  introduction: 'VRRP version 3, an advertisement every 100 ms; router a has priority 150, router b 100.',
  boundMs: 3 * 100 + skewOf(100) + probeEveryMs,
  bound: '3 intervals, skew time, one probe',
  settleMs: 2500,
};

/** docs/decisions/0018: the detection time of BFD and the skew of a hint. So short a time ends between two probes, too. */
const bfd: Plot = {
  suffix: '-bfd',
  introduction: 'VRRP version 2, an advertisement every second, and BFD every 10 ms; router a has priority 150, router b 100.',
  boundMs: 3 * 10 + skewOf(20) + 2 * probeEveryMs,
  bound: '3 intervals of BFD, skew of a hint, two probes; without BFD it would be 3.6 s',
  settleMs: 5000,
};

export const plots = { plain, bfd } as const;

/** Where the story happens. What happens there is told to the timeline. */
export interface Stage {
  /** Powers a router on, with its daemon and its service. */
  boot(router: RouterName): Promise<void>;
  /** Everything that runs on it ends at once, and its cable goes dead. */
  cutPower(router: RouterName): Promise<void>;
  /** Lets time pass until `isSo`, at most `ms`; answers whether it came to be so. */
  until(isSo: () => boolean, ms: number): Promise<boolean>;
  /** Removes everything. */
  close(): Promise<void>;
}

/** Tells the story; answers whether the client really saw both moves of the address. */
export async function tell(stage: Stage, timeline: Timeline, { boundMs, settleMs }: Plot): Promise<boolean> {
  const { client } = timeline;
  const pause = (ms: number) => {
    const end = timeline.now() + ms;
    return stage.until(() => timeline.now() >= end, ms + 1000);
  };
  for (const router of routers) {
    timeline.say(`router ${router}`, 'power on');
    await stage.boot(router);
  }
  if (!(await stage.until(() => client.answeredBy === 'a', 30_000))) return giveUp(timeline, 'router a never answered');
  await pause(settleMs);

  timeline.say('power', 'router a loses its power', 'bad');
  client.mark();
  await stage.cutPower('a');
  if (!(await stage.until(() => client.answeredBy === 'b', 10_000))) return giveUp(timeline, 'router b never took over');
  const failover = client.outage();
  await pause(settleMs);

  timeline.say('router a', 'power on again');
  client.mark();
  await stage.boot('a');
  if (!(await stage.until(() => client.answeredBy === 'a', 30_000))) return giveUp(timeline, 'router a never took back');
  const handBack = client.outage();
  await pause(500);

  timeline.sumUp(failover, handBack, boundMs);
  return failover.lost > 0;
}

function giveUp(timeline: Timeline, why: string): false {
  timeline.say('failed', why, 'bad');
  return false;
}
