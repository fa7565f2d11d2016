/**
 * Reads text in keepalived's grammar: comments, conditions, definitions, loops and includes are worked off line by line, and
 * what remains is statements and braces. Called by loadConfig, and by tests with text.
 */
import { readFileSync } from 'node:fs';
import { closest, type Diagnostic, messageOf, type SourcePosition, type SourceTree } from '@mainstay/sdk';
import { unpackTree } from '../packed/packed-tree.js';
import { type BraceError, buildBlocks } from './blocks.js';
import { firstBrace, withoutComment } from './comments.js';
import { Complaints } from './complaints.js';
import { changedPolicy, filesOf, type IncludePolicy, identityOf, includeChecks, includeKeywords } from './include.js';
import { defaultLimits, keepalivedLineBytes, type Limits } from './limits.js';
import { Line } from './line.js';
import { loopEnd, roundsOf } from './loops.js';
import { PlainLine } from './plain-line.js';
import { Scope } from './scope.js';
import { FileSource, ListSource, LoopSource, type Source, type ToInclude } from './sources.js';
import { nestedWithoutEnd, Substitution } from './substitution.js';
import { PackingSink, TokenList, type TokenSink } from './token-sinks.js';
import { splitWords, statementOf } from './words.js';

export interface ReadOptions {
  /** Name by which `@ID` lines are chosen (`-i`); keepalived's default is the host name up to its first dot. */
  readonly configId: string;
  /** `${_INSTANCE}`; default: the configId. */
  readonly instance?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For `${_RANDOM}` where the configuration has no random_seed: 0 <= n < 1. */
  readonly random?: () => number;
  readonly limits?: Partial<Limits>;
}

export interface ReadResult {
  readonly tree: SourceTree;
  readonly diagnostics: readonly Diagnostic[];
}

