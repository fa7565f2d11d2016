/** Mainstay's balancer, checkers and notify scripts in this process, on the kernel's own ports: what a daemon has in several lanes. */
import { join } from 'node:path';
import { Host, type LoadedPlugin, type LogRecord, loadPlugin, openHostPorts, systemClock } from '@mainstay/core';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { openLinuxPorts } from '@mainstay/core/linux-ports';
import { openSocketPorts } from '@mainstay/core/server-ports/index';
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

/** `close`: open sockets of the kernel's would keep this process from ending. */
async function openPortsFor(plugins: readonly LoadedPlugin[]): Promise<{ readonly ports: Ports; readonly close: () => void }> {
  const needs = new Set(plugins.flatMap(({ manifest }) => manifest.needs));
  const linux = await openLinuxPorts({ needs, onError: (error) => console.error(error) });
  const ipvs = new LinuxIpvs({ onError: (error) => console.error(error) });
  const { close: closeLinux, overruns: _, ...network } = linux;
  const ports = { ...network, ...openHostPorts(), ...openSocketPorts(), ipvs } as unknown as Ports;
  const close = () => {
    ipvs.close();
    closeLinux();
  };
  return { ports, close };
}

export class Mainstay {
  private constructor(
    private readonly host: Host,
    readonly log: readonly LogRecord[],
    private readonly closePorts: () => void,
  ) {}

  static async start(config: string): Promise<Mainstay> {
    const plugins: LoadedPlugin[] = [];
    for (const name of packages)
      plugins.push(await loadPlugin(join(root, 'plugins', name), { configDirectory: root }, 'the test'));
    const { ports, close } = await openPortsFor(plugins);
    const log: LogRecord[] = [];
    const host = new Host({
      lane: 'test',
      laneKind: 'balance',
      clock: systemClock,
      log: (record) => void log.push(record),
      portsFor: () => ports,
      facts: { isRestart: false, keepAddressesAtExit: false, configDirectory: '/' },
      consent: new Set(),
    });
    try {
      host.load(plugins);
      const wrong = host.bind(await treeOf(config), bindOptions).filter(({ severity }) => severity === 'error');
      if (wrong.length > 0) throw new Error(wrong.map(formatDiagnostic).join('\n'));
      host.freeze();
      await host.start();
    } catch (error) {
      close();
      throw error;
    }
    return new Mainstay(host, log, close);
  }

  async reload(config: string): Promise<void> {
    const { ok, diagnostics } = await this.host.reload(await treeOf(config), bindOptions);
    if (!ok) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  }

  async stop(): Promise<void> {
    try {
      await this.host.stop('shutdown');
    } finally {
      this.closePorts();
    }
  }
}
