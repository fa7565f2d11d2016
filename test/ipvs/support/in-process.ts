/**
 * What a daemon has in several lanes, in this process: core's host with these plugins on the kernel's own ports. A whole daemon takes
 * long to start in the lab. Used by balancer.ts and ../parity/mainstay.ts.
 */
import { join } from 'node:path';
import { Host, type LoadedPlugin, loadPlugin, openHostPorts, systemClock } from '@mainstay/core';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { openLinuxPorts } from '@mainstay/core/linux-ports';
import { openSocketPorts } from '@mainstay/core/server-ports/index';
import { LinuxRoutines } from '@mainstay/core/server-ports/routines';
import { formatDiagnostic, type Ipvs, type Ports } from '@mainstay/sdk';
import type { LogRecord } from '@mainstay/testing';
import { root } from '../../support/repository.js';
import { treeOf } from '../../unit/ipvs/configs.js';

export const bindOptions = { unknownKeywords: 'error' } as const;

export interface InProcess {
  readonly host: Host;
  readonly ipvs: Ipvs;
  readonly log: readonly LogRecord[];
  /** Stops the plugins, and closes what was opened: sockets of the kernel's would keep this process from ending. */
  stop(): Promise<void>;
}

export interface InProcessOptions {
  /** Folders of plugins, in the order in which they start. */
  readonly plugins: readonly string[];
  /** In the kernel's place, such as to see what it is told. */
  around?(ipvs: Ipvs): Ipvs;
  /** The host is frozen, and nothing has started. */
  ready?(host: Host): void;
}

export async function startInProcess(config: string, { plugins: names, around, ready }: InProcessOptions): Promise<InProcess> {
  const plugins: LoadedPlugin[] = [];
  for (const name of names) plugins.push(await loadPlugin(join(root, 'plugins', name), { configDirectory: root }, 'the test'));
  const needs = new Set(plugins.flatMap(({ manifest }) => manifest.needs));
  const linux = await openLinuxPorts({ needs, onError: (error) => console.error(error) });
  const kernel = new LinuxIpvs({ onError: (error) => console.error(error) });
  const ipvs = around?.(kernel) ?? kernel;
  const { close: closeLinux, overruns: _, ...network } = linux;
  const ports = { ...network, ...openHostPorts(), ...openSocketPorts(), ipvs } as unknown as Ports;
  const close = () => {
    kernel.close();
    closeLinux();
  };
  const log: LogRecord[] = [];
  const host = new Host({
    lane: 'test',
    laneKind: 'balance',
    clock: systemClock,
    log: (record) => void log.push(record),
    portsFor: () => ports,
    routines: new LinuxRoutines(),
    facts: { isRestart: false, keepAddressesAtExit: false, configDirectory: root },
    consent: new Set(),
  });
  try {
    host.load(plugins);
    const wrong = host.bind(await treeOf(config), bindOptions).filter(({ severity }) => severity === 'error');
    if (wrong.length > 0) throw new Error(wrong.map(formatDiagnostic).join('\n'));
    host.freeze();
    ready?.(host);
    await host.start();
  } catch (error) {
    close();
    throw error;
  }
  const stop = async () => {
    try {
      await host.stop('shutdown');
    } finally {
      close();
    }
  };
  return { host, ipvs, log, stop };
}
