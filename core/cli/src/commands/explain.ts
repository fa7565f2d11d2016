/** `mainstay explain NAME`: why an object is in its state, and everything that contributes. */
import type { Explanation } from '@mainstay/sdk';
import type { ClientArguments } from '../options.js';
import { clean, duration, moment, table } from '../output/table.js';
import { ask } from './ask.js';
import { json } from './status.js';

/** Answers what to print. */
export async function explain(args: ClientArguments): Promise<string> {
  const [name = ''] = args.names;
  const { explanations } = await ask<{ explanations: readonly Explanation[] }>(args, `/v1/explain/${encodeURIComponent(name)}`);
  return args.json ? json(explanations) : explanations.map((one) => explanationText(one, Date.now())).join('\n');
}

export function explanationText({ kind, name, state, because, contributors }: Explanation, now: number): string {
  const head = `${clean(kind)} ${clean(name)} is ${clean(state)}: ${clean(because)}\n`;
  if (contributors.length === 0) return head;
  const isProbed = contributors.some(({ lastAt, nextAt }) => lastAt !== undefined || nextAt !== undefined);
  const rows = contributors.map(({ of, source, effect, why, since, lastAt, nextAt }) => [
    of,
    source,
    effect,
    since === undefined ? '-' : `${duration(now - since)} ago`,
    ...(isProbed ? [moment(lastAt, now), moment(nextAt, now)] : []),
    why,
  ]);
  const times = isProbed ? ['SINCE', 'LAST', 'NEXT'] : ['SINCE'];
  return `${head}\n${table(['OF', 'SOURCE', 'EFFECT', ...times, 'WHY'], rows)}`;
}
