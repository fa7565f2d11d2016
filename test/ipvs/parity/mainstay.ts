/** Mainstay's balancer, checkers and notify scripts in this process, as the one of two programs that are compared. */
import { formatDiagnostic } from '@mainstay/sdk';
import type { LogRecord } from '@mainstay/testing';
import { treeOf } from '../../unit/ipvs/configs.js';
import { bindOptions, type InProcess, startInProcess } from '../support/in-process.js';

/** The scripts first: they are to hear of the first events of the others, and of their last. */
const plugins = [
  'notify-script',
  'ipvs',
  ...['tcp', 'http', 'smtp', 'dns', 'udp', 'ping', 'misc', 'file'].map((name) => `checker-${name}`),
];
/** The plugin of sessions keeps a thread of its own. */
const withBfd = [...plugins, 'bfd', 'checker-bfd'];

export class Mainstay {
  private constructor(private readonly own: InProcess) {}

  static async start(config: string): Promise<Mainstay> {
    return new Mainstay(await startInProcess(config, { plugins: config.includes('bfd_instance') ? withBfd : plugins }));
  }

  get log(): readonly LogRecord[] {
    return this.own.log;
  }

  async reload(config: string): Promise<void> {
    const { ok, diagnostics } = await this.own.host.reload(await treeOf(config), bindOptions);
    if (!ok) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  }

  stop(): Promise<void> {
    return this.own.stop();
  }
}
