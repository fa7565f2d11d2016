/** All configured scripts with their names, for their review at start, after a reload, and by `mainstay check`. Used by index.ts. */
import type { ConfigEntry, Diagnostic, Log, NamedScript, Script } from '@mainstay/sdk';
import { type InstanceConfig, type RealServerConfig, scriptKeywords, scriptOf, type VirtualServerConfig } from './config.js';

/** Everything that may hold a script. */
export interface Configured {
  readonly instances: readonly ConfigEntry<InstanceConfig>[];
  readonly virtualServers: readonly ConfigEntry<VirtualServerConfig>[];
  readonly realServers: readonly ConfigEntry<RealServerConfig>[];
}

/** What the log has of a review: a missing script may be that of 40,000 servers. */
export const mostLogged = 20;

export function* scriptsIn({ instances, virtualServers, realServers }: Configured): Generator<NamedScript> {
  for (const { name, value } of instances)
    for (const keyword of scriptKeywords) yield* named(name, keyword, scriptOf(value, keyword));
  for (const { name, value } of [...virtualServers, ...realServers])
    for (const [keyword, script] of Object.entries(value)) yield* named(name, keyword, script);
}

function* named(name: string, keyword: string, script: Script | undefined): Generator<NamedScript> {
  if (script !== undefined) yield { where: `${name}: ${keyword}`, script };
}

export function logFindings(found: readonly Diagnostic[], log: Log): void {
  for (const { severity, message, hint } of found.slice(0, mostLogged)) {
    const text = hint === undefined ? message : `${message} (${hint})`;
    if (severity === 'error') log.error(text);
    else log.warn(text);
  }
  const more = found.length - mostLogged;
  if (more > 0) log.warn(`${more} more scripts are found wanting: "mainstay check" names them all`);
}
