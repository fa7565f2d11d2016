/** One HTTP request on a connection of its own, without more than that takes: a lab is slow. Used by client-agent.ts and load.ts. */
import { connect } from 'node:net';

/** From an address of the client to a virtual server. */
export interface Way {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

/** A server that takes longer has lost the request. */
const longestMs = 20_000;
const request = 'GET / HTTP/1.0\r\n\r\n';

export interface Asked {
  /** Who answered. Rejects with how it failed. */
  readonly answer: Promise<string>;
  /** The client's port; 0: none was taken. */
  port(): number;
}

export function ask({ from, to, port }: Way): Asked {
  const socket = connect({ host: to, port, localAddress: from });
  let clientPort = 0;
  // The port is taken when the address is, before anybody can refuse the connection.
  process.nextTick(() => {
    clientPort = socket.localPort ?? 0;
  });
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
  return { answer, port: () => clientPort };
}

/** The name of the server, which is the whole body of its answer. */
export function nameIn(answer: string): string | undefined {
  return /^HTTP\/1\.[01] 200 [\s\S]*?\r\n\r\n([a-z]+)\n/.exec(answer)?.[1];
}
