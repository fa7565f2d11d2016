/** Connections that stay open for minutes, with a request on each now and then: what must survive a crash. Used by client-agent.ts. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { nameIn, type Way } from './request.js';

export interface HeldState {
  /** How many are open. */
  readonly open: number;
  /** Requests that were answered, on all of them together, and by the server that each connection began with. */
  readonly answered: number;
  /** Of the connection with the fewest. */
  readonly fewest: number;
  /** What went wrong: a connection that ended, an answer of another server. */
  readonly troubles: readonly string[];
}

interface Held {
  readonly socket: Socket;
  server: string | undefined;
  answered: number;
}

const request = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';

export class HeldConnections {
  #held: Held[] = [];
  #troubles: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  async open({ from, to, port }: Way, count: number, everyMs: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const socket = connect({ host: to, port, localAddress: from });
      await once(socket, 'connect');
      const held: Held = { socket, server: undefined, answered: 0 };
      let text = '';
      socket.setEncoding('latin1').on('data', (part: string) => {
        text += part;
        const name = nameIn(text);
        if (name === undefined) return;
        text = '';
        this.#hear(held, name);
      });
      const troubles = this.#troubles;
      socket.on('error', (error) => void troubles.push(error.message));
      socket.on('close', () => void troubles.push(`a connection to ${held.server} ended`));
      this.#held.push(held);
    }
    this.#timer = setInterval(() => {
      for (const { socket } of this.#held) if (!socket.destroyed) socket.write(request);
    }, everyMs);
  }

  state(): HeldState {
    const counts = this.#held.map(({ answered }) => answered);
    return {
      open: this.#held.filter(({ socket }) => !socket.destroyed).length,
      answered: counts.reduce((sum, one) => sum + one, 0),
      fewest: counts.length === 0 ? 0 : Math.min(...counts),
      troubles: [...this.#troubles],
    };
  }

  /** Ends them, and forgets what was. */
  close(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#held) socket.destroy();
    this.#held = [];
    this.#troubles = [];
  }

  #hear(held: Held, name: string): void {
    held.server ??= name;
    held.answered++;
    if (name !== held.server) this.#troubles.push(`a connection to ${held.server} was answered by ${name}`);
  }
}