const definition = /^\$([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)$/s;
/** What makes a line more than words and braces. */
const anySpecial = /[$@~]|include/;
const includeLine = /^(include[rmwba]?)(?=[ \t]|$)/;

class Reader {
  private readonly complaints = new Complaints();
  private readonly files: string[] = [];
  private readonly stack: Source[] = [];
  private readonly scope: Scope;
  private readonly limits: Limits;
  private policy: IncludePolicy = new Set();
  private steps = 0;
  private characters = 0;
  private work = 0;
  /** The current line of the file ends with a backslash. */
  private goesOn = false;
  private readonly plainLine = new PlainLine();
  /** True until something of the current line of the file was taken. */
  private isFirst = false;

  constructor(
    options: ReadOptions,
    private readonly sink: TokenSink,
  ) {
    const { configId, instance = configId, env = process.env, random } = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.scope = new Scope({ instance, env, ...(random !== undefined && { random }) });
    this.configId = configId;
  }
  private readonly configId: string;

  /** What is read goes to the sink. Answers the files, and what is to be said. */
  read(text: string, file: string): { readonly files: readonly string[]; readonly diagnostics: readonly Diagnostic[] } {
    this.enter(text, file);
    for (let line = this.pull(); line !== undefined; line = this.pull()) this.process(line);
    return { files: this.files, diagnostics: this.complaints.list };
  }

  complain({ code, message, at, hint }: BraceError): void {
    this.complaints.error(code, message, at, hint);
  }

  private enter(text: string, file: string): void {
    this.files.push(file);
    this.characters += text.length;
    this.sink.put({ kind: 'enter' });
    this.stack.push(new FileSource(text, file, this.policy));
  }

  /** The next line that has something on it, without its comment. */
  private pull(): Line | undefined {
    for (let source = this.stack.at(-1); source !== undefined; source = this.stack.at(-1)) {
      const file = source.include?.shift();
      const raw = file === undefined ? this.nextOf(source) : undefined;
      if (file !== undefined) this.includeFile(file);
      else if (raw === undefined) this.leave(source);
      else {
        this.goesOn = false;
        const line = source.file === undefined ? raw : this.uncommented(raw);
        if (line !== undefined && !line.isBlank) return line.trim();
      }
    }
    return undefined;
  }

  /** The next line that is more than plain words: those are taken at once. */
  private nextOf(source: Source): Line | undefined {
    const { file } = source;
    if (file === undefined) return source.next();
    for (;;) {
      const text = file.nextText();
      if (text === undefined) return undefined;
      if (!this.takePlain(text, file)) return Line.of(file.name, file.number, text);
    }
  }

  private takePlain(text: string, { name, number }: FileSource): boolean {
    const { plainLine, limits } = this;
    const isWithin = this.steps < limits.lines && this.characters <= limits.characters && this.work <= limits.work;
    if (!isWithin || !plainLine.read(text) || !this.sink.takeLine(plainLine, name, number)) return false;
    this.goesOn = false;
    if (plainLine.count > 0 || plainLine.brace !== undefined) this.steps++;
    return true;
  }

  private leave({ file }: Source): void {
    this.stack.pop();
    if (file === undefined) return;
    this.policy = file.policyBefore;
    this.sink.put({ kind: 'leave' });
  }

  private uncommented(raw: Line): Line | undefined {
    const nul = raw.text.indexOf('\0');
    if (nul >= 0) return this.complaints.error('CONFIG_NUL', 'the line has a NUL byte and is skipped', raw.at(nul));
    if (raw.text.length > this.limits.writtenLineLength) {
      const message = `the line has more than ${this.limits.writtenLineLength} characters and is skipped`;
      return this.complaints.error('CONFIG_LONG_LINE', message, raw.at(0), 'a $ definition of several lines can hold it');
    }
    if (raw.text.length * 3 >= keepalivedLineBytes && Buffer.byteLength(raw.text) >= keepalivedLineBytes) {
      const message = `the line has more than ${keepalivedLineBytes - 1} bytes: keepalived would skip it, Mainstay reads it`;
      this.complaints.warning('CONFIG_LONG_LINE', message, raw.at(0), 'a $ definition of several lines can hold it');
    }
    const { line, openQuote } = withoutComment(raw);
    // As in keepalived a backslash counts before a comment and at the end of one.
    this.goesOn = raw.text.includes('\\') && [raw, line].some(({ text }) => text.trimEnd().endsWith('\\'));
    if (openQuote !== undefined) {
      this.complaints.error('CONFIG_QUOTE_NOT_CLOSED', 'the quote is not closed on this line', openQuote, 'add the closing "');
    }
    return line;
  }

  /** One line, whichever source it is from. */
  private process(start: Line): void {
    const source = this.stack.at(-1);
    if (source === undefined || !this.mayGoOn(start, source)) return;
    this.isFirst = source.file !== undefined;
    if (!anySpecial.test(start.text)) this.plain(start);
    else this.special(start, source);
  }

  /** As often as something changed, what the line begins with is looked at again. */
  private special(start: Line, source: Source): void {
    const mayNest = source.depth < this.limits.depth;
    const substitution = new Substitution(start, this.scope, this.file?.folder ?? '/', this.limits, mayNest);
    while (this.advance(substitution, source.depth + 1));
    const { problem, following, work } = substitution;
    this.work += work;
    if (problem !== undefined) this.complain(problem);
    if (problem !== undefined && problem.code === nestedWithoutEnd(start.at(0)).code) this.dropExpansion();
    // Below what the line itself has put there, such as a loop or a file.
    else if (following.length > 0)
      this.stack.splice(this.stack.indexOf(source) + 1, 0, new ListSource(following, source.depth + 1));
  }

  /** A line of nothing but words and braces, as most are. */
  private plain(start: Line): void {
    for (let line = start; ; line = line.trim()) {
      const c = line.text[0];
      if (c === undefined) return;
      const end = c === '{' || c === '}' ? 1 : firstBrace(line.text);
      if (c === '{' || c === '}') this.brace(line, c);
      else this.statement(line.slice(0, end));
      if (end === line.text.length) return;
      line = line.slice(end);
    }
  }

  /** What else this line of the file would make goes with what has no end: it could be more than there is time for. */
  private dropExpansion(): void {
    while (this.stack.length > 0 && this.stack.at(-1)?.file === undefined) this.stack.pop();
  }

  private mayGoOn(line: Line, { depth }: Source): boolean {
    if (depth > this.limits.depth) {
      this.complain(nestedWithoutEnd(line.at(0)));
      this.dropExpansion();
      return false;
    }
    const { lines, characters, work } = this.limits;
    if (++this.steps <= lines && this.characters <= characters && this.work <= work) return true;
    const message = `reading ends here: the configuration makes more than ${lines} lines, or too long ones`;
    this.complaints.error('CONFIG_TOO_LARGE', message, line.at(0), 'look at the loops and definitions used here');
    while (this.stack.length > 0) this.leave(this.stack.at(-1) as Source);
    return false;
  }

  private get file(): FileSource | undefined {
    return this.stack.findLast(({ file }) => file !== undefined)?.file;
  }

  /** Takes the next thing off the line; false: nothing is left of it. */
  private advance(on: Substitution, depth: number): boolean {
    const { line } = on.trim();
    const c = line.text[0];
    if (c === undefined) return false;
    if (c === '@') return this.choose(on);
    if (c === '$' && definition.test(line.text)) return this.define(line, true);
    if (c === '~') return this.loop(on, depth);
    if (c === '{' || c === '}') {
      this.brace(line, c);
      on.take(1);
      return true;
    }
    if (includeLine.test(line.text)) return this.include(on);
    const end = firstBrace(line.text);
    if (on.substituteTo(end)) return true;
    if (on.problem === undefined) this.statement(on.take(end));
    return on.problem === undefined;
  }

  /** `@ID rest` and `@^ID rest`: the rest where the line is for this host. */
  private choose(on: Substitution): boolean {
    const [whole = '', isNot, id] = /^@(\^?)(\S*)\s*/.exec(on.line.text) ?? [];
    const isFor = (id === this.configId) !== (isNot === '^');
    on.take(whole.length);
    if (!isFor && definition.test(on.line.text)) this.define(on.line, false);
    return isFor;
  }

  /** A definition is the whole rest of its line, and goes on as long as lines end with a backslash. */
  private define(line: Line, isWanted: boolean): false {
    const [, name = '', first = ''] = definition.exec(line.text) ?? [];
    const lines: string[] = [];
    for (let text: string | undefined = first; text !== undefined; text = this.continuation()) {
      const part = text.trim().replace(/\\$/, '').trim();
      if (part !== '') lines.push(part);
    }
    if (isWanted) this.scope.define(name, lines.length === 0 ? [''] : lines);
    return false;
  }

  /** The next line of the file where the last one says that it goes on. A blank line, too, ends that. */
  private continuation(): string | undefined {
    const raw = this.goesOn && ++this.steps <= this.limits.lines ? this.stack.at(-1)?.file?.next() : undefined;
    this.goesOn = false;
    return raw === undefined ? undefined : (this.uncommented(raw)?.text ?? '');
  }

  private loop(on: Substitution, depth: number): false {
    const { line } = on;
    const end = loopEnd(line.text);
    if (typeof end === 'string') return this.badLoop(end, line);
    if (!on.substituteAll(end - 1)) return false;
    const head = on.take((loopEnd(on.line.text) as number) || 0);
    const rounds = roundsOf(head.text);
    if (typeof rounds === 'string') return this.badLoop(rounds, line);
    const body = on.line.trim();
    // Rounds of nothing are no lines, which is what bounds the others.
    if (body.isBlank) return false;
    const define = (name: string, lines: readonly string[]) => this.scope.define(name, lines);
    this.stack.push(new LoopSource(rounds, body, define, depth));
    return false;
  }

  private badLoop(message: string, line: Line): false {
    this.complaints.error('CONFIG_BAD_LOOP', message, line.at(0));
    return false;
  }

  private brace(line: Line, brace: '{' | '}'): void {
    this.sink.put({ kind: brace === '{' ? 'open' : 'close', at: line.at(0), isFirst: this.isFirst });
    this.isFirst = false;
  }

  private statement(line: Line): void {
    const statement = statementOf(line);
    if (statement === undefined) return;
    const { keyword, args } = statement;
    const last = args.at(-1);
    if (last?.text === '\\' && !last.quoted) {
      const message = 'a backslash at the end of a line does not continue it: only a $ definition may have several lines';
      this.complaints.error('CONFIG_CONTINUATION', message, last.at, 'write the statement on one line');
    }
    if (keyword.text === 'random_seed' && /^[0-9]+$/.test(args[0]?.text ?? '')) this.scope.seed(Number(args[0]?.text));
    if (keyword.text === 'include_check') this.changePolicy(statement.args);
    this.sink.put({ kind: 'statement', statement, isFirst: this.isFirst });
    this.isFirst = false;
  }

  private changePolicy(words: readonly { readonly text: string; readonly at: SourcePosition }[]): void {
    const policy = changedPolicy(
      this.policy,
      words.map(({ text }) => text),
    );
    if (typeof policy !== 'string') {
      this.policy = policy;
      return;
    }
    const word = words.find(({ text }) => text === policy);
    const near = closest(policy.replace(/^[+-]/, ''), includeChecks);
    const hint = near === undefined ? `known are ${includeChecks.join(', ')}` : `did you mean "${near}"?`;
    if (word) this.complaints.error('CONFIG_BAD_VALUE', `"${policy}" is not an include check`, word.at, hint);
  }

  private include(on: Substitution): false {
    if (!on.substituteAll(on.line.text.length)) return false;
    const [keyword, pattern, extra] = splitWords(on.line);
    if (keyword === undefined) return false;
    if (pattern === undefined) {
      this.complaints.error('CONFIG_MISSING_VALUE', `${keyword.text} needs the name of a file`, on.line.at(on.line.text.length));
      return false;
    }
    if (extra !== undefined) {
      const hint = 'quotes hold a name with blanks together';
      this.complaints.error('CONFIG_EXTRA_WORD', `there is one word too many after ${keyword.text}`, extra.at, hint);
    }
    const policy: IncludePolicy = new Set([...this.policy, ...(includeKeywords[keyword.text] ?? [])]);
    const { files, complaints, isMissing } = filesOf(pattern.text, this.file?.folder ?? '/', policy);
    for (const complaint of complaints) this.complaints.error('CONFIG_INCLUDE_NO_MATCH', complaint, pattern.at);
    if (isMissing) {
      const hint = 'includem makes it an error';
      this.complaints.warning('CONFIG_INCLUDE_NO_MATCH', `${pattern.text} does not exist and is left out`, pattern.at, hint);
    }
    const included = files.map((file) => ({ file, isStrict: policy.size > 0, at: pattern.at }));
    this.stack.push({ depth: 0, include: included, next: () => undefined });
    return false;
  }

  private includeFile({ file, isStrict, at }: ToInclude): void {
    const open = this.stack.flatMap((source) => (source.file === undefined ? [] : [source.file]));
    try {
      const identity = identityOf(file);
      if (open.some((one) => one.identity === identity)) {
        this.complaints.error('CONFIG_INCLUDE_CYCLE', `${file} includes itself, directly or through others`, at);
      } else if (open.length > this.limits.includeDepth) {
        this.complaints.error('CONFIG_INCLUDE_DEPTH', `includes are nested more than ${this.limits.includeDepth} deep`, at);
      } else this.enter(readFileSync(file, 'utf8'), file);
    } catch (error) {
      const message = `${file} cannot be read${isStrict ? '' : ' and is left out'}: ${messageOf(error)}`;
      this.complaints.add(isStrict ? 'error' : 'warning', 'CONFIG_INCLUDE_UNREADABLE', message, at);
    }
  }
}

/**
 * `file` names the text in positions, and is where relative includes begin. Where braces do not match, everything is read once more, and
 * kept, to find out which of them is missing.
 */
export function readKeepalived(text: string, file: string, options: ReadOptions): ReadResult {
  const sink = new PackingSink();
  const { files, diagnostics } = new Reader(options, sink).read(text, file);
  if (sink.isSound) return { tree: unpackTree(sink.writer.tree(files)), diagnostics };
  return readUnbalanced(text, file, options);
}

function readUnbalanced(text: string, file: string, options: ReadOptions): ReadResult {
  const sink = new TokenList();
  const reader = new Reader(options, sink);
  const { files, diagnostics } = reader.read(text, file);
  const { statements, errors } = buildBlocks(sink.tokens);
  for (const error of errors) reader.complain(error);
  return { tree: { files, statements }, diagnostics };
}
