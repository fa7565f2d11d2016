/** The examples of a checker's README, bound beside the real plugins ipvs and bfd: what an operator copies must be a configuration. */
import bfd from '@mainstay/bfd';
import { Host, loadKeepalivedText } from '@mainstay/core';
import { createIpvsPlugin } from '@mainstay/ipvs';
import { formatDiagnostic, type Plugin, type Ports, portNames, sdkVersion } from '@mainstay/sdk';
import { createVirtualClock } from '@mainstay/testing';
import { read } from './repository.js';

/** The blocks of code below one of its headings. */
export function codeOf(path: string, heading: string): readonly string[] {
  const section = read(path).split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/```\n(.*?)```/gs)].map(([, text = '']) => text);
}

/** Everything that is said of the configuration. */
export async function saidOf(text: string, plugin: Plugin): Promise<readonly string[]> {
  const host = new Host({
    lane: 'test',
    laneKind: 'extension',
    clock: createVirtualClock(),
    log: () => {},
    portsFor: () => ({}) as Ports,
    facts: { isRestart: false, keepAddressesAtExit: false, configDirectory: '/etc/mainstay' },
    consent: new Set(),
  });
  const manifest = { api: `^${sdkVersion}`, lane: 'health', needs: portNames } as const;
  host.load([createIpvsPlugin(), bfd, plugin].map((one) => ({ plugin: one, manifest, origin: 'test', version: sdkVersion })));
  const { tree, diagnostics } = await loadKeepalivedText(text, { file: 'README', configId: '' });
  return [...diagnostics, ...host.bind(tree, { unknownKeywords: 'error' })].map(formatDiagnostic);
}
