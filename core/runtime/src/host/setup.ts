/** Runs what a plugin declares with, and says whose failure it was. Used by the host. */
import { MainstayError, messageOf, type Plugin } from '@mainstay/sdk';

export function runSetup(plugin: Plugin, setup: () => unknown): void {
  let answer: unknown;
  try {
    answer = setup();
  } catch (error) {
    throw setupFailure(plugin, 'setup()', error);
  }
  if (!(answer instanceof Promise)) return;
  answer.catch(() => {});
  const message = `plugin ${plugin.name}: setup() must not be async`;
  throw new MainstayError('PLUGIN_SETUP_FAILED', message, 'declare in setup(), and act in start()');
}

export function setupFailure(plugin: Plugin, step: string, error: unknown): MainstayError {
  if (error instanceof MainstayError) return error;
  const message = `plugin ${plugin.name} failed in ${step}: ${messageOf(error)}`;
  return new MainstayError('PLUGIN_SETUP_FAILED', message, undefined, { cause: error });
}
