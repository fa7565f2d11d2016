/** What is said to a mail server: banner, HELO, QUIT. Throws what it says of the server when that answers otherwise. Used by check.ts. */
import type { Clock, Connection, Verdict } from '@mainstay/sdk';
import { down, up } from '@mainstay/sdk';
import { NotSmtp, type Reply, ReplyReader } from './replies.js';

/** A server that has accepted HELO works; how long its goodbye is waited for at most, milliseconds. */
const farewellMs = 500;

export interface Dialogue {
  readonly connection: Connection;
  readonly heloName: string;
  readonly clock: Clock;
  /** On the clock: when the server must have answered. */
  readonly deadline: number;
}

export async function converse({ connection, heloName, clock, deadline }: Dialogue): Promise<Verdict> {
  const replies = new Replies(connection);
  try {
    const banner = await replies.next();
    if (banner?.code !== 220) return down(`its banner was ${quoted(banner)}, expected 220`);
    await connection.write(`HELO ${heloName}\r\n`);
    const helo = await replies.next();
    if (helo?.code !== 250) return down(`to HELO it answered ${quoted(helo)}, expected 250`);
    await farewell(connection, replies, clock, Math.min(farewellMs, (deadline - clock.now()) / 2));
    return up(banner.text);
  } catch (error) {
    if (error instanceof NotSmtp) return down(`it does not speak SMTP: it sent ${error.message}`);
    throw error;
  }
}

function quoted(reply: Reply | undefined): string {
  return reply === undefined ? 'the end of the connection' : `"${`${reply.code} ${reply.text}`.trim()}"`;
}

/** Whatever happens to it, the server has passed. A connection closed under its reply would be a fault in the server's log. */
function farewell(connection: Connection, replies: Replies, clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(Math.max(0, ms), resolve);
    const end = () => {
      timer.cancel();
      resolve();
    };
    connection
      .write('QUIT\r\n')
      .then(() => replies.next())
      .then(end, end);
  });
}

/** The replies one by one; undefined: the server has ended the connection. */
class Replies {
  private readonly reader = new ReplyReader();
  private readonly waiting: Reply[] = [];

  constructor(private readonly connection: Connection) {}

  async next(): Promise<Reply | undefined> {
    for (;;) {
      const reply = this.waiting.shift();
      if (reply !== undefined) return reply;
      const bytes = await this.connection.read();
      if (bytes === undefined) return undefined;
      this.waiting.push(...this.reader.push(bytes));
    }
  }
}
