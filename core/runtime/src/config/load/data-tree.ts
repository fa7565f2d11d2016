/**
 * YAML, JSON and JavaScript values as statements. A key is a keyword; text and numbers are what would stand behind it in
 * keepalived.conf; true is the keyword alone; an object is a block; a list is a block of lines or the keyword several times, as
 * the schema says; at the top, an object of objects is a block for each name. Used by load-config.ts.
 */
import { messageOf, type SourcePosition, type Statement, type Word } from '@mainstay/sdk';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, Scalar, type YAMLMap } from 'yaml';
import { Line } from '../grammar/line.js';
import type { ReadResult } from '../grammar/reader.js';
import { splitWords, statementOf } from '../grammar/words.js';

/** Aliases can make a small text large: so many values may a text have beyond the number of its characters. */
const mostRepeatedNodes = 10_000;
const mostDepth = 64;

/** YAML text; JSON is YAML. Every word knows its place. */
export function readYaml(text: string, file: string): ReadResult {
  const lines = new LineCounter();
  const place = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (isTooDeep(text)) return refused(file, 'values are nested too deeply', place(0));
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) return refused(file, problem.message, place(problem.pos[0]));
    const aliases = new Map<unknown, unknown>();
    const resolve = (node: unknown) => {
      if (!isAlias(node)) return node;
      if (!aliases.has(node)) aliases.set(node, node.resolve(document));
      return aliases.get(node);
    };
    const tree = new DataTree(text, place, resolve);
    const statements = tree.root(document.contents);
    if (tree.complaint !== undefined) return refused(file, tree.complaint.message, tree.complaint.at);
    return { tree: { files: [file], statements }, diagnostics: [] };
  } catch (error) {
    return refused(file, `the text cannot be read: ${messageOf(error)}`, place(0));
  }
}

/** The parser descends by recursion, and a text that exhausts the stack ends the process: far beyond `mostDepth`, far before that. */
function isTooDeep(text: string): boolean {
  const most = 4 * mostDepth;
  let depth = 0;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth = Math.max(0, depth - 1);
    if (depth > most) return true;
  }
  return new RegExp(`^[ \\t?:-]{${2 * most}}`, 'm').test(text);
}

/** A value that a module exported; it has no positions but the file. */
export function readValue(value: unknown, file: string): ReadResult {
  const at = { file, line: 0, column: 0 };
  if (typeof value !== 'object' || value === null) return refused(file, 'its default export must be an object of keywords', at);
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    return refused(file, `what it exports cannot be read: ${messageOf(error)}`, at);
  }
  const { tree, diagnostics } = readYaml(text, file);
  return {
    tree: { files: [file], statements: tree.statements.map((one) => placedAt(one, at)) },
    diagnostics: diagnostics.map((one) => ({ ...one, at })),
  };
}

function refused(file: string, message: string, at: SourcePosition): ReadResult {
  const diagnostic = { severity: 'error', code: 'CONFIG_SYNTAX', message, at } as const;
  return { tree: { files: [file], statements: [] }, diagnostics: [diagnostic] };
}

function placedAt({ restJumps: _, ...statement }: Statement, at: SourcePosition): Statement {
  const word = (one: Word): Word => ({ ...one, at });
  const { keyword, args, block } = statement;
  const inside = block && { block: block.map((one) => placedAt(one, at)) };
  return { ...statement, keyword: word(keyword), args: args.map(word), restAt: at, ...inside };
}

class DataTree {
  complaint: { readonly message: string; readonly at: SourcePosition } | undefined;
  private nodes = 0;

  constructor(
    private readonly text: string,
    private readonly place: (offset: number) => SourcePosition,
    private readonly resolve: (node: unknown) => unknown,
  ) {}

  root(contents: unknown): readonly Statement[] {
    const root = this.resolve(contents);
    if (root === null || (isScalar(root) && root.value === null)) return [];
    if (isMap(root)) return this.pairs(root, 0).flatMap(namedBlocks);
    this.complain('the configuration must be an object of keywords', root);
    return [];
  }

