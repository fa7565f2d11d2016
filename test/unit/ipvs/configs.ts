/** Configuration texts as virtual servers, through core's own pipeline and with two checkers to write. */
import { ConfigRegistry, loadKeepalivedText } from '@mainstay/core';
import { globalKeywords, groupBlock, virtualServerBlock } from '@mainstay/ipvs/internal/config.js';
import type { VirtualServer } from '@mainstay/ipvs/internal/model.js';
import { virtualServerHeader } from '@mainstay/ipvs/internal/values.js';
import { virtualServers } from '@mainstay/ipvs/internal/virtual-server.js';
import {
  type Checker,
  type ConfigPoints,
  checkerBlock,
  checkerFacts,
  checkerGroup,
  type Diagnostic,
  defineChecker,
  formatDiagnostic,
  type SourceTree,
  s,
  up,
} from '@mainstay/sdk';

const tcpCheck = defineChecker({ keyword: 'TCP_CHECK', fields: {}, needs: ['tcp'], check: () => up() });
const dnsCheck = defineChecker({
  keyword: 'DNS_CHECK',
  fields: { name: s.word('a name').optional() },
  defaults: { retry: 3, delayBeforeRetryMs: 'delay_loop' },
  check: () => up(),
});
const miscCheck = defineChecker({
  keyword: 'MISC_CHECK',
  fields: { misc_path: s.word('a path'), misc_dynamic: s.flag() },
  target: 'none',
  defaults: { retry: 0 },
  check: () => up(),
});
export const testCheckers: readonly Checker[] = [tcpCheck, dnsCheck, miscCheck] as unknown as readonly Checker[];

export function plugTestCheckers(points: ConfigPoints): void {
  for (const checker of testCheckers) points.plug(checkerGroup, checker.keyword, checkerBlock(checker), checkerFacts(checker));
}

export async function treeOf(text: string): Promise<SourceTree> {
  const { tree, diagnostics } = await loadKeepalivedText(text, { file: 'test.conf', configId: '' });
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  return tree;
}

export interface Read {
  readonly servers: readonly VirtualServer[];
  readonly diagnostics: readonly Diagnostic[];
  /** `line:column: severity: message (hint) [CODE]`, in order. */
  readonly said: readonly string[];
}

export async function readServers(text: string): Promise<Read> {
  const registry = new ConfigRegistry();
  const points = registry.pointsFor('ipvs');
  const entries = points.headed('virtual_server', virtualServerHeader, virtualServerBlock);
  const groups = points.named('virtual_server_group', groupBlock);
  const global = points.extend('global_defs', globalKeywords);
  points.check(() => void virtualServers(entries.entries, groups.entries, global.value));
  plugTestCheckers(registry.pointsFor('checkers'));
  const diagnostics = registry.bind(await treeOf(text), { unknownKeywords: 'error' });
  const isRefused = diagnostics.some(({ severity }) => severity === 'error');
  const servers = isRefused ? [] : virtualServers(entries.entries, groups.entries, global.value);
  return { servers, diagnostics, said: diagnostics.map((one) => formatDiagnostic(one).replace(/^test\.conf:/, '')) };
}

/** Of a configuration in which nothing is wrong. */
export async function serversOf(text: string): Promise<readonly VirtualServer[]> {
  const { servers, said } = await readServers(text);
  if (said.length > 0) throw new Error(said.join('\n'));
  return servers;
}

export async function serverOf(text: string): Promise<VirtualServer> {
  const [server] = await serversOf(text);
  if (server === undefined) throw new Error('there is no virtual server');
  return server;
}
