/** Which file of a package `import "NAME"` loads: Node's rules for `exports` and `main`, for packages outside our own tree. */
import { isAbsolute, relative, resolve } from 'node:path';

const conditions: readonly string[] = ['node', 'import', 'module-sync', 'default'];

/** Absolute path of the entry, or undefined where the package has none, or one outside itself. */
export function entryOf(directory: string, packageJson: Readonly<Record<string, unknown>>): string | undefined {
  const { exports, main } = packageJson;
  const target = exports === undefined ? (typeof main === 'string' ? main : './index.js') : targetOf(rootExport(exports));
  if (target === undefined) return undefined;
  const file = resolve(directory, target);
  const inside = relative(directory, file);
  return inside.startsWith('..') || isAbsolute(inside) ? undefined : file;
}

function rootExport(exports: unknown): unknown {
  if (typeof exports !== 'object' || exports === null || Array.isArray(exports)) return exports;
  return '.' in exports ? exports['.'] : exports;
}

function targetOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (Array.isArray(target)) return target.map(targetOf).find((t) => t !== undefined);
  if (typeof target !== 'object' || target === null) return undefined;
  for (const [condition, value] of Object.entries(target)) {
    const found = conditions.includes(condition) ? targetOf(value) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
