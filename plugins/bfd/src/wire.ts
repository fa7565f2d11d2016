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
  /** What comes with a lower one is for `onPacket` all the same, as far as the pacemaker tells of it at all. Undefined: any will do. */
  readonly leastHopLimit: number | undefined;
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

/** A listener on an ear. It may be there twice for a moment: before the former hearing ends, the next has begun. */
interface Heard {
  readonly listener: Listener;
  readonly watch: Watch;
}

class Ear {
  /** One for each hearing. By neighbour: there may be a thousand, and as many first packets. */
  private readonly byNeighbour = new Map<string, Set<Heard>>();
  private readonly byDiscriminator = new Map<number, Heard>();
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
    return this.byNeighbour.size === 0;
  }

  attach(listener: Listener): Heard {
    const { discriminator: key, neighbour, leastHopLimit } = listener;
    const watch = this.socket.watch({
      key,
      ...(leastHopLimit !== undefined && { filter: { hopLimit: [leastHopLimit, 255] } }),
      onPacket: (packet) => listener.onPacket(packet),
      onSilence: (_at, hasActed) => listener.onSilence(hasActed),
    });
    const heard = { listener, watch };
    const others = this.byNeighbour.get(neighbour) ?? new Set();
    this.byNeighbour.set(neighbour, others.add(heard));
    this.byDiscriminator.set(key, heard);
    return heard;
  }

  detach(heard: Heard): void {
    const { discriminator, neighbour } = heard.listener;
    heard.watch.close();
    const others = this.byNeighbour.get(neighbour);
    others?.delete(heard);
    if (others?.size === 0) this.byNeighbour.delete(neighbour);
    if (this.byDiscriminator.get(discriminator) === heard) this.byDiscriminator.delete(discriminator);
  }

  get untold(): number {
    return this.socket.untold;
  }

  close(): void {
    this.socket.close();
  }

  private stray(packet: HeardPacket): void {
    const { payload, source } = packet;
    const refused = this.byDiscriminator.get(discriminatorIn(payload));
    const decoded = decodeControl(payload);
    if (refused !== undefined) refused.listener.onPacket(packet);
    else if (!decoded.ok) this.strays.malformed++;
    else if (decoded.packet.yourDiscriminator !== 0) this.strays.unknownDiscriminator++;
    else {
      const meant = [...(this.byNeighbour.get(source) ?? [])].filter(({ listener }) => listener.isMeant(packet));
      const heard = meant.find(({ listener }) => listener.hasSource) ?? meant[0];
      if (heard === undefined) this.strays.unknownPeer++;
      else heard.listener.onPacket(packet);
    }
  }
}

/** As the watches find it; 0, which is nobody's, where there is none. */
function discriminatorIn(payload: Uint8Array): number {
  const { offset, length } = discriminatorAt;
  if (payload.length < offset + length) return 0;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(offset);
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
    const heard = ear.attach(listener);
    return {
      watch: heard.watch,
      detach: () => {
        ear.detach(heard);
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
