/** What makes a value a plugin: asked by the host for everything it admits, whoever made it. */
import { isPlugin, MainstayError, messageOf, type Plugin } from '@mainstay/sdk';

/** A plugin that another one brings along may add what it was made from: `notify-file:site.ts`. */
const nameRule = /^[a-z][a-z0-9-]*(:[\w.#-]+)?$/;
/** Names that stand for the daemon itself in hooks and logs. */
const reservedNames: readonly string[] = ['core', 'mainstay', 'checkers'];
const optionalSteps = ['children', 'verify', 'start', 'reconfigure', 'stop'] as const;

/** Throws PLUGIN_BAD_EXPORT with everything that is wrong. */
export function checkPlugin(value: unknown, origin: string): asserts value is Plugin {
  if (!isPlugin(value)) {
    const message = `the default export of ${origin} is not a plugin`;
    throw new MainstayError('PLUGIN_BAD_EXPORT', message, 'write `export default definePlugin({ ... })`, or defineChecker');
  }
  const problems = problemsOf(value);
  if (problems.length === 0) return;
  throw new MainstayError('PLUGIN_BAD_EXPORT', `the plugin of ${origin} is not usable: ${problems.join('; ')}`);
}

function problemsOf(plugin: Plugin): readonly string[] {
  const problems: string[] = [];
  const name: unknown = plugin.name;
  if (typeof name !== 'string' || !nameRule.test(name)) {
    problems.push(`its name ${JSON.stringify(name)} must be lower-case letters, digits and hyphens, beginning with a letter`);
  } else if (reservedNames.includes(name)) problems.push(`the name "${name}" is reserved`);
  if (typeof plugin.setup !== 'function') problems.push('setup is not a function');
  for (const step of optionalSteps) {
    if (plugin[step] !== undefined && typeof plugin[step] !== 'function') problems.push(`${step} is not a function`);
  }
  return problems;
}

/** Imports a module and answers its default export. Throws MODULE_LOAD_FAILED. */
export async function importDefault(url: URL, what: string): Promise<unknown> {
  try {
    return ((await import(url.href)) as { default?: unknown }).default;
  } catch (error) {
    const message = `${what} cannot be loaded from ${url.pathname}: ${messageOf(error)}`;
    throw new MainstayError('MODULE_LOAD_FAILED', message, 'build or reinstall the package', { cause: error });
  }
}
