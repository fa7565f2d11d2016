/** Mainstay's balancer, checkers and notify scripts in this process, on the kernel's own ports: what a daemon has in several lanes. */
import { join } from 'node:path';
import { Host, type LoadedPlugin, type LogRecord, loadPlugin, openPorts, systemClock } from '@mainstay/core';
import { formatDiagnostic, type Ports } from '@mainstay/sdk';
import { root } from '../../support/repository.js';
import { treeOf } from '../../unit/ipvs/configs.js';

/** The scripts first: they are to hear of the first events of the others, and of their last. */
const packages = [
  'notify-script',
  'ipvs',
  ...['tcp', 'http', 'smtp', 'dns', 'udp', 'ping', 'misc', 'file'].map((name) => `checker-${name}`),
];
const bindOptions = { unknownKeywords: 'error' } as const;

/** Opened once: a second socket would be closed by nobody. */
let ports: Promise<Ports> | undefined;

async function portsOf(plugins: readonly LoadedPlugin[]): Promise<Ports> {
  const needs = plugins.flatMap(({ manifest }) => manifest.needs).filter((need) => need !== 'checks');
  ports ??= openPorts(new Set(needs), (error) => console.error(error));
  return ports;
}

export class Mainstay {
  private constructor(
    private readonly host: Host,
    readonly log: readonly LogRecord[],
  ) {}

  static async start(config: string): Promise<Mainstay> {
    const plugins: LoadedPlugin[] = [];
    for (const name of packages)
      plugins.push(await loadPlugin(join(root, 'plugins', name), { configDirectory: root }, 'the test'));
    const opened = await portsOf(plugins);
    const log: LogRecord[] = [];
    const host = new Host({
      lane: 'test',
      laneKind: 'balance',
      clock: systemClock,
      log: (record) => void log.push(record),
      portsFor: () => opened,
      facts: { isRestart: false, keepAddressesAtExit: false, configDirectory: '/' },
      consent: new Set(),
    });
    host.load(plugins);
    const wrong = host.bind(await treeOf(config), bindOptions).filter(({ severity }) => severity === 'error');
    if (wrong.length > 0) throw new Error(wrong.map(formatDiagnostic).join('\n'));
    host.freeze();
    await host.start();
    return new Mainstay(host, log);
  }

  async reload(config: string): Promise<void> {
    const { ok, diagnostics } = await this.host.reload(await treeOf(config), bindOptions);
    if (!ok) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  }

  async stop(): Promise<void> {
    await this.host.stop('shutdown');
  }
}
