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

/** What both configuration files say, and the priority of b. */
const intervalMs = 100;
const priorityOfB = 100;
export const probeEveryMs = 10;

/** RFC 9568 section 6.1: 3 intervals and the skew time; the client may have been answered last one probe spacing earlier. */
export const boundMs = 3 * intervalMs + ((256 - priorityOfB) * intervalMs) / 256 + probeEveryMs;

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
export async function tell(stage: Stage, timeline: Timeline): Promise<boolean> {
  const { client } = timeline;
  const pause = (ms: number) => {
    const end = timeline.now() + ms;
    return stage.until(() => timeline.now() >= end, ms + 1000);
  };
  for (const router of routers) {
    timeline.say(`router ${router}`, 'power on');
    await stage.boot(router);
  }
  if (!(await stage.until(() => client.answeredBy === 'a', 15_000))) return giveUp(timeline, 'router a never answered');
  await pause(2500);

  timeline.say('power', 'router a loses its power', 'bad');
  client.mark();
  await stage.cutPower('a');
  if (!(await stage.until(() => client.answeredBy === 'b', 5_000))) return giveUp(timeline, 'router b never took over');
  const failover = client.outage();
  await pause(2500);

  timeline.say('router a', 'power on again');
  client.mark();
  await stage.boot('a');
  if (!(await stage.until(() => client.answeredBy === 'a', 15_000))) return giveUp(timeline, 'router a never took back');
  const handBack = client.outage();
  await pause(500);

  timeline.sumUp(failover, handBack, boundMs);
  return failover.lost > 0;
}

function giveUp(timeline: Timeline, why: string): false {
  timeline.say('failed', why, 'bad');
  return false;
}
