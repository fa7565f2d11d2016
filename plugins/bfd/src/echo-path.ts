/**
 * The two ways of an echo packet. `forwarding`: a frame to the neighbour whose IP addresses are both this host's own, so that the
 * neighbour's kernel forwards it back; the neighbour's hardware address is that of its control packets. `daemon`: UDP to the neighbour,
 * whose BFD daemon sends it back. Made by echo-wire.ts, used by echo-pulse.ts.
 */
import {
  addressBytes,
  type BytesRule,
  type HeardPacket,
  macText,
  type PacedPacket,
  type PacedSocket,
  type Ports,
} from '@mainstay/sdk';
import { contentLength, contentOfFrame, discriminatorOffset, echoFrame, etherType, layoutOf } from './echo-packet.js';
import { echoPort, singleHopPort } from './packet.js';
import type { SessionConfig } from './session-config.js';

/** Where the neighbour's control packets come in: the link, and the own address that they are sent to. */
export interface Standpoint {
  readonly link: number;
  readonly own: string;
  /** Hardware address of the link. */
  readonly mac: string;
}

export interface EchoPath {
  /** Sends; hears what comes back, under this key. */
  readonly socket: PacedSocket;
  readonly key?: number;
  readonly filter: {
    readonly source?: string;
    readonly hopLimit?: readonly [number, number];
    readonly length?: readonly [number, number];
  };
  /** Undefined: the way is not known yet. */
  packetOf(content: Uint8Array): PacedPacket | undefined;
  /** Undefined: nothing that has gone this way. */
  contentOf(heard: HeardPacket): Uint8Array | undefined;
  close(): void;
}

type PacemakerPort = Ports['pacemaker'];

/** What a daemon sends back leaves it with one hop less than the 255 that it came with: so it is told from what comes, also by FRR. */
export const returnedHopLimit = 254;

export function daemonPath(socket: PacedSocket, { neighbour }: SessionConfig): EchoPath {
  return {
    socket,
    // A content of another length is none of ours.
    filter: { source: neighbour, hopLimit: [returnedHopLimit, 255], length: [contentLength, contentLength] },
    packetOf: (payload) => ({
      source: '',
      destination: neighbour,
      destinationPort: echoPort,
      hopLimit: 255,
      trafficClass: 0,
      payload,
    }),
    contentOf: ({ payload }) => payload,
    close: () => socket.close(),
  };
}

/** Frames with echo packets on a link, of every session there: told apart by the discriminator in the content. */
export function openEchoFrames(
  pacemaker: PacemakerPort,
  link: number,
  family: 4 | 6,
  onError: (error: Error) => void,
): PacedSocket {
  const { content } = layoutOf(family);
  return pacemaker.open({
    transport: { kind: 'frames', etherType: etherType[family], bytes: udpTo(family, echoPort) },
    link,
    key: { offset: content + discriminatorOffset, length: 4 },
    onError,
  });
}

export interface ForwardingOptions {
  readonly pacemaker: PacemakerPort;
  /** Of openEchoFrames, for the link of the standpoint. */
  readonly frames: PacedSocket;
  readonly config: SessionConfig;
  readonly standpoint: Standpoint;
  readonly discriminator: number;
  /** The way is known from now on. */
  onWay(): void;
  onError(error: Error): void;
  /** The path has let go of the frames. */
  onClose(): void;
}

export function forwardingPath(options: ForwardingOptions): EchoPath {
  const { pacemaker, frames, config, standpoint, discriminator, onWay, onError, onClose } = options;
  const { family, neighbour } = config;
  const { link, own, mac: ownMac } = standpoint;
  let neighbourMac: string | undefined;
  const finder = pacemaker.open({
    transport: { kind: 'frames', etherType: etherType[family], bytes: controlOf(family, neighbour, own) },
    link,
    onPacket: ({ payload }) => {
      if (neighbourMac !== undefined) return;
      neighbourMac = macText(payload.subarray(6, 12));
      finder.close();
      onWay();
    },
    onError,
  });
  return {
    socket: frames,
    key: discriminator,
    filter: {},
    packetOf: (content) => {
      if (neighbourMac === undefined) return undefined;
      const payload = echoFrame({ own, ownMac, neighbourMac }, content);
      return { source: '', destination: '', hopLimit: 255, trafficClass: 0, payload };
    },
    contentOf: ({ payload }) => contentOfFrame(payload, { own, ownMac }),
    close: () => {
      finder.close();
      onClose();
    },
  };
}

/** UDP without IP options or extension headers, to this port. */
function udpTo(family: 4 | 6, port: number): readonly BytesRule[] {
  const { ip, protocol, destinationPort } = layoutOf(family);
  return [
    family === 4 ? rule(ip, [0x45]) : rule(ip, [0x60], [0xf0]),
    rule(protocol, [17]),
    rule(destinationPort, [port >> 8, port & 255]),
  ];
}

/** Control packets of one neighbour that come from the link itself. */
function controlOf(family: 4 | 6, neighbour: string, own: string): readonly BytesRule[] {
  const { source, hopLimit } = layoutOf(family);
  const ends = [...addressBytes(neighbour), ...addressBytes(own)];
  return [...udpTo(family, singleHopPort), rule(hopLimit, [255]), rule(source, ends)];
}

function rule(offset: number, value: readonly number[], mask: readonly number[] = value.map(() => 255)): BytesRule {
  return { offset, mask: Uint8Array.from(mask), value: Uint8Array.from(value) };
}
