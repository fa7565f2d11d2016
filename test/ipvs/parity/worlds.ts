/** All worlds of the parity tests. */
import { failures } from './failures.js';
import type { World } from './world.js';

export const worlds: readonly World[] = [failures];
