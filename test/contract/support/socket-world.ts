/**
 * What the contract suites of the ports to servers know of their world: one process that has the ports, and servers elsewhere that
 * do what the suite says. Each suite runs in the simulated world and in one of Linux namespaces.
 */
import { after, before, describe } from 'mocha';
import type { Behaviour, WorldTls } from './behaviours.js';
import { linuxSocketWorld } from './linux-socket-world.js';
import { simulatedSocketWorld } from './simulated-socket-world.js';
import type { SocketDriver } from './socket-driver.js';

export interface SocketWorld {
  readonly driver: SocketDriver;
  /** Of the process with the ports. */
  readonly local: { readonly 4: string; readonly 6: string; readonly link: string };
  /** A host with servers. */
  readonly server: { readonly 4: string; readonly 6: string };
  /** Nothing ever comes back from here. */
  readonly silent: string;
  /** No host has this address, and routers say so. */
  readonly unreachable: string;
  serve(port: number, behaviour: Behaviour, tls?: WorldTls): Promise<void>;
  respond(port: number, behaviour: 'echo' | 'silence'): Promise<void>;
  /** Bytes that servers have handed to their kernel. */
  sent(): Promise<number>;
  pass(ms: number): Promise<void>;
  /** Waits for the promise, which needs time to pass. */
  drive<Value>(promise: Promise<Value>): Promise<Value>;
  destroy(): Promise<void>;
}

export interface SocketWorldMaker {
  readonly name: string;
  make(): Promise<SocketWorld>;
}

export const socketWorlds: readonly SocketWorldMaker[] = [simulatedSocketWorld, linuxSocketWorld];

export function describeSocketContract(port: string, suite: (world: () => SocketWorld) => void, makers = socketWorlds): void {
  for (const maker of makers) {
    describe(`${port} (${maker.name})`, function () {
      this.timeout(60_000);
      let world: SocketWorld | undefined;
      before(async () => {
        world = await maker.make();
      });
      after(async () => {
        await world?.destroy();
      });
      suite(() => {
        if (world === undefined) throw new Error('the world could not be made');
        return world;
      });
    });
  }
}
