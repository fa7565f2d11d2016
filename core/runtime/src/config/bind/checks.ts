/**
 * Runs the plugins' checks over what was bound. Where something is wrong already, they see only what is right, and what they say
 * of something that is wrong waits: one mistake must not look like three. Used by registry.ts.
 */
import { type ConfigHandle, messageOf, type SourcePosition } from '@mainstay/sdk';
import type { Contributions } from './contributions.js';
import type { Problems } from './problems.js';
import type { BoundEntry } from './tree-binder.js';

/** The handles show `bound` while it runs. */
export function runChecks(
  schema: Contributions,
  bound: ReadonlyMap<ConfigHandle<unknown>, readonly BoundEntry[]>,
  problems: Problems,
  top: SourcePosition,
): void {
  const isPartial = problems.errors > 0;
  const broken = [...bound.values()].flat().filter(({ isSound }) => !isSound);
  const names = new Set(broken.map(({ entry }) => entry.name).filter((name) => name !== ''));
  const halted = isPartial ? pluginsOfBrokenSettings(schema, bound) : new Set<string>();
  for (const { plugin, run } of schema.checks) {
    if (halted.has(plugin)) continue;
    const from = problems.list.length;
    const failure = failureOf(() => run((handle) => problems.reporterAt(handle.entries[0]?.at ?? top)));
    // With half a configuration before it a check may well stumble.
    if (failure !== undefined && !isPartial) {
      const message = `plugin ${plugin} failed to check its configuration: ${failure}`;
      problems.error('CONFIG_CHECK_FAILED', message, top, 'this is a fault of the plugin; please report it');
    }
    problems.keep(from, ({ message }) => !namesOne(message, names));
  }
}

function failureOf(check: () => unknown): string | undefined {
  try {
    const answer = check();
    if (!(answer instanceof Promise)) return undefined;
    answer.catch(() => {});
    return 'the check is asynchronous, and nobody waits for what it finds';
  } catch (error) {
    return messageOf(error);
  }
}

/** Settings without a name hold for everything: a plugin with a mistake in them cannot judge the rest. */
function pluginsOfBrokenSettings(
  schema: Contributions,
  bound: ReadonlyMap<ConfigHandle<unknown>, readonly BoundEntry[]>,
): ReadonlySet<string> {
  const settings = [...schema.blocks.values()].filter(({ isNamed }) => !isNamed).flatMap(({ parts }) => parts);
  const broken = [...settings, ...schema.roots].filter(
    ({ handle }) => bound.get(handle)?.some(({ isSound }) => !isSound) === true,
  );
  return new Set(broken.map(({ plugin }) => plugin));
}

function namesOne(message: string, names: ReadonlySet<string>): boolean {
  return names.size > 0 && message.split(/[\s"',:;()]+/).some((word) => names.has(word));
}
