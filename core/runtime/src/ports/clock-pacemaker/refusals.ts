/** What a socket cannot do is told once a second for each kind, however often it is tried. Used by socket.ts. */
import { type Clock, PortError } from '@mainstay/sdk';

const quietMs = 1000;

export function sparing(tell: (error: Error) => void, clock: Clock): (error: Error) => void {
  const toldAt = new Map<string, number>();
  return (error) => {
    const kind = error instanceof PortError && error.errno !== undefined ? error.errno : error.message;
    const now = clock.now();
    for (const [other, at] of toldAt) if (now - at >= quietMs) toldAt.delete(other);
    if (toldAt.has(kind)) return;
    toldAt.set(kind, now);
    tell(error);
  };
}