  private pairs(map: YAMLMap, depth: number): readonly Statement[] {
    return map.items.flatMap((pair) => {
      if (!isPair(pair) || !this.mayGoOn(pair.key, depth)) return [];
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (key === '') this.complain('a key must be a keyword', pair.key);
      const keyword = { text: key, at: this.placeOf(pair.key), quoted: false };
      return [this.statement(keyword, this.resolve(pair.value), depth)];
    });
  }

  private statement(keyword: Word, value: unknown, depth: number): Statement {
    const bare: Statement = { keyword, args: [], rest: '', restAt: keyword.at };
    if (isMap(value)) return { ...bare, block: this.pairs(value, depth + 1), form: 'map' };
    if (isSeq(value))
      return { ...bare, block: value.items.flatMap((item) => this.item(this.resolve(item), depth + 1)), form: 'list' };
    if (!isScalar(value) || value.value === null || value.value === true) return bare;
    const lines = this.linesOf(value);
    if (lines.length > 1) return { ...bare, block: lines.flatMap((line) => statementOf(line) ?? []), form: 'list' };
    const [line = Line.from(keyword.at, '')] = lines;
    const args = splitWords(line);
    return { ...bare, args, rest: line.text, restAt: line.at(0), ...(value.value === false && { form: 'off' as const }) };
  }

  /** An object in a list is a statement without a keyword: the schema says whether it is a block or lines. */
  private item(value: unknown, depth: number): readonly Statement[] {
    if (!this.mayGoOn(value, depth)) return [];
    const keyword = { text: '', at: this.placeOf(value), quoted: false };
    if (isMap(value))
      return [{ keyword, args: [], rest: '', restAt: keyword.at, block: this.pairs(value, depth + 1), form: 'map' }];
    if (isScalar(value)) return this.linesOf(value).flatMap((line) => statementOf(line) ?? []);
    this.complain('a list cannot stand in a list', value);
    return [];
  }

  /** The text of a scalar as it is written: 1.10 stays 1.10. */
  private linesOf(scalar: Scalar): readonly Line[] {
    const isPlain = scalar.type === Scalar.PLAIN || scalar.type === undefined;
    const text = isPlain ? (scalar.source ?? String(scalar.value)) : String(scalar.value);
    const offset = (scalar.range?.[0] ?? 0) + (isPlain ? 0 : 1);
    // Escapes and folding move characters: then the whole stands where the scalar begins.
    const isVerbatim = this.text.startsWith(text, offset) && !text.includes('\n');
    if (isVerbatim) return [Line.from(this.place(offset), text).trim()];
    const lines = text.split('\n').map((line) => Line.usedAt(this.placeOf(scalar), line.trim()));
    return lines.filter((line) => !line.isBlank);
  }

  private placeOf(node: unknown): SourcePosition {
    const { range } = (node ?? {}) as { range?: readonly number[] | null };
    return this.place(range?.[0] ?? 0);
  }

  private mayGoOn(node: unknown, depth: number): boolean {
    if (++this.nodes > this.text.length + mostRepeatedNodes) this.complain('aliases repeat too many values', node);
    else if (depth > mostDepth) this.complain(`blocks are nested more than ${mostDepth} deep`, node);
    return this.complaint === undefined;
  }

  private complain(message: string, node: unknown): void {
    this.complaint ??= { message, at: this.placeOf(node) };
  }
}

/** `router: { R1: {...}, R2: {...} }`: a block for each name. The binder knows better where the block has no names. */
function namedBlocks(statement: Statement): readonly Statement[] {
  const { block = [], form, keyword } = statement;
  if (form !== 'map' || block.length === 0 || !block.every((one) => one.form === 'map')) return [statement];
  return block.map((one) => ({ ...one, keyword: { ...keyword, at: one.keyword.at }, args: [one.keyword] }));
}
