/** One HTTP request on a connection of its own, without more than that takes: a lab is slow. Used by client-agent.ts. */
import { connect } from 'node:net';

/** From an address of the client to a virtual server. */
export interface Way {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

/** A server that takes longer has lost the request. */
const longestMs = 120_000;
const request = 'GET / HTTP/1.0\r\n\r\n';

export interface Asked {
  /** Who answered. Rejects with how it failed. */
  readonly answer: Promise<string>;
  /** The client's. */
  readonly port: number;
}

/** In turn, below those that the kernel gives: by its port the kernel's table tells of a connection, also when it is over. */
const ports = { first: 2000, last: 32_000 } as const;
let lastPort: number = ports.first;

function nextPort(): number {
  lastPort = lastPort < ports.last ? lastPort + 1 : ports.first;
  return lastPort;
}

export function ask({ from, to, port }: Way): Asked {
  const localPort = nextPort();
  const socket = connect({ host: to, port, localAddress: from, localPort });
  const answer = new Promise<string>((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in ${longestMs / 1000} s`)), longestMs);
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write(request));
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      const name = nameIn(text);
      if (name === undefined) reject(new Error(`the connection ended ${text === '' ? 'without an answer' : `after: ${text}`}`));
      else resolve(name);
    });
  });
  return { answer, port: localPort };
}

/** The name of the server, which is the whole body of its answer. */
export function nameIn(answer: string): string | undefined {
  return /^HTTP\/1\.[01] 200 [\s\S]*?\r\n\r\n([a-z]+)\n/.exec(answer)?.[1];
}
