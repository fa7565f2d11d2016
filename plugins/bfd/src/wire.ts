/**
 * The sockets of BFD. Ears: one for each port and family, shared by every session there, which hears by its discriminator; a first
 * packet, which cannot know that yet, goes by its addresses. Mouths: one for each session, for each speaks from a port of its own.
 * Used by session.ts.
 */
import { type Family, type HeardPacket, messageOf, type PacedSocket, PortError, type Ports, type Watch } from '@mainstay/sdk';
import { decodeControl, trafficClass } from './packet.js';
import type { SessionConfig } from './session-config.js';
import { openSpeaker } from './source-port.js';

/** What a session hears with. */
export interface Listener {
  readonly discriminator: number;
  /** Where its packets come from. */
  readonly neighbour: string;
  /** Whether a packet that knows no discriminator of this side is for the session. */
  isMeant(packet: HeardPacket): boolean;
  /** It names the address that it is spoken to at: such a packet is rather for it than for one that takes any. */
  readonly hasSource: boolean;
  onPacket(packet: HeardPacket): void;
  /** `hasSaid`: the session has said so already (`Pulse`). */
  onSilence(hasSaid: boolean): void;
}

/** Packets that belong to no session. */
export interface StrayCounters {
  malformed: number;
  unknownDiscriminator: number;
  unknownPeer: number;
  /** Of a flood, those that nobody has looked at. */
  untold: number;
}

/** Your Discriminator. */
const discriminatorAt = { offset: 8, length: 4 } as const;
/** On every link: where a session's packets come in is the business of routing. */
const everyLink = 0;

type PacemakerPort = Ports['pacemaker'];

class Ear {
  /** By neighbour: there may be a thousand, and as many first packets. */
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly socket: PacedSocket;

  constructor(
    pacemaker: PacemakerPort,
    family: Family,
    port: number,
    private readonly strays: Omit<StrayCounters, 'untold'>,
    onError: (message: string) => void,
  ) {
    this.socket = pacemaker.open({
      transport: { kind: 'udp', family, port, hopLimit: 255, trafficClass },
      link: everyLink,
      key: discriminatorAt,
      onPacket: (packet) => this.stray(packet),
      onError: (error) => onError(messageOf(error)),
    });
  }

  get isUnused(): boolean {
    return this.listeners.size === 0;
  }

  attach(listener: Listener): Watch {
    const { discriminator: key, neighbour } = listener;
    const others = this.listeners.get(neighbour) ?? new Set();
    this.listeners.set(neighbour, others.add(listener));
    return this.socket.watch({
      key,
      onPacket: (packet) => listener.onPacket(packet),
      onSilence: (_at, hasActed) => listener.onSilence(hasActed),
    });
  }

  detach(listener: Listener): void {
    const others = this.listeners.get(listener.neighbour);
    others?.delete(listener);
    if (others?.size === 0) this.listeners.delete(listener.neighbour);
  }

  get untold(): number {
    return this.socket.untold;
  }

  close(): void {
    this.socket.close();
  }

  private stray(packet: HeardPacket): void {
    const decoded = decodeControl(packet.payload);
    if (!decoded.ok) this.strays.malformed++;
    else if (decoded.packet.yourDiscriminator !== 0) this.strays.unknownDiscriminator++;
    else {
      const meant = [...(this.listeners.get(packet.source) ?? [])].filter((one) => one.isMeant(packet));
      const listener = meant.find(({ hasSource }) => hasSource) ?? meant[0];
      if (listener === undefined) this.strays.unknownPeer++;
      else listener.onPacket(packet);
    }
  }
}

/** A session's hold on an ear. */
export interface Hearing {
  readonly watch: Watch;
  detach(): void;
}

export class Wires {
  private readonly ears = new Map<string, Ear>();
  private readonly counted = { malformed: 0, unknownDiscriminator: 0, unknownPeer: 0 };
  private untoldBefore = 0;

  constructor(
    private readonly pacemaker: PacemakerPort,
    /** A number in these bounds, drawn anew each time. */
    private readonly draw: (least: number, most: number) => number,
    private readonly onError: (message: string) => void,
  ) {}

  get strays(): StrayCounters {
    const untold = [...this.ears.values()].reduce((sum, ear) => sum + ear.untold, this.untoldBefore);
    return { ...this.counted, untold };
  }

  /** Throws PortError where the port is taken by another program. */
  hear(family: Family, port: number, listener: Listener): Hearing {
    const key = `${port}/${family}`;
    const ear = this.ears.get(key) ?? this.open(family, port);
    this.ears.set(key, ear);
    const watch = ear.attach(listener);
    return {
      watch,
      detach: () => {
        watch.close();
        ear.detach(listener);
        if (!ear.isUnused || this.ears.get(key) !== ear) return;
        this.ears.delete(key);
        this.untoldBefore += ear.untold;
        ear.close();
      },
    };
  }

  /**
   * `link`: index of the link that the session is bound to, 0: none. `before`: the port that the session spoke from, which it keeps.
   * Throws PortError where the address or the link is missing.
   */
  speak(config: SessionConfig, link: number, before: number | undefined, onError: (message: string) => void): Mouth {
    const { family, source, hopLimit } = config;
    const speaker = openSpeaker(this.pacemaker, this.draw, {
      transport: { family, hopLimit, trafficClass, ...(source !== undefined && { address: source }) },
      link,
      before,
      onError: (error) => onError(messageOf(error)),
    });
    return { ...speaker, link };
  }

  private open(family: Family, port: number): Ear {
    try {
      return new Ear(this.pacemaker, family, port, this.counted, this.onError);
    } catch (error) {
      if (!(error instanceof PortError) || error.errno !== 'EADDRINUSE') throw error;
      throw new PortError(
        `UDP port ${port} of IPv${family} is taken by another program: no session over it can hear its peer [EADDRINUSE]`,
        error.errno,
        `find it with "ss -lunp sport = :${port}"; two BFD daemons cannot share a network namespace`,
      );
    }
  }
}

/** What a session speaks with. */
export interface Mouth {
  readonly socket: PacedSocket;
  readonly port: number;
  readonly link: number;
}
