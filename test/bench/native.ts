/** Compiles the helpers in C of native/ when they are older than their source, and says where they are. Used by whoever runs one. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/command.js';
import { root } from '../support/repository.js';

const executables = ['watch', 'probe', 'blackout', 'neighbours', 'flood', 'answer', 'ask', 'table', 'edits'] as const;
/** Loaded into the programs of others. */
const libraries = ['tableless'] as const;
export type Helper = (typeof executables)[number] | (typeof libraries)[number];

const folder = join(root, 'build/bench');

/** The path of a compiled helper. */
export function helper(name: Helper): string {
  return join(folder, name);
}

export async function compileHelpers(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const shared = statSync(join(root, 'test/bench/native/raw.h')).mtimeMs;
  const wanted = [
    ...executables.map((name) => ({ name, flags: [] })),
    ...libraries.map((name) => ({ name, flags: ['-shared', '-fPIC'] })),
  ];
  for (const { name, flags } of wanted) {
    const source = join(root, 'test/bench/native', `${name}.c`);
    const changed = Math.max(shared, statSync(source).mtimeMs);
    if (existsSync(helper(name)) && statSync(helper(name)).mtimeMs > changed) continue;
    await run('gcc', ['-O2', '-Wall', '-Wextra', ...flags, '-o', helper(name), source]);
  }
}
