/** Drives the Linux ports inside a namespace. Run as a program (`port-agent.js serve`), this file is the child that has them. */
import { fileURLToPath } from 'node:url';
import { createPortDriver } from '../contract/support/port-driver.js';
import type { PortDriver } from '../contract/support/world.js';
import { Agent, answerCalls } from './agent.js';

/** What the child can do beyond the driver. */
interface AgentExtras {
  /** Blocks the child's event loop. */
  block(ms: number): Promise<void>;
  /** How often its notifications overran. */
  overruns(): Promise<number>;
  /** Troubles of the ports themselves. */
  troubles(): Promise<readonly string[]>;
}

export type AgentDriver = PortDriver & AgentExtras;

export class PortAgent extends Agent<AgentDriver> {
  /** Resolves when the ports are open. */
  static async start(namespace: string, environment: NodeJS.ProcessEnv = {}): Promise<PortAgent> {
    const agent = new PortAgent(namespace, fileURLToPath(import.meta.url), environment);
    await agent.driver.overruns();
    return agent;
  }
}

async function serve(): Promise<void> {
  const { openLinuxPorts } = await import('@mainstay/core/linux-ports');
  const troubles: string[] = [];
  const ports = await openLinuxPorts({ onError: (error) => void troubles.push(String(error)) });
  const driver: AgentDriver = {
    ...createPortDriver(ports),
    block: async (ms) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    },
    overruns: async () => ports.overruns(),
    troubles: async () => [...troubles],
  };
  answerCalls(driver, () => ports.close());
}

if (process.argv[2] === 'serve') await serve();
