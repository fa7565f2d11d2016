/**
 * The port `pacemaker` on timers of the event loop: what the simulator runs on, and a host where the native thread cannot run. It
 * keeps the contract in all but one thing: time waits for JavaScript.
 */
import type { PacedSocket, PacedSocketOptions, Pacemaker, PacemakerStatus } from '@mainstay/sdk';
import { ClockSocket, type Surroundings } from './socket.js';
import { type Places, UdpOverRawIp } from './udp.js';

export class ClockPacemaker implements Pacemaker {
  readonly #sockets = new Set<ClockSocket>();
  readonly #around: Surroundings;

  constructor(
    around: Omit<Surroundings, 'udp'> & Places,
    /** Why no thread keeps time here, for the operator. */
    private readonly why: string,
  ) {
    this.#around = { ...around, udp: new UdpOverRawIp(around.rawIp, around) };
  }

  status(): PacemakerStatus {
    const sockets = [...this.#sockets];
    const count = (of: (socket: ClockSocket) => number) => sockets.reduce((sum, socket) => sum + of(socket), 0);
    return {
      by: 'javascript',
      why: this.why,
      beacons: count(({ beacons }) => beacons.size),
      watches: count(({ watchCount }) => watchCount),
      packetsLost: 0,
    };
  }

  open(options: PacedSocketOptions): PacedSocket {
    const socket = new ClockSocket(options, this.#around, (closed) => void this.#sockets.delete(closed));
    this.#sockets.add(socket);
    return socket;
  }

  close(): void {
    for (const socket of [...this.#sockets]) socket.close();
  }
}
