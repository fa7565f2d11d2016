/** Descriptors of this process as the kernel counts them, for tests that nothing stays open. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const folder = '/proc/self/fd';

/** What each is: `socket:[4711]`, `pipe:[4712]`, a path. */
function descriptors(): readonly string[] {
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(`${folder}/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Sockets and pipes that are open now. */
export function openNow(): ReadonlySet<string> {
  return new Set(descriptors().filter((what) => /^(socket|pipe):/.test(what)));
}

/** Waits until none is open that was not open `before`; they need a moment until they are gone. */
export async function nothingBut(before: ReadonlySet<string>, what: string): Promise<void> {
  let more: readonly string[] = [];
  for (let turn = 0; turn < 1000; turn++) {
    more = [...openNow()].filter((one) => !before.has(one));
    if (more.length === 0) return;
    await sleep(5);
  }
  assert.fail(`${what}: still open are ${more.join(', ')}`);
}
