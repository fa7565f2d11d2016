/** What an instance works with and what it tells of itself. Shared by manager.ts, instance.ts and report.ts. */
import type { Run, VrrpReason, VrrpState } from '@mainstay/sdk';
import type { step } from './machine.js';
import type { Neighbours } from './neighbours.js';
import type { Wires } from './wire.js';

/** What instances share. `step` is a parameter so that tests can break the machine and see it noticed. */
export interface Surroundings {
  readonly run: Run;
  readonly wires: Wires;
  readonly neighbours: Neighbours;
  readonly step: typeof step;
}

export interface Transition {
  readonly state: VrrpState;
  readonly reason: VrrpReason;
  readonly detail: string;
  readonly at: number;
}
