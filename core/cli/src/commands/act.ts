/**
 * `mainstay act VERB NAME`, `mainstay VERB NAME` and `mainstay actions`: has a plugin of the running daemon do something. Which
 * verbs there are only the daemon knows. Called by main.ts.
 */
import { type ActionFacts, type ActionOutcome, askDaemon } from '@mainstay/core/client';
import { closest, MainstayError } from '@mainstay/sdk';
import { UsageError } from '../getopt.js';
import { type ClientArguments, commands } from '../options.js';
import { clean, table } from '../output/table.js';
import { controlSocketOf } from '../paths.js';
import { json } from './status.js';

/** An action may take two minutes; the daemon answers by then whatever becomes of it. */
const longestActMs = 130_000;

export interface ActText {
  readonly text: string;
  readonly isOk: boolean;
}

/** Asks for the action. Throws where no daemon answers. */
export async function act(args: ClientArguments, verb: string, name: string): Promise<ActText> {
  const path = `/v1/actions/${encodeURIComponent(verb)}/${encodeURIComponent(name)}`;
  const { status, body } = await askDaemon(controlSocketOf(args), 'POST', path, longestActMs);
  const { ok, error } = body as { readonly ok?: boolean; readonly error?: string };
  if (typeof ok !== 'boolean') throw new Error(error ?? `the daemon answers ${status}`);
  const outcome = body as ActionOutcome;
  return { text: args.json ? json(outcome) : outcomeText(outcome), isOk: ok };
}

/** A word that is no command of ours: the running daemon may have it as a verb. Throws UsageError where it has not. */
export async function verb(args: ClientArguments, word: string): Promise<ActText> {
  const found = (await known(args, word)).find((one) => one.verb === word);
  if (found === undefined) throw unknownCommand(word, 'the running daemon has no such action: `mainstay actions` lists them');
  const [name, ...others] = args.names;
  const usage = `mainstay ${word} ${found.object.toUpperCase()}`;
  if (name === undefined) throw new UsageError(`${word} needs a name: ${usage}`);
  if (others.length > 0) throw new UsageError(`unexpected argument "${others[0]}": ${usage}`);
  return act(args, word, name);
}

export async function actions(args: ClientArguments): Promise<string> {
  const all = await list(args);
  return args.json ? json(all) : actionList(all);
}

export function actionList(all: readonly ActionFacts[]): string {
  if (all.length === 0) return 'no running plugin can be asked to do anything\n';
  const isCommand = (word: string) => (commands as readonly string[]).includes(word);
  const rows = all.map(({ verb: word, object, plugin, doc }) => [
    `mainstay ${isCommand(word) ? 'act ' : ''}${word} ${object.toUpperCase()}`,
    plugin,
    doc,
  ]);
  return table(['COMMAND', 'PLUGIN', 'DOES'], rows);
}

export function outcomeText(outcome: ActionOutcome): string {
  if (outcome.ok) return `${clean(outcome.message)}\n`;
  const { message, hint, names = [] } = outcome;
  const advice = hint === undefined ? '' : ` (${clean(hint)})`;
  const there = names.length === 0 ? '' : `; there are: ${names.map(clean).join(', ')}`;
  return `mainstay: ${clean(message)}${advice}${there}\n`;
}

async function list(args: ClientArguments): Promise<readonly ActionFacts[]> {
  const { status, body } = await askDaemon(controlSocketOf(args), 'GET', '/v1/actions');
  // A daemon of an earlier version.
  if (status === 404) return [];
  return (body as { readonly actions: readonly ActionFacts[] }).actions;
}

/** Where no daemon answers, a slip of the finger is the likelier reason for a command that nobody knows. */
async function known(args: ClientArguments, word: string): Promise<readonly ActionFacts[]> {
  try {
    return await list(args);
  } catch (error) {
    if (!(error instanceof MainstayError)) throw error;
    if (closest(word, commands) !== undefined) throw unknownCommand(word);
    const message = `"${word}" is no command, and ${error.message.replace(` (${error.hint})`, '')}: it could know such an action`;
    throw new MainstayError(error.code, message, error.hint);
  }
}

function unknownCommand(word: string, more?: string): UsageError {
  const near = closest(word, commands);
  const advice = near === undefined ? '' : ` (did you mean "${near}"?)`;
  const end = more === undefined ? '' : `; ${more}`;
  return new UsageError(`unknown command "${word}"${advice}; commands are ${commands.join(', ')}${end}`);
}
