/** Compiles the helpers in C of native/ when they are older than their source, and says where they are. Called by net, watch, prober. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/command.js';
import { root } from '../support/repository.js';

export type Helper = 'watch' | 'probe' | 'blackout';

const folder = join(root, 'build/bench');

/** The path of a compiled helper. */
export function helper(name: Helper): string {
  return join(folder, name);
}

export async function compileHelpers(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const name of ['watch', 'probe', 'blackout'] as const) {
    const source = join(root, 'test/bench/native', `${name}.c`);
    if (existsSync(helper(name)) && statSync(helper(name)).mtimeMs > statSync(source).mtimeMs) continue;
    await run('gcc', ['-O2', '-Wall', '-Wextra', '-o', helper(name), source]);
  }
}
