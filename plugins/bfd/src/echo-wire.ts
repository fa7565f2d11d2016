/**
 * The sockets of the Echo function: frames with echo packets, one socket for each link and family; the port on which echo packets of peers
 * are looped back, one for each family; a socket for each session that speaks to the daemon of its peer. Used by session.ts.
 */
import { addressBytes, type Family, messageOf, type PacedSocket, type Ports, type Watch } from '@mainstay/sdk';
import { daemonPath, type EchoPath, forwardingPath, openEchoFrames, returnedHopLimit, type Standpoint } from './echo-path.js';
import { echoPort, trafficClass } from './packet.js';
import type { SessionConfig } from './session-config.js';
import { openSpeaker } from './source-port.js';

const everyLink = 0;
/** Section 6.8.9 lets a peer send packets a quarter early, and one between two turns. A few that were held up come together. */
const returnShare = 0.75;
const returnBurst = 4;
/** Echo packets are small, whoever makes them: longer ones are no matter of BFD. */
const longestEcho = 512;

type PacemakerPort = Ports['pacemaker'];

interface Shared {
  readonly socket: PacedSocket;
  users: number;
}

/** What a session's path is opened with. */
export interface EchoEnds {
  readonly config: SessionConfig;
  readonly standpoint: Standpoint;
  readonly discriminator: number;
  onWay(): void;
  onError(message: string): void;
}

/** Loops back what one peer sends. */
export interface Mirror {
  readonly watch: Watch;
  close(): void;
}

export class EchoWires {
  readonly #shared = new Map<string, Shared>();

  constructor(
    private readonly pacemaker: PacemakerPort,
    /** A number in these bounds, drawn anew each time. */
    private readonly draw: (least: number, most: number) => number,
    private readonly onError: (message: string) => void,
  ) {}

  /** Throws PortError where the kernel refuses. */
  path(ends: EchoEnds): EchoPath {
    const { config, standpoint } = ends;
    const onError = (error: Error) => ends.onError(messageOf(error));
    if (config.echoVia === 'daemon') return daemonPath(this.#speaker(standpoint, config.family, onError), config);
    const { link } = standpoint;
    const what = `frames ${link}/${config.family}`;
    const open = () => openEchoFrames(this.pacemaker, link, config.family, (error) => this.onError(messageOf(error)));
    const frames = this.#take(what, open);
    const drain = this.#drain(config.family);
    const leave = () => {
      this.#leave(what);
      drain();
    };
    try {
      return forwardingPath({ ...ends, pacemaker: this.pacemaker, frames, onError, onClose: leave });
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Opens the port of mirrors, until the answer is called. Throws PortError, such as where another program has it. */
  openPort(family: Family): () => void {
    const what = `mirror ${family}`;
    this.#take(what, () => this.#openMirror(family));
    return () => this.#leave(what);
  }

  /** What comes from the neighbour by the link where its control packets do. Throws PortError, such as where another program has the port. */
  mirror({ family, neighbour }: SessionConfig, { link, own }: Standpoint, minRxUs: number): Mirror {
    const what = `mirror ${family}`;
    const socket = this.#take(what, () => this.#openMirror(family));
    const watch = socket.watch({
      key: lastFour(neighbour),
      // Off the link nobody can send with 255 and arrive so (RFC 5082).
      // Another session with this neighbour has another address here: each packet goes back once.
      filter: { source: neighbour, destination: own, link, hopLimit: [255, 255], length: [1, longestEcho] },
      returns: { everyUs: Math.round(minRxUs * returnShare), burst: returnBurst },
      onPacket: () => {},
      onSilence: () => {},
    });
    return {
      watch,
      close: () => {
        watch.close();
        this.#leave(what);
      },
    };
  }

  /**
   * The kernel takes what comes back for a datagram to this host, as well; over IPv4 it drops it as a martian. Without a socket it would
   * answer each with an ICMP error to itself.
   */
  #drain(family: Family): () => void {
    if (family === 4) return () => {};
    try {
      return this.openPort(family);
    } catch {
      // Another program has the port: then it is the one to read them.
      return () => {};
    }
  }

  #openMirror(family: Family): PacedSocket {
    return this.pacemaker.open({
      transport: { kind: 'udp', family, port: echoPort, hopLimit: returnedHopLimit, trafficClass },
      link: everyLink,
      key: 'source',
      onError: (error) => this.onError(messageOf(error)),
    });
  }

  #speaker({ own, link }: Standpoint, family: Family, onError: (error: Error) => void): PacedSocket {
    const transport = { family, hopLimit: 255, trafficClass, address: own };
    return openSpeaker(this.pacemaker, this.draw, { transport, link, onError }).socket;
  }

  #take(what: string, open: () => PacedSocket): PacedSocket {
    const shared = this.#shared.get(what) ?? { socket: open(), users: 0 };
    this.#shared.set(what, shared);
    shared.users++;
    return shared.socket;
  }

  #leave(what: string): void {
    const shared = this.#shared.get(what);
    if (shared === undefined || --shared.users > 0) return;
    this.#shared.delete(what);
    shared.socket.close();
  }
}

/** The key `source` of an address. */
function lastFour(address: string): number {
  return addressBytes(address)
    .slice(-4)
    .reduce((sum, byte) => sum * 256 + byte, 0);
}
