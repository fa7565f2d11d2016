/**
 * Reads keepalived.conf text into statements: comments, includes, conditions, definitions, loops, then blocks. Every step keeps
 * the places of the characters. Reads included files; never throws, whatever the text says.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Diagnostic, messageOf, type SourcePosition, type SourceTree } from '@mainstay/sdk';
import { BlockBuilder } from './blocks.js';
import { withoutComment } from './comments.js';
import { changedPolicy, filesOf, type IncludePolicy, includeKeywords } from './include.js';
import { Line } from './line.js';
import { type Loop, parseLoop } from './loops.js';
import { Scope } from './scope.js';

export interface ReadOptions {
  /** Name by which `@ID` lines are chosen (`-i`); keepalived's default is the host name up to its first dot. */
  readonly configId: string;
  /** `${_INSTANCE}`. */
  readonly instance?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly random?: () => number;
}

export interface ReadResult {
  readonly tree: SourceTree;
  readonly diagnostics: readonly Diagnostic[];
}

/** keepalived itself nests a handful; a file that includes itself would never end. */
const mostIncludeDepth = 32;
const mostLoopDepth = 32;
/** Logical lines in all: a thousand times what the largest known site has. */
const mostLines = 5_000_000;

class Reader {
  readonly diagnostics: Diagnostic[] = [];
  readonly files: string[] = [];
  private readonly scope: Scope;
  private readonly blocks: BlockBuilder;
  private policy: IncludePolicy = new Set();
  private depth = 0;
  private lines = 0;
  private folder = '/';

  constructor(private readonly options: ReadOptions) {
    const { instance = '', env = process.env, random } = options;
    this.scope = new Scope({ instance, env, ...(random !== undefined && { random }) });
    this.blocks = new BlockBuilder((code, message, at, hint) => this.error(code, message, at, hint));
  }

  finish(): ReadResult {
    return { tree: { files: this.files, statements: this.blocks.end() }, diagnostics: this.diagnostics };
  }

  /** A whole file. The include policy that it sets ends with it; what it defines stays. */
  text(text: string, file: string): void {
    const before = { policy: this.policy, folder: this.folder };
    this.files.push(file);
    this.folder = dirname(resolve(file));
    const raw = text.split(/\r\n|\n|\r/);
    for (let i = 0; i < raw.length && this.lines <= mostLines; i++) {
      const line = Line.of(file, i + 1, raw[i] ?? '');
      if (line.text.includes('\0'))
        this.error('CONFIG_NUL', 'the line has a NUL byte and is skipped', line.at(line.text.indexOf('\0')));
      else i += this.physical(line, raw.slice(i + 1, i + 1 + 10_000));
    }
    this.policy = before.policy;
    this.folder = before.folder;
  }

