/**
 * The servers that checkers find in a simulation: which hosts there are, what listens on them, how it behaves. They are reached
 * whatever the simulated network looks like; the ports tcp, tls, udp and icmp of every simulated process see the same ones.
 */
import type { Clock } from '@mainstay/sdk';
import type { Caller, Serve } from './peer.js';
import type { ServerTls } from './tls.js';

/** What becomes of packets to a host. `silent`: nothing ever comes back. `unreachable`: EHOSTUNREACH after three seconds. */
export type HostState = 'up' | 'silent' | 'unreachable';

export interface HostBehaviour {
  /** Default `up`. */
  readonly state?: HostState;
  /** Milliseconds that a packet takes, one way. Default 0.1. */
  readonly delayMs?: number;
  /** Whether it answers ICMP echo. Default true. */
  readonly answersEcho?: boolean;
}

export interface TcpBehaviour {
  readonly tls?: ServerTls;
}

/** The answer to a datagram: none, one, or several. */
export type Respond = (datagram: Uint8Array, caller: Caller) => Uint8Array | undefined | readonly Uint8Array[];

export interface TcpServer extends TcpBehaviour {
  readonly serve: Serve;
}

const key = (address: string, port: number) => `${address} ${port}`;

export class SimulatedServers {
  readonly #hosts = new Map<string, Required<HostBehaviour>>();
  readonly #tcp = new Map<string, TcpServer>();
  readonly #udp = new Map<string, Respond>();
  /** Who connected, in order. */
  readonly callers: (Caller & { readonly address: string; readonly port: number })[] = [];
  /** Connections and datagram sockets that no client has closed. */
  open = 0;

  constructor(readonly clock: Clock) {}

  /** What the host is like from now on. One that was never named is silent. */
  host(address: string, { state = 'up', delayMs = 0.1, answersEcho = true }: HostBehaviour = {}): void {
    this.#hosts.set(address, { state, delayMs, answersEcho });
  }

  /** Listens, in place of what listened there; the host is up where it was not named. Every other port refuses. */
  tcp(address: string, port: number, serve: Serve, behaviour: TcpBehaviour = {}): void {
    if (!this.#hosts.has(address)) this.host(address);
    this.#tcp.set(key(address, port), { serve, ...behaviour });
  }

  udp(address: string, port: number, respond: Respond): void {
    if (!this.#hosts.has(address)) this.host(address);
    this.#udp.set(key(address, port), respond);
  }

  /** Nothing listens there any more; connections that are open stay. */
  stop(address: string, port: number): void {
    this.#tcp.delete(key(address, port));
    this.#udp.delete(key(address, port));
  }

  hostAt(address: string): Required<HostBehaviour> {
    return this.#hosts.get(address) ?? { state: 'silent', delayMs: 0, answersEcho: false };
  }
  tcpAt(address: string, port: number): TcpServer | undefined {
    return this.#tcp.get(key(address, port));
  }
  udpAt(address: string, port: number): Respond | undefined {
    return this.#udp.get(key(address, port));
  }
}
