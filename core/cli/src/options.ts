/** The command line as values. Pure: reads argv and nothing else. Called by main.ts. */
import { resolve } from 'node:path';
import { type FoundOption, getopt, type OptionSpec, UsageError } from './getopt.js';
import { clientOptions, daemonOptions, type OptionEntry } from './option-table.js';

export const commands = ['run', 'check', 'status', 'watch', 'explain', 'plugins', 'hooks', 'actions', 'act', 'reload'] as const;
export type CommandName = (typeof commands)[number];

export interface DaemonArguments {
  readonly file?: string;
  readonly only: ReadonlySet<'vrrp' | 'check'>;
  readonly noBfd: boolean;
  readonly isForeground: boolean;
  readonly logConsole: boolean;
  readonly logDetail: boolean;
  readonly logFormat: 'text' | 'json';
  /** Syslog's facility number. */
  readonly logFacility: number;
  readonly logFile?: string;
  readonly noSyslog: boolean;
  readonly dumpConfiguration: boolean;
  readonly dontRespawn: boolean;
  readonly keepAddresses: boolean;
  readonly keepServices: boolean;
  readonly pidFiles: { readonly daemon?: string; readonly vrrp?: string; readonly check?: string; readonly bfd?: string };
  readonly configId?: string;
  readonly ignoreSigint: boolean;
  readonly umask?: number;
  readonly runDirectory?: string;
  readonly instance?: string;
  readonly strict: boolean;
}

export interface ClientArguments {
  readonly json: boolean;
  readonly taps: boolean;
  readonly file?: string;
  readonly configId?: string;
  readonly runDirectory?: string;
  readonly instance?: string;
  readonly names: readonly string[];
}

export type Invocation =
  | { readonly kind: 'run'; readonly daemon: DaemonArguments }
  | { readonly kind: 'configTest'; readonly daemon: DaemonArguments; readonly logTo?: string }
  | { readonly kind: 'client'; readonly command: Exclude<CommandName, 'run'>; readonly client: ClientArguments }
  /** No command of ours: one of a plugin with options of its own, or perhaps a verb of the running daemon. */
  | { readonly kind: 'verb'; readonly verb: string; readonly args: readonly string[] }
  | { readonly kind: 'help'; readonly command?: CommandName }
  | { readonly kind: 'version' }
  | { readonly kind: 'signum'; readonly signal: string };

export const defaultLogFile = '/var/log/mainstay.log';

/** Throws UsageError with the words for the person. */
export function readArguments(argv: readonly string[]): Invocation {
  const [first, ...others] = argv;
  const command = commands.find((name) => name === first);
  if (command !== undefined && command !== 'run') return clientInvocation(command, others);
  if (first === 'help') return { kind: 'help' };
  if (first !== undefined && command === undefined && !first.startsWith('-')) {
    return verbInvocation(first, others);
  }
  return daemonInvocation(command === 'run' ? others : argv);
}

class Found {
  readonly #options: readonly FoundOption[];
  constructor(options: readonly FoundOption[], table: readonly OptionEntry[]) {
    this.#options = options;
    for (const { long } of options) {
      const entry = table.find((candidate) => candidate.long === long);
      if (entry?.notBuilt === undefined) continue;
      const short = entry.short === undefined ? '' : `-${entry.short}, `;
      throw new UsageError(`${short}--${long} is not available: ${entry.notBuilt}`);
    }
  }
  has(long: string): boolean {
    return this.#options.some((option) => option.long === long);
  }
  /** The last one written wins, as in getopt programs. */
  value(long: string): string | undefined {
    return this.#options.findLast((option) => option.long === long)?.value;
  }
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [k in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [k in K]?: V };
}

function daemonInvocation(argv: readonly string[]): Invocation {
  const { options, rest } = getopt(argv, daemonOptions as readonly OptionSpec[]);
  const found = new Found(options, daemonOptions);
  if (found.has('help')) return { kind: 'help', command: 'run' };
  if (found.has('version')) return { kind: 'version' };
  const signal = found.value('signum');
  if (signal !== undefined) return { kind: 'signum', signal };
  if (rest.length > 0) throw new UsageError(`unexpected argument "${rest[0]}"`);
  const daemon = daemonArguments(found);
  if (found.has('config-test')) return { kind: 'configTest', daemon, ...optional('logTo', found.value('config-test')) };
  return { kind: 'run', daemon };
}

