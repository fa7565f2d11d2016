/**
 * Commands that a plugin brings to the command line: `mainstay genhash URL`. The manifest names them with the module of each
 * (`"commands": { "genhash": "./dist/genhash-command.js" }`), which default-exports what `defineCommand` answers. They run in the process of
 * the command line, without a daemon.
 */
import type { Ports } from './ports/index.js';

export interface CommandContext {
  /** What stands after the name of the command. */
  readonly args: readonly string[];
  /** Those that the manifest's `needs` names, as far as they need no copy of the kernel's tables. */
  readonly ports: Ports;
  /** The first address of a host, by the system's resolver. Rejects with what the resolver says. */
  addressOf(host: string): Promise<string>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** To standard output, and to standard error. Ends of lines are the command's. */
  print(text: string): void;
  complain(text: string): void;
}

export interface CommandSpec {
  /** What `mainstay NAME --help` prints. */
  readonly usage: string;
  /** Answers the exit code. A throw is printed, and the code is 1. */
  run(context: CommandContext): number | Promise<number>;
}

const brand = Symbol.for('mainstay.command');

export type Command = CommandSpec & { readonly [brand]: 1 };

export function defineCommand(spec: CommandSpec): Command {
  return Object.freeze({ ...spec, [brand]: 1 as const });
}

/** Works across copies of the SDK. */
export function isCommand(value: unknown): value is Command {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === 1;
}