  /** One line of the file; answers how many following lines a multi-line definition took with it. */
  private physical(raw: Line, following: readonly string[]): number {
    const line = withoutComment(raw).trim();
    if (line.isBlank) return 0;
    const include = /^(include[rmwba]?)\s+(\S.*)$/.exec(line.text);
    if (include !== null) {
      this.include(
        include[1] ?? 'include',
        (include[2] ?? '').replace(/^"(.*)"$/, '$1'),
        line.at(line.text.indexOf(include[2] ?? '')),
      );
      return 0;
    }
    const chosen = this.chosen(line);
    const definition = chosen && /^\$([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(chosen.text);
    const body = /^(?:@\S+\s+)?\$[A-Za-z_][A-Za-z0-9_]*\s*=.*\\$/.test(line.text) ? continuation(line, following) : undefined;
    if (definition)
      this.scope.define(definition[1] ?? '', body?.text.slice(body.text.indexOf('=') + 1).trim() ?? definition[2] ?? '');
    else if (chosen && body === undefined) this.logical(chosen, 0);
    return body?.taken ?? 0;
  }

  /** `@ID rest` and `@^ID rest`: the rest where the line is for this host, undefined where it is not. */
  private chosen(line: Line): Line | undefined {
    const match = /^@(\^?)(\S*)\s*/.exec(line.text);
    if (match === null) return line;
    const isFor = (match[2] === this.options.configId) !== (match[1] === '^');
    return isFor ? line.slice(match[0].length) : undefined;
  }

  private logical(line: Line, depth: number): undefined {
    if (line.isBlank) return;
    if (depth > mostLoopDepth) return this.error('CONFIG_LOOP_DEPTH', 'loops and definitions are nested too deeply', line.at(0));
    const withParameters = line.text.startsWith('~') ? (this.expandHead(line) ?? line) : line;
    const loop = parseLoop(withParameters.text);
    if (typeof loop === 'string') return this.error('CONFIG_BAD_LOOP', loop, line.at(0));
    if (loop !== undefined) return this.loop(withParameters, loop, depth);
    this.substituted(line, depth);
  }

  private loop(line: Line, loop: Loop, depth: number): undefined {
    const rest = line.slice(loop.length).trim();
    for (const round of loop.rounds) {
      if (this.lines > mostLines) return;
      for (const [name, value] of Object.entries(round)) this.scope.define(name, value);
      this.logical(rest, depth + 1);
    }
  }

  /** The parameters of a loop may be definitions; the rest of the line waits for its round. */
  private expandHead(line: Line): Line | undefined {
    const end = line.text.indexOf(')');
    if (end < 0) return line;
    const head = this.scope.expand(line.slice(0, end + 1), this.folder);
    return head && line.replace(0, end + 1, head.text);
  }

  private substituted(line: Line, depth: number): undefined {
    if (!line.text.includes('$')) return this.emit(line);
    const expanded = this.scope.expand(line, this.folder);
    if (expanded === undefined) {
      return this.error(
        'CONFIG_ENDLESS_DEFINITION',
        'the definitions used here expand without end',
        line.at(0),
        'a definition must not use itself',
      );
    }
    let start = 0;
    for (const part of expanded.text.split('\n')) {
      const piece = expanded.slice(start, start + part.length).trim();
      start += part.length + 1;
      const chosen = this.chosen(piece);
      if (chosen === undefined) continue;
      if (chosen.text.startsWith('~')) this.logical(chosen, depth + 1);
      else this.emitOrDefine(chosen);
    }
  }

  /** A line of a multi-line definition may itself define something. */
  private emitOrDefine(line: Line): void {
    const definition = /^\$([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line.text);
    if (definition === null) this.emit(line);
    else this.scope.define(definition[1] ?? '', definition[2] ?? '');
  }

  private emit(line: Line): undefined {
    if (++this.lines === mostLines) this.error('CONFIG_TOO_LARGE', `more than ${mostLines} lines: reading ends here`, line.at(0));
    if (this.lines >= mostLines || line.isBlank) return;
    const seed = /^random_seed\s+([0-9]+)/.exec(line.text);
    if (seed !== null) this.scope.seed(Number(seed[1]));
    if (/^include_check\b/.test(line.text)) this.changePolicy(line);
    this.blocks.add(line);
  }

  private changePolicy(line: Line): void {
    const words = line.text.split(/\s+/).slice(1);
    const policy = changedPolicy(this.policy, words);
    if (typeof policy === 'string')
      this.error('CONFIG_BAD_VALUE', `"${policy}" is not an include check`, line.at(line.text.indexOf(policy)));
    else this.policy = policy;
  }

  private include(keyword: string, pattern: string, at: SourcePosition): undefined {
    if (this.depth >= mostIncludeDepth) return this.error('CONFIG_INCLUDE_DEPTH', 'files include each other without end', at);
    const policy: IncludePolicy = new Set([...this.policy, ...(includeKeywords[keyword] ?? [])]);
    const { files, complaints } = filesOf(pattern, this.folder, policy);
    for (const complaint of complaints) this.error('CONFIG_INCLUDE_NO_MATCH', `${keyword}: ${complaint}`, at);
    for (const file of files) this.includeFile(file, policy.size > 0, at);
  }

  private includeFile(file: string, isStrict: boolean, at: SourcePosition): void {
    this.depth++;
    try {
      this.text(readFileSync(file, 'utf8'), file);
    } catch (error) {
      const message = `included file ${file} cannot be read: ${messageOf(error)}`;
      this.diagnostics.push({ severity: isStrict ? 'error' : 'warning', code: 'CONFIG_INCLUDE_UNREADABLE', message, at });
    }
    this.depth--;
  }

  private error(code: string, message: string, at: SourcePosition, hint?: string): undefined {
    this.diagnostics.push({ severity: 'error', code, message, at, ...(hint !== undefined && { hint }) });
  }
}

/** A definition that goes on: lines up to the first that does not end with a backslash, joined by newlines. */
function continuation(first: Line, following: readonly string[]): { text: string; taken: number } {
  const parts = [first.text.replace(/\\$/, '').trim()];
  let taken = 0;
  for (const raw of following) {
    taken++;
    const text = withoutComment(Line.of(first.file, first.number + taken, raw)).text.trim();
    parts.push(text.replace(/\\$/, '').trim());
    if (!text.endsWith('\\')) break;
  }
  return { text: parts.join('\n'), taken };
}

/** `file` names the text in positions, and is where relative includes begin. */
export function readKeepalived(text: string, file: string, options: ReadOptions): ReadResult {
  const reader = new Reader(options);
  reader.text(text, file);
  return reader.finish();
}
