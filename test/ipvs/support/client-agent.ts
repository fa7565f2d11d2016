/**
 * The client of a site: asks virtual servers, one connection for each request, and counts who answered. Run as a program
 * (`client-agent.js serve`), this file is the child in the client's namespace.
 */
import { fileURLToPath } from 'node:url';
import { Agent, answerCalls } from '../../support/agent.js';
import { askName } from './datagram-request.js';
import { HeldConnections, type HeldState } from './held-connections.js';
import { Load, type Tally } from './load.js';
import { ask, type Way } from './request.js';
import { clientSpace } from './site.js';

export interface ClientDriver {
  /** Requests, one after the other, each on a connection of its own; answers who replied to each. Rejects where one fails. */
  ask(way: Way, count: number): Promise<readonly string[]>;
  /** The same over UDP: who the name `who.test` is, each from a port of its own. */
  askName(way: Way, count: number): Promise<readonly string[]>;
  /** Begins so many requests a second, and goes on. */
  begin(way: Way, perSecond: number): Promise<void>;
  /** What has come of them so far. */
  tally(): Promise<Tally>;
  /** No more new ones; answers when those under way have ended. */
  end(): Promise<Tally>;
  /** Connections that stay open, on each of which a request is sent every `everyMs`. */
  hold(way: Way, count: number, everyMs: number): Promise<void>;
  held(): Promise<HeldState>;
  release(): Promise<void>;
}

export class Client extends Agent<ClientDriver> {
  static async start(): Promise<Client> {
    const agent = new Client(clientSpace, fileURLToPath(import.meta.url));
    await agent.driver.held();
    return agent;
  }
}

function serve(): ClientDriver {
  let load: Load | undefined;
  const held = new HeldConnections();
  const loaded = (): Load => {
    if (load === undefined) throw new Error('no requests were begun');
    return load;
  };
  return {
    async ask(way, count) {
      const answers: string[] = [];
      for (let i = 0; i < count; i++) answers.push(await ask(way).answer);
      return answers;
    },
    async askName(way, count) {
      const answers: string[] = [];
      for (let i = 0; i < count; i++) answers.push(await askName(way));
      return answers;
    },
    async begin(way, perSecond) {
      load = await Load.begin(way, perSecond);
    },
    tally: async () => loaded().tally(),
    end: () => loaded().end(),
    hold: (way, count, everyMs) => held.open(way, count, everyMs),
    held: async () => held.state(),
    release: async () => held.close(),
  };
}

if (process.argv[2] === 'serve') answerCalls(serve(), () => process.exit());
