/** Linux implementation of the `process` port: running scripts so that nothing they do can hold up or harm the daemon. */
import type { ProcessPort } from '@mainstay/sdk';
import { inspectScript } from './inspect.js';
import { runScript } from './run-script.js';

export function openProcess(): ProcessPort {
  return { run: runScript, inspect: inspectScript };
}
