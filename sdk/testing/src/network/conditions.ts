/** How well a link carries frames. Set on a segment or on one direction between two hosts. */

export interface LinkConditions {
  /** Milliseconds from sender to receiver: fixed, or uniform in a range, which reorders. */
  readonly delayMs: number | readonly [number, number];
  /** Probability 0..1 that a frame is lost on the way to one receiver. */
  readonly loss: number;
  /** Probability 0..1 that a frame arrives twice, each time with its own delay. */
  readonly duplicate: number;
  /** Probability 0..1 that one to three bytes of a frame change behind the Ethernet header. */
  readonly corrupt: number;
}

export type Conditions = Partial<LinkConditions>;

/** 0.1 ms and nothing lost. */
export const perfectLink: LinkConditions = { delayMs: 0.1, loss: 0, duplicate: 0, corrupt: 0 };
