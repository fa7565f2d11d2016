/**
 * What a contract suite knows of its world: two hosts on one LAN whose ports it drives, and ways to act from outside. Each
 * suite runs in the simulated world and in one of Linux namespaces; everything is asynchronous, because there the ports
 * live in another process.
 */
import type {
  AddressKey,
  ChangeResult,
  InterfaceAddress,
  Link,
  NewAddress,
  NewRoute,
  OutgoingPacket,
  PacemakerStatus,
  RawIpCounters,
  RawIpPacket,
  Route,
} from '@mainstay/sdk';
import type { PacedCall } from './paced-bench.js';

export interface SeenEvent {
  readonly of: 'link' | 'address' | 'route';
  readonly kind: 'added' | 'changed' | 'removed';
  /** Name of the link, address, or destination. */
  readonly what: string;
}

/** The ports of one host. Sockets go by number. */
export interface PortDriver {
  links(): Promise<readonly Link[]>;
  addresses(): Promise<readonly InterfaceAddress[]>;
  linkByName(name: string): Promise<Link | undefined>;
  linkByIndex(index: number): Promise<Link | undefined>;
  address(key: AddressKey): Promise<InterfaceAddress | undefined>;
  addressesOn(link: number): Promise<readonly InterfaceAddress[]>;
  routes(): Promise<readonly Route[]>;
  /** Everything the watchers heard, in order. */
  events(): Promise<readonly SeenEvent[]>;
  addAddresses(addresses: readonly NewAddress[]): Promise<readonly ChangeResult[]>;
  removeAddresses(keys: readonly AddressKey[]): Promise<readonly ChangeResult[]>;
  addRoutes(routes: readonly NewRoute[]): Promise<readonly ChangeResult[]>;
  removeRoutes(routes: readonly NewRoute[]): Promise<readonly ChangeResult[]>;
  refuse(set: string, addresses: readonly string[]): Promise<ChangeResult>;

  openRaw(family: 4 | 6, protocol: number, link: number): Promise<number>;
  join(socket: number, group: string): Promise<void>;
  leave(socket: number, group: string): Promise<void>;
  sendRaw(socket: number, packet: OutgoingPacket): Promise<void>;
  packets(socket: number): Promise<readonly RawIpPacket[]>;
  counters(socket: number): Promise<RawIpCounters>;
  openFrames(link: number, etherType: number, receives: boolean): Promise<number>;
  sendFrame(socket: number, frame: Uint8Array): Promise<void>;
  sendFrames(socket: number, frames: readonly Uint8Array[]): Promise<void>;
  frames(socket: number): Promise<readonly Uint8Array[]>;
  /** Messages of the errors that a socket reported. */
  errors(socket: number): Promise<readonly string[]>;
  closeSocket(socket: number): Promise<void>;

  /** Calls of the port `pacemaker`, made within one turn of the event loop; answers what each answered. */
  pace(calls: readonly PacedCall[]): Promise<readonly unknown[]>;

  /** Arms timers at once; answers how late each fired (milliseconds, negative: early), in the order they fired. */
  timers(delays: readonly number[]): Promise<readonly { readonly delay: number; readonly late: number }[]>;
  /** Arms two timers and cancels the first; true where only the second fired. */
  cancels(): Promise<boolean>;
}

export interface WorldHost {
  readonly ports: PortDriver;
  /** Its one link to the LAN. */
  readonly link: string;
  setLink(state: 'up' | 'down'): Promise<void>;
  /** The cable of that link. */
  setCarrier(hasCarrier: boolean): Promise<void>;
  removeLink(): Promise<void>;
  /** SIGSTOP and SIGCONT to the process that holds the ports. */
  stop(): void;
  resume(): void;
  /** `ip address add|delete ADDRESS/LENGTH`, by somebody else. */
  assign(prefix: string): Promise<void>;
  unassign(prefix: string): Promise<void>;
  /** The hardware address that it knows for a neighbour on that link. */
  neighbour(address: string): Promise<string | undefined>;
  /** What the packet filter holds of ours, one for each set. */
  filters(): Promise<readonly string[]>;
}

export interface World {
  readonly a: WorldHost;
  readonly b: WorldHost;
  /** Who keeps time for its pacemakers. */
  readonly timeBy: PacemakerStatus['by'];
  /** Lets time pass until `check` holds; rejects after some seconds with what was waited for. */
  eventually(what: string, check: () => Promise<boolean>): Promise<void>;
  /** Lets so much time pass that whatever is under way has arrived. */
  quiet(): Promise<void>;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  /** Drives a promise that needs time to pass. */
  drive<Result>(promise: Promise<Result>): Promise<Result>;
  destroy(): Promise<void>;
}

export interface WorldMaker {
  readonly name: string;
  make(): Promise<World>;
}

/** The LAN link of a host. */
export async function lanLink({ ports, link }: WorldHost): Promise<Link> {
  const found = (await ports.links()).find(({ name }) => name === link);
  if (found === undefined) throw new Error(`the host has no link ${link}`);
  return found;
}
