/** Compiles the helpers in C of native/ when they are older than their source, and says where they are. Called by net, watch, prober. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/command.js';
import { root } from '../support/repository.js';

const helpers = ['watch', 'probe', 'blackout', 'neighbours', 'flood'] as const;
export type Helper = (typeof helpers)[number];

const folder = join(root, 'build/bench');

/** The path of a compiled helper. */
export function helper(name: Helper): string {
  return join(folder, name);
}

export async function compileHelpers(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const shared = statSync(join(root, 'test/bench/native/raw.h')).mtimeMs;
  for (const name of helpers) {
    const source = join(root, 'test/bench/native', `${name}.c`);
    const changed = Math.max(shared, statSync(source).mtimeMs);
    if (existsSync(helper(name)) && statSync(helper(name)).mtimeMs > changed) continue;
    await run('gcc', ['-O2', '-Wall', '-Wextra', '-o', helper(name), source]);
  }
}
