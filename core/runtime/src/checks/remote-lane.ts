/** A lane that checks and is another process: reached by messages over the supervisor. Made by host-checks.ts. */
import type { CheckReport, Clock } from '@mainstay/sdk';
import { Requests } from '../supervisor/requests.js';
import type { CheckingLane } from './lane-orders.js';
import type { CheckMessage } from './orders.js';
import { packOrder } from './packed-order.js';

/** The lane's own end of the fork channel. */
export interface CheckChannel {
  send(message: CheckMessage): void;
  /** So much waits that it is better to send later. */
  isBusy(): boolean;
}

/** Questions for reports to other lanes that wait for their answers. */
export class ReportRequests {
  readonly #open: Requests<readonly CheckReport[]>;

  constructor(clock: Clock) {
    this.#open = new Requests(clock);
  }

  async ask(send: (id: number) => void, withinMs: number): Promise<readonly CheckReport[]> {
    return (await this.#open.ask(send, withinMs)) ?? [];
  }

  answer(id: number, reports: readonly CheckReport[]): void {
    this.#open.answer(id, reports);
  }
}

export function remoteLane(
  lane: string,
  checkers: ReadonlySet<string>,
  channel: CheckChannel,
  requests: ReportRequests,
): CheckingLane {
  return {
    checkers,
    apply: (plugin, order) => channel.send({ kind: 'checks', lane, plugin, order: packOrder(order) }),
    report: (plugin, ids, withinMs) =>
      requests.ask((id) => {
        channel.send({ kind: 'checksAsked', lane, plugin, id, ...(ids !== undefined && { checks: ids }) });
      }, withinMs),
    isBusy: () => channel.isBusy(),
  };
}
