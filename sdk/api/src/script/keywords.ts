/**
 * How a configuration says which script is to run and as whom, in keepalived's manner: for every plugin that runs scripts. The two
 * keywords of global_defs are shared: each such plugin contributes them, and each is told.
 */
import { type Args, s, type ValueSpec } from '../config/schema.js';
import type { SourcePosition } from '../config/source.js';
import { splitCommand } from './command-line.js';

export interface ScriptUser {
  readonly user: string;
  readonly group?: string;
}

/** One script as configured: what to run, as whom, and where it is written. */
export interface Script {
  readonly command: readonly string[];
  readonly identity?: ScriptUser;
  readonly at: SourcePosition;
}

/** `USER [[:]GROUP]`; undefined where nothing is left of the statement. */
function takeUser(args: Args): ScriptUser | undefined {
  const user = args.take()?.text;
  if (user === undefined) return undefined;
  const group = args.take()?.text.replace(/^:/, '');
  return { user, ...(group === undefined || group === '' ? {} : { group }) };
}

function refuseMore(args: Args, rule: string, hint = 'put the command and its arguments together into double quotes'): void {
  const extra = args.peek();
  if (extra === undefined) return;
  args.fail(`"${extra.text}" is one word too many: ${rule}`, { at: extra.at, code: 'CONFIG_BAD_VALUE', hint });
}

/** The argument vector of the next word. */
function takeCommand(args: Args): Pick<Script, 'command' | 'at'> {
  const word = args.take() ?? args.fail('the script is missing', { code: 'CONFIG_MISSING_VALUE' });
  const command = splitCommand(word.text);
  if (command === undefined)
    return args.fail('a quote inside the command is not closed', { at: word.at, code: 'CONFIG_BAD_VALUE' });
  if (command.length === 0) return args.fail('the command is empty', { at: word.at, code: 'CONFIG_BAD_VALUE' });
  return { command, at: word.at };
}

/** `"COMMAND [ARG]..." [USER [[:]GROUP]]` */
export const scriptValue: ValueSpec<Script> = {
  syntax: '"COMMAND [ARG]..." [USER [[:]GROUP]]',
  json: { type: 'string' },
  lexer: 'command',
  parse(args) {
    const command = takeCommand(args);
    const identity = takeUser(args);
    refuseMore(args, 'after the command stand a user and a group');
    return { ...command, ...(identity === undefined ? {} : { identity }) };
  },
};

/** `"COMMAND [ARG]..."`, where the user has a keyword of its own. */
export const scriptCommandValue: ValueSpec<readonly string[]> = {
  syntax: '"COMMAND [ARG]..."',
  json: { type: 'string' },
  lexer: 'command',
  parse(args) {
    const { command } = takeCommand(args);
    const { at } = args;
    const lost: string[] = [];
    for (let word = args.take(); word !== undefined; word = args.take()) lost.push(word.text);
    if (lost.length > 0) {
      // keepalived drops them without a word, and the script runs.
      const message = `the script does not get "${lost.join(' ')}": its arguments stand in the same double quotes`;
      args.warn(message, { at, code: 'CONFIG_NO_EFFECT', hint: `write: "${[...command, ...lost].join(' ')}"` });
    }
    return command;
  },
};

/** `USER [[:]GROUP]` */
export const scriptUserValue: ValueSpec<ScriptUser> = {
  syntax: 'USER [[:]GROUP]',
  json: { type: 'string' },
  parse(args) {
    const identity = takeUser(args) ?? args.fail('the user is missing', { code: 'CONFIG_MISSING_VALUE' });
    refuseMore(args, 'after the group stands nothing', 'write: USER [GROUP]');
    return identity;
  },
};

/** Keywords of global_defs about scripts of every kind. */
export const globalScriptKeywords = {
  script_user: s
    .custom(scriptUserValue)
    .optional()
    .shared()
    .doc(
      'Who runs scripts that name no user; default keepalived_script where that user exists, else the user of the daemon, ' +
        'and under enable_script_security nobody.',
    ),
  enable_script_security: s
    .flag()
    .shared()
    .doc('Never run a script as root that somebody else could change, nor a script for which no user is named or made.'),
};

/** What they say. */
export interface GlobalScriptConfig {
  readonly script_user: ScriptUser | undefined;
  readonly enable_script_security: boolean;
}
