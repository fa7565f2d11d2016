/** Declares what a checker must hold to as tests. Used by the suites of checkers. */
import type { Checker, Fields } from '@mainstay/sdk';
import { type CheckerContractOptions, checkerContract } from '@mainstay/testing';
import { it } from 'mocha';

/** Another process is started for one server that is up and one that is down: it takes its time, and has no more to show. */
export function holds<F extends Fields>(checker: Checker<F>, options: CheckerContractOptions): void {
  const { up, down } = options;
  const elsewhere = [...up.slice(0, 1), ...down.slice(0, 1)].map(({ name }) => `of ${name} in another process`);
  for (const { name, run } of checkerContract(checker, options))
    if (!name.endsWith('in another process') || elsewhere.some((end) => name.endsWith(end))) it(name, run);
}
