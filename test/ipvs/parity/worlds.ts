/** All worlds of the parity tests. */
import { checkers } from './checkers.js';
import { corpus } from './corpus.js';
import { reloads } from './reloads.js';
import type { World } from './world.js';

export const worlds: readonly World[] = [corpus, reloads, checkers];
