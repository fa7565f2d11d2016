/** The server's end of a connection, and what servers do with it: well, slowly, or not at all. Given to SimulatedServers.tcp. */

/** Who connected, as far as the server or its network can tell. */
export interface Caller {
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly mark?: number;
  readonly link?: string;
  /** Of TLS: the name that the client asked for. */
  readonly serverName?: string;
}

/** The server's end of one connection. Everything rejects with `ClientGone` once the client has closed. */
export interface ServerPeer {
  readonly caller: Caller;
  /** The next bytes; undefined when the client has ended. */
  read(): Promise<Uint8Array | undefined>;
  /** Waits while the client does not read. */
  write(data: Uint8Array | string): Promise<void>;
  /** Sends the end of the stream; reading goes on. */
  end(): void;
  /** Breaks the connection off: the client gets ECONNRESET. */
  reset(): void;
  wait(ms: number): Promise<void>;
}

/** Ends the connection when it returns. Throwing `ClientGone` on is fine. */
export type Serve = (peer: ServerPeer) => void | Promise<void>;

export class ClientGone extends Error {
  override readonly name = 'ClientGone';
  constructor() {
    super('the client has closed the connection');
  }
}

/** Reads until the client ends. */
async function drain(peer: ServerPeer): Promise<void> {
  while ((await peer.read()) !== undefined);
}

/** What servers do. */
export const serves = {
  /** Sends the text, ends, and reads on until the client ends too. */
  text:
    (text: string): Serve =>
    async (peer) => {
      await peer.write(text);
      peer.end();
      await drain(peer);
    },

  /** Answers whatever comes with the same, until the client ends. */
  echo: (): Serve => async (peer) => {
    for (let data = await peer.read(); data !== undefined; data = await peer.read()) await peer.write(data);
  },

  /** Sends the greeting, and for each line of the client what `answer` says; ends where that is undefined. */
  lines:
    (greeting: string, answer: (line: string) => string | undefined): Serve =>
    async (peer) => {
      await peer.write(greeting);
      let text = '';
      for (let data = await peer.read(); data !== undefined; data = await peer.read()) {
        text += new TextDecoder().decode(data);
        for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
          const reply = answer(text.slice(0, end).replace(/\r$/, ''));
          text = text.slice(end + 1);
          if (reply === undefined) return;
          await peer.write(reply);
        }
      }
    },

  /** Accepts, reads, and never says a word. */
  silence: (): Serve => async (peer) => {
    await drain(peer);
    await peer.wait(Number.POSITIVE_INFINITY);
  },

  /** One byte at a time. */
  slowly:
    (text: string, msPerByte: number): Serve =>
    async (peer) => {
      for (const byte of new TextEncoder().encode(text)) {
        await peer.wait(msPerByte);
        await peer.write(Uint8Array.of(byte));
      }
    },

  /** Sends the same for ever, as fast as the client reads or every so many milliseconds. */
  endless:
    (text = 'x'.repeat(1024), everyMs = 0): Serve =>
    async (peer) => {
      for (;;) {
        await peer.write(text);
        if (everyMs > 0) await peer.wait(everyMs);
      }
    },

  /** Sends the text and breaks the connection off. */
  reset:
    (text = ''): Serve =>
    async (peer) => {
      if (text !== '') await peer.write(text);
      peer.reset();
    },
} as const;
