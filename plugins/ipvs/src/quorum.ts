/** Whether a virtual server has its quorum: a machine with hysteresis. Pure; used by pool.ts. */

export interface QuorumRule {
  readonly quorum: number;
  readonly hysteresis: number;
}

/** `undefined` before the first evaluation. */
export type QuorumState = 'gained' | 'lost' | undefined;

/** `weight`: sum of the weights of the real servers that are up. */
export function nextQuorum(state: QuorumState, { quorum, hysteresis }: QuorumRule, weight: number): 'gained' | 'lost' {
  if (state === 'gained') return weight === 0 || weight < quorum - hysteresis ? 'lost' : 'gained';
  return weight > 0 && weight >= quorum + hysteresis ? 'gained' : 'lost';
}
