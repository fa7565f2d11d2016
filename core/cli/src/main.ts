#!/usr/bin/env node
/** The command `mainstay`: reads the command line and hands over to one of the commands. */
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MainstayError, messageOf } from '@mainstay/sdk';
import { backgroundStarter, goToBackground, isBackground } from './background.js';
import type { ActText } from './commands/act.js';
import { noDaemon } from './commands/ask.js';
import type { Starter } from './commands/run.js';
import { UsageError } from './getopt.js';
import { helpText } from './help.js';
import {
  absolute,
  type ClientArguments,
  type CommandName,
  type DaemonArguments,
  type Invocation,
  readArguments,
  readVerb,
} from './options.js';
import { version } from './version.js';

/** keepalived's names for --signum. The others stand for real-time signals, which have no counterpart here. */
const signals: Readonly<Record<string, number>> = {
  STOP: constants.signals.SIGTERM,
  RELOAD: constants.signals.SIGHUP,
  DATA: constants.signals.SIGUSR1,
};

const terminalStarter: Starter = {
  hasConsole: true,
  complain: (text) => void process.stderr.write(`${text}\n`),
  ready: () => {},
};

async function daemon(args: DaemonArguments, argv: readonly string[]): Promise<number> {
  if (!args.isForeground && !isBackground()) return goToBackground(argv, fileURLToPath(import.meta.url));
  const { run } = await import('./commands/run.js');
  if (!isBackground()) return run(args, terminalStarter);
  const detached = absolute(args, process.cwd());
  // A daemon must not keep a file system busy that happens to be where it was started.
  process.chdir('/');
  return run(detached, backgroundStarter());
}

async function client(command: Exclude<CommandName, 'run'>, args: ClientArguments): Promise<number> {
  // `mainstay watch | head`: whoever reads may have seen enough.
  process.stdout.on('error', () => process.exit(0));
  const print = (text: string) => void process.stdout.write(text);
  switch (command) {
    case 'check': {
      const { check } = await import('./commands/check.js');
      return check({ ...args, only: new Set(), noBfd: false });
    }
    case 'reload': {
      const { text, isOk } = await (await import('./commands/reload.js')).reload(args);
      print(text);
      return isOk ? 0 : 1;
    }
    case 'actions':
      print(await (await import('./commands/act.js')).actions(args));
      return 0;
    case 'act': {
      const [verb = '', name = ''] = args.names;
      return told(args, await (await import('./commands/act.js')).act(args, verb, name));
    }
    case 'watch':
      await (await import('./commands/watch.js')).watch(args, print);
      return 0;
    case 'status':
      print(await (await import('./commands/status.js')).status(args));
      return 0;
    case 'explain':
      print(await (await import('./commands/explain.js')).explain(args));
      return 0;
    case 'plugins':
      print(await (await import('./commands/lists.js')).plugins(args));
      return 0;
    case 'hooks':
      print(await (await import('./commands/lists.js')).hooks(args));
      return 0;
    default:
      return command satisfies never;
  }
}

/** What came of an action: on standard output where it was done, or as JSON. */
function told({ json }: ClientArguments, { text, isOk }: ActText): number {
  (isOk || json ? process.stdout : process.stderr).write(text);
  return isOk ? 0 : 1;
}

/** A plugin's command, or else something that the running daemon can be asked to do. */
async function verb(name: string, args: readonly string[]): Promise<number> {
  const { pluginCommands, runPluginCommand } = await import('./commands/plugin-command.js');
  const command = pluginCommands().find((candidate) => candidate.name === name);
  if (command !== undefined) return runPluginCommand(command, args);
  const read = readVerb(args);
  if (read !== 'help') return told(read, await (await import('./commands/act.js')).verb(read, name));
  process.stdout.write(helpText('act'));
  return 0;
}

async function invoke(invocation: Invocation, argv: readonly string[]): Promise<number> {
  switch (invocation.kind) {
    case 'run':
      return daemon(invocation.daemon, argv);
    case 'configTest': {
      const { check } = await import('./commands/check.js');
      return check({ ...invocation.daemon, json: false, ...(invocation.logTo !== undefined && { logTo: invocation.logTo }) });
    }
    case 'client':
      return client(invocation.command, invocation.client);
    case 'verb':
      return verb(invocation.verb, invocation.args);
    case 'help': {
      const { pluginCommands } = await import('./commands/plugin-command.js');
      const brought = pluginCommands().map(({ name, plugin }) => [name, plugin.packageName] as const);
      process.stdout.write(helpText(invocation.command, brought));
      return 0;
    }
    case 'version':
      process.stdout.write(`Mainstay ${version} (Node ${process.version})\n`);
      return 0;
    case 'signum':
      return signum(invocation.signal);
    default:
      return invocation satisfies never;
  }
}

function signum(name: string): number {
  const number = signals[name.toUpperCase()];
  if (number === undefined)
    throw new UsageError(`--signum=${name} is not available: known are ${Object.keys(signals).join(', ')}`);
  process.stdout.write(`${number}\n`);
  return 0;
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await invoke(readArguments(argv), argv);
  } catch (error) {
    process.stderr.write(`mainstay: ${messageOf(error)}\n`);
    if (error instanceof UsageError) process.stderr.write('`mainstay --help` lists the options\n');
    return error instanceof MainstayError && error.code === 'CONTROL_UNREACHABLE' ? noDaemon : 1;
  }
}

const code = await main(process.argv.slice(2));
// A pipe takes what it has before the process ends; a daemon's leftover handles must not keep it.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
