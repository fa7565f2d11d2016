/** What the servers of a simulated day do: those that work, and everything that hostile ones do. Used by checkers.test.ts. */
import type { SimulatedScripts } from '@mainstay/testing';
import { type Respond, type Serve, type ServerTls, serves } from '@mainstay/testing';

/** What listens on a port of a host, and what becomes of packets to it. */
export interface TcpMood {
  readonly serve?: Serve;
  readonly tls?: ServerTls;
  readonly host?: 'silent' | 'unreachable';
}

/** The text, then the end of its half; it reads on. */
const half = (text: string) => serves.text(text);
const garbage = String.fromCharCode(...Array.from({ length: 3000 }, (_, i) => (i * 7919) % 256));
const long = 64 * 1024;

/** `opening`: how a good answer begins; `line`: what may follow it for ever. `tls`: what is said behind a handshake. */
export function tcpMoods(good: Serve, opening: string, line: string, tls?: ServerTls): Readonly<Record<string, TcpMood>> {
  const over = (serve: Serve): TcpMood => ({ serve, ...(tls !== undefined && { tls }) });
  const noHandshake = (handshake: 'fails' | 'hangs') => ({ serve: good, tls: { ...tls, handshake } });
  return {
    'says nothing': over(serves.silence()),
    'sends a byte a second': over(serves.slowly(opening.repeat(20), 1000)),
    'sends a head without end': over(endless(opening, line)),
    'sends a body without end': over(endless(`${opening}\r\n`, line)),
    'resets at once': over(serves.reset()),
    'resets in the middle': over(serves.reset(opening.slice(0, -2))),
    'ends at once': over(half('')),
    'ends its half in the middle': over(half(opening)),
    'sends garbage': over(half(garbage)),
    'sends the way back to itself': over(half('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n')),
    'is closed': {},
    'is off': { host: 'silent' },
    'is unreachable': { host: 'unreachable' },
    ...(tls !== undefined && {
      'ends the handshake': noHandshake('fails'),
      'does not end the handshake': noHandshake('hangs'),
      'has a wrong certificate': { serve: good, tls: { ...tls, names: ['other.example'], isTrusted: false } },
    }),
  };
}

function endless(opening: string, line: string): Serve {
  const lines = new TextEncoder().encode(line.repeat(Math.ceil(long / line.length)));
  return async (peer) => {
    await peer.write(opening);
    for (;;) await peer.write(lines);
  };
}

export interface UdpMood {
  readonly respond?: Respond;
  readonly host?: 'silent' | 'unreachable';
}

export function udpMoods(good: Respond): Readonly<Record<string, UdpMood>> {
  const changed = (at: number, value: number): Respond => {
    return (query) => {
      const [answer = new Uint8Array()] = [good(query, {})].flat() as readonly Uint8Array[];
      const bytes = Uint8Array.from(answer);
      bytes[at] = value;
      return bytes;
    };
  };
  return {
    'says nothing': { respond: () => undefined },
    'sends garbage': { respond: () => new TextEncoder().encode(garbage.slice(0, 1000)) },
    floods: { respond: () => Array.from({ length: 500 }, () => Uint8Array.of(1, 2, 3)) },
    'answers something else': { respond: changed(0, 0xff) },
    'says that it fails': { respond: changed(3, 2) },
    'sends nothing but names without end': { respond: changed(7, 200) },
    'is closed': {},
    'is off': { host: 'silent' },
    'is unreachable': { host: 'unreachable' },
  };
}

export const scriptMoods: Readonly<Record<string, Parameters<SimulatedScripts['program']>[1]>> = {
  fails: { code: 1, output: ['no'] },
  hangs: { durationMs: 60_000 },
  'ignores SIGTERM': { durationMs: Number.POSITIVE_INFINITY },
  'cannot start': { error: 'no such file' },
  'talks without end': { code: 1, output: Array.from({ length: 2000 }, () => 'x'.repeat(100)) },
};

export const fileMoods: readonly string[] = ['-5', '', 'no number', '9'.repeat(4000), '3'];
