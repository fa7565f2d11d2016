/** A socket to speak from, on a port of its own (RFC 5881 section 4). Used by wire.ts and echo-wire.ts. */
import { type PacedSocket, type PacedSocketOptions, type PacedUdp, PortError, type Ports } from '@mainstay/sdk';
import { sourcePorts } from './packet.js';

const attempts = 32;

export interface SpeakerOptions {
  readonly transport: Omit<PacedUdp, 'kind' | 'port'>;
  readonly link: number;
  /** The port that it spoke from, which it keeps. */
  readonly before?: number | undefined;
  readonly onError: PacedSocketOptions['onError'];
}

/** `draw`: a number in these bounds, drawn anew each time. Throws PortError where the kernel refuses, or a port kept is taken. */
export function openSpeaker(
  pacemaker: Ports['pacemaker'],
  draw: (least: number, most: number) => number,
  { transport, link, before, onError }: SpeakerOptions,
): { readonly socket: PacedSocket; readonly port: number } {
  for (let attempt = 1; ; attempt++) {
    const port = before ?? draw(sourcePorts.least, sourcePorts.most);
    try {
      // Answers go to the well-known port; what comes here is nobody's, and not told.
      return { socket: pacemaker.open({ transport: { kind: 'udp', port, ...transport }, link, onError }), port };
    } catch (error) {
      const isTaken = error instanceof PortError && error.errno === 'EADDRINUSE';
      if (!isTaken || before !== undefined || attempt === attempts) throw error;
    }
  }
}
