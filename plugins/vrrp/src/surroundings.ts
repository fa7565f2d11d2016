/** What an instance works with. Made by manager.ts, used by instance.ts. */
import type { Run } from '@mainstay/sdk';
import type { Afterwards } from './afterwards.js';
import type { step } from './machine.js';
import type { Neighbours } from './neighbours.js';
import type { SessionOf } from './sessions.js';
import type { Wires } from './wire.js';

/** What instances share. `step` is a parameter so that tests can break the machine and see it noticed. */
export interface Surroundings {
  readonly run: Run;
  readonly wires: Wires;
  readonly neighbours: Neighbours;
  readonly afterwards: Afterwards;
  readonly sessionOf: SessionOf;
  readonly step: typeof step;
}