function daemonArguments(found: Found): DaemonArguments {
  const logFile = found.has('log-file') ? (found.value('log-file') ?? defaultLogFile) : undefined;
  const only = (['vrrp', 'check'] as const).filter((part) => found.has(part));
  return {
    ...optional('file', found.value('use-file')),
    only: new Set(only),
    noBfd: found.has('no_bfd'),
    isForeground: found.has('dont-fork'),
    logConsole: found.has('log-console'),
    logDetail: found.has('log-detail'),
    logFormat: oneOf(found.value('log-format') ?? 'text', ['text', 'json'], '--log-format'),
    logFacility: facilityOf(found.value('log-facility') ?? 'daemon'),
    ...optional('logFile', logFile),
    noSyslog: found.has('no-syslog'),
    dumpConfiguration: found.has('dump-conf'),
    dontRespawn: found.has('dont-respawn'),
    keepAddresses: found.has('dont-release-vrrp'),
    keepServices: found.has('dont-release-ipvs'),
    pidFiles: {
      ...optional('daemon', found.value('pid')),
      ...optional('vrrp', found.value('vrrp_pid')),
      ...optional('check', found.value('checkers_pid')),
      ...optional('bfd', found.value('bfd_pid')),
    },
    ...optional('configId', found.value('config-id')),
    ignoreSigint: found.has('ignore-sigint'),
    ...optional('umask', maskOf(found.value('umask'))),
    ...optional('runDirectory', found.value('run-dir')),
    ...optional('instance', instanceOf(found.value('instance'))),
    strict: found.has('strict'),
  };
}

/** The same arguments for a process that works elsewhere: every path made absolute from `directory`. */
export function absolute(args: DaemonArguments, directory: string): DaemonArguments {
  const full = <K extends string>(key: K, path: string | undefined) => optional(key, path && resolve(directory, path));
  return {
    ...args,
    ...full('file', args.file),
    ...full('logFile', args.logFile),
    ...full('runDirectory', args.runDirectory),
    pidFiles: {
      ...full('daemon', args.pidFiles.daemon),
      ...full('vrrp', args.pidFiles.vrrp),
      ...full('check', args.pidFiles.check),
      ...full('bfd', args.pidFiles.bfd),
    },
  };
}

/** How many names a command takes. */
const mostNames: Readonly<Partial<Record<CommandName, number>>> = { explain: 1, check: 1, status: 1, watch: 20, act: 2 };

function clientInvocation(command: Exclude<CommandName, 'run'>, argv: readonly string[]): Invocation {
  const { options, rest } = getopt(argv, clientOptions as readonly OptionSpec[]);
  const found = new Found(options, clientOptions);
  if (found.has('help')) return { kind: 'help', command };
  const most = mostNames[command] ?? 0;
  if (rest.length > most) throw new UsageError(`unexpected argument "${rest[most]}"`);
  if (command === 'explain' && rest.length === 0)
    throw new UsageError('explain needs the name of an instance: mainstay explain VI_1');
  if (command === 'act' && rest.length < 2)
    throw new UsageError('act needs a verb and a name: mainstay act VERB NAME (`mainstay actions` lists the verbs)');
  const file = found.value('use-file') ?? (command === 'check' ? rest[0] : undefined);
  return { kind: 'client', command, client: clientArguments(found, rest, file) };
}

function verbInvocation(verb: string, args: readonly string[]): Invocation {
  if (!/^[a-z][a-z-]*$/.test(verb)) throw new UsageError(`unknown command "${verb}"; commands are ${commands.join(', ')}`);
  return { kind: 'verb', verb, args };
}

/** Of a verb that only the running daemon knows: `verb` in commands/act.ts asks it. */
export function readVerb(args: readonly string[]): ClientArguments | 'help' {
  const { options, rest } = getopt(args, clientOptions as readonly OptionSpec[]);
  const found = new Found(options, clientOptions);
  return found.has('help') ? 'help' : clientArguments(found, rest, found.value('use-file'));
}

function clientArguments(found: Found, names: readonly string[], file: string | undefined): ClientArguments {
  return {
    json: found.has('json'),
    taps: found.has('taps'),
    ...optional('file', file),
    ...optional('configId', found.value('config-id')),
    ...optional('runDirectory', found.value('run-dir')),
    ...optional('instance', instanceOf(found.value('instance'))),
    names,
  };
}

function oneOf<const T extends readonly string[]>(text: string, choices: T, option: string): T[number] {
  if (choices.includes(text)) return text;
  throw new UsageError(`${option} is ${choices.join(' or ')}, not "${text}"`);
}

/** keepalived's names: 0-7 and localN mean local0 to local7. */
function facilityOf(text: string): number {
  const named: Readonly<Record<string, number>> = { user: 1, daemon: 3 };
  const local = /^(?:local)?([0-7])$/i.exec(text)?.[1];
  const number = local === undefined ? named[text.toLowerCase()] : 16 + Number(local);
  if (number === undefined) throw new UsageError(`-S is 0-7, local0-local7, user or daemon, not "${text}"`);
  return number;
}

function maskOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^0?[0-7]{1,3}$/.test(text)) throw new UsageError(`-u is an octal mask such as 0177, not "${text}"`);
  return Number.parseInt(text, 8);
}

/** It becomes part of paths. */
function instanceOf(text: string | undefined): string | undefined {
  if (text === undefined || /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(text)) return text;
  throw new UsageError(`--instance is letters, digits, "_", "." and "-", not "${text}"`);
}
