/** Steps that the contract suites of the ports to servers have in common. */
import assert from 'node:assert/strict';
import type { Endpoint } from '@mainstay/sdk';
import type { Opened, Settled, StreamKind, Wish } from './socket-driver.js';
import type { SocketWorld } from './socket-world.js';

export function value<Value>(settled: Settled<Value>): Value {
  if (!settled.ok) throw new Error(`${settled.message} [${settled.errno}]`);
  return settled.value;
}

/** The error of something that must not have worked. */
export function failure(settled: Settled<unknown>): { readonly errno: string | undefined; readonly message: string } {
  assert.ok(!settled.ok, 'it should have failed');
  return settled;
}

export function at(world: SocketWorld, port: number, more: Partial<Endpoint> = {}): Endpoint {
  return { address: world.server[4], port, ...more };
}

export async function open(world: SocketWorld, kind: StreamKind | 'udp', to: Endpoint, wish?: Wish): Promise<Opened> {
  return value(await world.drive(world.driver.open(kind, to, wish)));
}

/** Reads until there are so many characters, or the end. */
export async function readText(world: SocketWorld, id: number, length = Number.POSITIVE_INFINITY): Promise<string> {
  let text = '';
  while (text.length < length) {
    const piece = value(await world.drive(world.driver.read(id)));
    if (piece === undefined) break;
    text += piece;
  }
  return text;
}

/** Runs the step and sees to it that no socket is left that was not there before. */
export async function leavesNothing(world: SocketWorld, step: () => Promise<void>): Promise<void> {
  const before = await world.driver.openSockets();
  await step();
  await world.pass(50);
  assert.equal(await world.driver.openSockets(), before, 'sockets that stayed open');
}
