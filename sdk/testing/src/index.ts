/** @mainstay/testing: test a plugin without a network, without root and without waiting. */
export * from './clock/process-clock.js';
export * from './clock/virtual-clock.js';
export * from './kernel/errno.js';
export * from './kernel/faults.js';
export { type KernelOptions, type LinkPlan, type PingResult, SimulatedKernel } from './kernel/kernel.js';
export * from './kernel/process.js';
export * from './network/conditions.js';
export * from './network/frame.js';
export * from './network/ip-packet.js';
export * from './network/network.js';
export * from './network/segment.js';
export * from './ports/files.js';
export * from './ports/index.js';
export * from './ports/scripts.js';
export * from './random.js';
