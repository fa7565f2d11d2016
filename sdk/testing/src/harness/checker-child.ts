/** The program that checker-process.ts forks: one probe of one checker, and its verdict. */
import { openPorts } from '@mainstay/core';
import { isChecker, messageOf } from '@mainstay/sdk';
import type { ElsewhereAnswer, ElsewhereRequest } from './checker-process.js';
import { runChecker } from './run-checker.js';

async function answer({ module, options }: ElsewhereRequest): Promise<ElsewhereAnswer> {
  try {
    const { default: checker } = (await import(module)) as { default?: unknown };
    if (!isChecker(checker)) throw new TypeError(`the default export of ${module} is not the result of defineChecker`);
    const ports = await openPorts(new Set(checker.needs ?? []), () => {});
    return { verdict: (await runChecker(checker, { ...options, ports, time: 'real' })).verdict };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

process.once('message', async (request: ElsewhereRequest) => {
  process.send?.(await answer(request));
});
