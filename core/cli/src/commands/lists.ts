/** `mainstay plugins` and `mainstay hooks [--taps]`: what is loaded, and who listens where. */
import type { PluginStatus, TapStatus } from '@mainstay/core';
import { catalogue, hookNames } from '@mainstay/sdk';
import type { ClientArguments } from '../options.js';
import { table } from '../output/table.js';
import { ask } from './ask.js';
import { json } from './status.js';

export async function plugins(args: ClientArguments): Promise<string> {
  const { plugins: all } = await ask<{ plugins: readonly PluginStatus[] }>(args, '/v1/plugins');
  if (args.json) return json(all);
  const rows = all.map((one) => [one.name, one.version, one.lane, one.state, one.parent ?? one.origin, one.lastError ?? '']);
  return table(['PLUGIN', 'VERSION', 'LANE', 'STATE', 'ORIGIN', 'LAST ERROR'], rows);
}

/** The catalogue needs no daemon; the taps do. */
export async function hooks(args: ClientArguments): Promise<string> {
  if (args.taps) return tapList(args);
  if (args.json) return json(catalogue);
  const rows = hookNames.map((name) => {
    const { kind, owner, tappedFrom, stability, needsConsent, summary } = catalogue[name];
    return [name, kind, owner, tappedFrom, needsConsent ? 'yes' : 'no', stability, summary];
  });
  return table(['HOOK', 'KIND', 'OWNER', 'TAPPED FROM', 'CONSENT', 'STABILITY', 'WHEN'], rows);
}

async function tapList(args: ClientArguments): Promise<string> {
  const { taps } = await ask<{ taps: readonly TapStatus[] }>(args, '/v1/hooks');
  if (args.json) return json(taps);
  const rows = [...taps]
    .sort((a, b) => a.hook.localeCompare(b.hook) || a.position - b.position)
    .map((tap) => [
      tap.hook,
      tap.position,
      tap.plugin,
      tap.for ?? '*',
      tap.phase,
      tap.calls,
      tap.calls === 0 ? '-' : (tap.totalMs / tap.calls).toFixed(2),
      tap.maxMs.toFixed(2),
      tap.strikes,
      tap.isParked ? 'parked' : (tap.lastError ?? ''),
    ]);
  return table(['HOOK', '#', 'PLUGIN', 'FOR', 'PHASE', 'CALLS', 'MEAN MS', 'MAX MS', 'STRIKES', 'REMARK'], rows);
}
