/** The programs under measurement behind one interface: what every benchmark starts, kills, reloads and asks for its processes. */
import { ConfRouter } from './conf-router.js';
import { FrrRouter } from './frr-router.js';
import type { BenchHost } from './net.js';
import { virtualAddress } from './net.js';

/** `keepalived-rt`: keepalived with its real-time options, which are off by default. */
export const kinds = ['mainstay', 'keepalived', 'keepalived-rt', 'frr'] as const;
/** BIRD has BFD, and no VRRP. */
export const programs = [...kinds, 'bird'] as const;
export type Kind = (typeof programs)[number];

/** One virtual router. */
export interface Instance {
  readonly link: number;
  readonly vrid: number;
  readonly address: string;
  /** One more that is not advertised. Not for FRR. */
  readonly excluded?: string;
}

export interface Plan {
  readonly kind: Kind;
  readonly host: BenchHost;
  readonly version: 2 | 3;
  readonly intervalMs: number;
  readonly priority: number;
  readonly instances: readonly Instance[];
  /** A BFD session with the router at this address, 10 ms x 3, which says when that is lost. Mainstay only. */
  readonly hintOf?: string;
  /** Text of a hook file in TypeScript. Mainstay only. */
  readonly hook?: string;
}

export interface Router {
  readonly plan: Plan;
  /** Starts the daemon; answers when, milliseconds since the epoch. Does not wait for it. */
  start(): Promise<number>;
  /** The first process of each of its trees. */
  readonly roots: readonly number[];
  /** Throws with what is known when the daemon has ended. */
  assertRunning(): void;
  /** Resolves when it hears adverts. */
  listens(): Promise<void>;
  /** Reads the same configuration again, or another one; answers when it was asked to. */
  reload(instances?: readonly Instance[]): number;
  /** Ends as a service manager ends it; answers when it was asked to. Resolves at once. */
  terminate(): number;
  /** SIGKILL for all its processes, with or without a goodbye of the kernel; resolves when they are gone. */
  kill(): Promise<void>;
  /** Kills what runs and removes what it left on the host. */
  cleanUp(): Promise<void>;
}

export function router(plan: Plan): Router {
  return plan.kind === 'frr' ? new FrrRouter(plan) : new ConfRouter(plan);
}

/** Instances spread over links, `perLink` each, VRIDs from 1. */
export function instances(links: number, perLink: number): Instance[] {
  return Array.from({ length: links * perLink }, (_, i) => {
    const link = Math.floor(i / perLink);
    const vrid = (i % perLink) + 1;
    return { link, vrid, address: virtualAddress(link, vrid) };
  });
}
