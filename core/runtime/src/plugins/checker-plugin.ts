/** A package whose default export is a checker is a plugin with that checker, named after the package. Called where plugins load. */
import { definePlugin, isChecker, type Plugin } from '@mainstay/sdk';

/** The plugin around a checker; anything else as it is. `name`: the package, or the name that it got before. */
export function asPlugin(exported: unknown, name: string): Plugin | unknown {
  if (!isChecker(exported)) return exported;
  return definePlugin({ name: pluginName(name), setup: ({ checkers }) => checkers.define(exported) });
}

/** `@acme/mainstay-checker-redis` and `/opt/plugins/mainstay-checker-redis` are `mainstay-checker-redis`. */
function pluginName(name: string): string {
  const last = name.split('/').findLast((part) => part !== '') ?? '';
  const word = last.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return /^[a-z]/.test(word) ? word : `checker-${word}`;
}
