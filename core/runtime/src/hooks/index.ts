/** The hook bus. tapable is imported in this folder only. */
export { HookBus, type HookBusOptions, type ObserveListener } from './bus.js';
export { didYouMean } from './declaration.js';
export type { RunningTap } from './guard.js';
export type { HookInterest, Interest } from './interest.js';
export { Memory, mostRemembered } from './memory.js';
export type { TapStatus } from './record.js';
export type { Population } from './rights.js';
export { type Gate, type Parked, type Standing, strikesToPark } from './standing.js';
