/**
 * Runs the plugins' checks over what was bound. Where something is wrong already, they see only what is right, and what they say
 * of something that is wrong waits: one mistake must not look like three. Used by registry.ts.
 */
import { type ConfigHandle, messageOf, type SourcePosition } from '@mainstay/sdk';
import type { Schema } from './contributions.js';
import type { Layout } from './layout.js';
import type { Problems } from './problems.js';
import type { BoundEntry } from './tree-binder.js';

/** The handles show `bound` while it runs. */
export function runChecks(
  schema: Schema,
  bound: ReadonlyMap<ConfigHandle<unknown>, readonly BoundEntry[]>,
  problems: Problems,
  top: SourcePosition,
): void {
  const isPartial = problems.errors > 0;
  const broken = [...bound.values()].flat().filter(({ isSound }) => !isSound);
  const names = namesOf(broken);
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

/** Words of a name; what is longer is no name but a mistake. */
const longestName = 8;

interface Names {
  readonly all: ReadonlySet<string>;
  readonly mostWords: number;
}

function namesOf(entries: readonly BoundEntry[]): Names {
  const all = new Set(entries.map(({ entry }) => entry.name).filter((name) => name !== ''));
  const mostWords = [...all].reduce((most, name) => Math.max(most, name.split(' ').length), 0);
  return { all, mostWords: Math.min(mostWords, longestName) };
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
  { blocks, roots }: Schema,
  bound: ReadonlyMap<ConfigHandle<unknown>, readonly BoundEntry[]>,
): ReadonlySet<string> {
  const settings = [...[...blocks.values()].filter(({ kind }) => kind === 'single').map(({ layout }) => layout), roots];
  const broken = settings.flatMap(partsOf).filter(({ handle }) => {
    return handle !== undefined && bound.get(handle)?.some(({ isSound }) => !isSound) === true;
  });
  return new Set(broken.map(({ plugin }) => plugin));
}

/** Those of blocks within, too, unless such a block has words in front of its brace, which are a name. */
function partsOf({ parts, index }: Layout): Layout['parts'] {
  const inner = [...index.values()].flatMap(({ field, inner }) =>
    inner === undefined || field.shape.kind === 'headed' ? [] : [inner],
  );
  return [...parts, ...inner.flatMap(partsOf)];
}

/** A name may be several words: `192.0.2.1 80`. */
function namesOne(message: string, names: Names): boolean {
  if (names.all.size === 0) return false;
  if (message.split(/[\s"',:;()]+/).some((word) => names.all.has(word))) return true;
  if (names.mostWords < 2) return false;
  const words = message.split(/[\s"',;()]+/).map((word) => word.replace(/:$/, ''));
  return words.some((_, i) => {
    for (let n = 2; n <= names.mostWords; n++) if (names.all.has(words.slice(i, i + n).join(' '))) return true;
    return false;
  });
}
