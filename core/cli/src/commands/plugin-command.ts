/** `mainstay NAME`, where a plugin of the distribution brings the command NAME. Called by main.ts and help.ts. */
import { lookup } from 'node:dns/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type FoundPlugin, findPlugin, grantedPorts, openPorts } from '@mainstay/core';
import { isCommand, MainstayError, messageOf } from '@mainstay/sdk';
import { plugins } from '../distribution.js';

export interface PluginCommand {
  readonly name: string;
  readonly plugin: FoundPlugin;
  /** Absolute path. */
  readonly module: string;
}

/** Of the distribution, in its order. A plugin that is not installed brings none. */
export function pluginCommands(): readonly PluginCommand[] {
  const here = dirname(fileURLToPath(import.meta.url));
  return plugins.flatMap((reference) => {
    try {
      const plugin = findPlugin(reference, { configDirectory: here, daemonDirectory: here });
      const entries = Object.entries(plugin.manifest.commands ?? {});
      return entries.map(([name, module]) => ({ name, plugin, module: join(plugin.directory, module) }));
    } catch {
      return [];
    }
  });
}

async function load({ name, plugin, module }: PluginCommand) {
  try {
    const { default: command } = (await import(pathToFileURL(module).href)) as { default?: unknown };
    if (isCommand(command)) return command;
    throw new TypeError(`the default export of ${module} is not a command`);
  } catch (error) {
    const message = `the command ${name} of ${plugin.packageName} cannot be loaded: ${messageOf(error)}`;
    throw new MainstayError('MODULE_LOAD_FAILED', message, 'build or reinstall the package', { cause: error });
  }
}

/** Answers the exit code. */
export async function runPluginCommand(found: PluginCommand, args: readonly string[]): Promise<number> {
  const command = await load(found);
  if (args.includes('--help')) {
    process.stdout.write(`${command.usage.trimEnd()}\n`);
    return 0;
  }
  const { packageName, manifest } = found.plugin;
  const needs = new Set(manifest.needs);
  const real = await openPorts(needs, (error) => process.stderr.write(`mainstay: ${messageOf(error)}\n`));
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new Error('interrupted')));
  return command.run({
    args,
    ports: grantedPorts(`plugin ${packageName}`, manifest.needs, () => real),
    addressOf: async (host) => (await lookup(host)).address,
    signal: abort.signal,
    print: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
  });
}
