/** The review of all configured scripts: called at start, after a reload, and by `mainstay check`. */
import {
  type ConfigEntry,
  type Diagnostic,
  defaultScriptIdentity,
  type ProcessPort,
  reviewScript,
  type Script,
} from '@mainstay/sdk';
import {
  type GlobalConfig,
  type InstanceConfig,
  type RealServerConfig,
  scriptKeywords,
  scriptOf,
  type VirtualServerConfig,
} from './config.js';

/** Everything that may hold a script. */
export interface Configured {
  readonly instances: readonly ConfigEntry<InstanceConfig>[];
  readonly virtualServers: readonly ConfigEntry<VirtualServerConfig>[];
  readonly realServers: readonly ConfigEntry<RealServerConfig>[];
}

interface Found {
  readonly where: string;
  readonly script: Script | undefined;
}

function* scriptsIn({ instances, virtualServers, realServers }: Configured): Generator<Found> {
  for (const { name, value } of instances)
    for (const keyword of scriptKeywords) yield { where: `${name}: ${keyword}`, script: scriptOf(value, keyword) };
  for (const { name, value } of virtualServers)
    for (const [keyword, script] of Object.entries(value)) yield { where: `${name}: ${keyword}`, script };
  for (const { name, value } of realServers)
    for (const [keyword, script] of Object.entries(value)) yield { where: `${name}: ${keyword}`, script };
}

export async function reviewScripts(
  configured: Configured,
  global: GlobalConfig,
  port: ProcessPort,
): Promise<readonly Diagnostic[]> {
  const fallback = await defaultScriptIdentity(global, port);
  const found: Diagnostic[] = [];
  for (const { where, script } of scriptsIn(configured)) {
    const problem = script && (await reviewScript(where, script, { global, fallback, port }));
    if (problem !== undefined) found.push(problem);
  }
  return found;
}
