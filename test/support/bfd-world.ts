/** What scenarios of BFD have in common: Mainstay with a peer on a network that is watched, its one session, and the end of it all. */
import type { BfdPeer } from './bfd-peers.js';
import type { Capture } from './capture.js';
import type { Lan } from './netns.js';
import type { Daemon } from './peers.js';

export interface BfdWorld {
  readonly lan: Lan;
  readonly capture: Capture;
  readonly peer: BfdPeer;
  readonly mainstay: Daemon;
}

export async function closeBfdWorld({ mainstay, peer, capture, lan }: BfdWorld): Promise<void> {
  if (mainstay.process.isRunning) await mainstay.crash();
  await peer.crash();
  await capture.stop();
  lan.destroy();
}

/** The first object of the status, which is the session; undefined while the daemon does not answer. */
export async function firstObject<T>(daemon: Daemon): Promise<T | undefined> {
  const { objects } = (await daemon.ask('/v1/status').catch(() => ({ objects: [] }))) as { objects: readonly T[] };
  return objects[0];
}
