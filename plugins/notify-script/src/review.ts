/** The review of all configured scripts: called at start, after a reload, and by `mainstay check`. */
import { type ConfigEntry, type Diagnostic, defaultScriptIdentity, type ProcessPort, reviewScript } from '@mainstay/sdk';
import { type GlobalConfig, type InstanceConfig, scriptKeywords, scriptOf } from './config.js';

export async function reviewScripts(
  instances: readonly ConfigEntry<InstanceConfig>[],
  global: GlobalConfig,
  port: ProcessPort,
): Promise<readonly Diagnostic[]> {
  const fallback = await defaultScriptIdentity(global, port);
  const found: Diagnostic[] = [];
  for (const { name, value } of instances) {
    for (const keyword of scriptKeywords) {
      const script = scriptOf(value, keyword);
      const problem = script && (await reviewScript(`${name}: ${keyword}`, script, { global, fallback, port }));
      if (problem !== undefined) found.push(problem);
    }
  }
  return found;
}
