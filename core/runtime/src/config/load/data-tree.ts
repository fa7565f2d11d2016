/**
 * YAML, JSON and JavaScript values as statements. A key is a keyword; true is the keyword alone; text and numbers are its
 * arguments, split as in keepalived.conf; a list of scalars is a block of lines; an object is a block. Used by load-config.ts.
 */
import type { SourcePosition, Statement, Word } from '@mainstay/sdk';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { Line } from '../grammar/line.js';
import type { ReadResult } from '../grammar/reader.js';
import { splitWords } from '../grammar/words.js';

type PositionOf = (node: unknown) => SourcePosition;

/** YAML text; JSON is YAML. Every word knows its place. */
export function readYaml(text: string, file: string): ReadResult {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, maxAliasCount: 100 } as never);
  const place = (offset: number): SourcePosition => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const diagnostics = [...document.errors, ...document.warnings].map((problem) => ({
    severity: 'error' as const,
    code: 'CONFIG_SYNTAX',
    message: problem.message,
    at: place(problem.pos[0]),
  }));
  const positionOf: PositionOf = (node) => place((node as Node | null)?.range?.[0] ?? 0);
  const resolve = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);
  if (diagnostics.length > 0) return { tree: { files: [file], statements: [] }, diagnostics };
  const root = resolve(document.contents);
  if (root !== null && !isMap(root)) {
    const at = positionOf(root);
    const problem = {
      severity: 'error' as const,
      code: 'CONFIG_SYNTAX',
      message: 'the configuration must be a mapping of keywords',
      at,
    };
    return { tree: { files: [file], statements: [] }, diagnostics: [problem] };
  }
  const statements = isMap(root) ? root.items.flatMap((pair) => statementsOf(pair, positionOf, resolve)) : [];
  return { tree: { files: [file], statements }, diagnostics: [] };
}

/** A value that a module exported; it has no positions but the file. */
export function readValue(value: unknown, file: string): ReadResult {
  const { tree, diagnostics } = readYaml(JSON.stringify(value) ?? 'null', file);
  return {
    tree: { files: [file], statements: tree.statements.map((one) => without(one, { file, line: 0, column: 0 })) },
    diagnostics,
  };
}

function without(statement: Statement, at: SourcePosition): Statement {
  const word = (w: Word): Word => ({ ...w, at });
  const { block } = statement;
  return {
    ...statement,
    keyword: word(statement.keyword),
    args: statement.args.map(word),
    restAt: at,
    ...(block && { block: block.map((one) => without(one, at)) }),
  };
}

type Resolve = (node: unknown) => unknown;

function statementsOf(pair: unknown, positionOf: PositionOf, resolve: Resolve): readonly Statement[] {
  if (!isPair(pair)) return [];
  const { key, value } = pair as Pair;
  const keyword: Word = { text: isScalar(key) ? String(key.value) : String(key), at: positionOf(key), quoted: false };
  const resolved = resolve(value);
  if (isSeq(resolved)) {
    const items = resolved.items.map(resolve);
    const isOfBlocks = items.length > 0 && items.every((item) => isMap(item));
    if (isOfBlocks) return items.map((item) => withBlock(keyword, blockOf(item, positionOf, resolve)));
    return [
      withBlock(
        keyword,
        items.flatMap((item) => lineOf(item, positionOf, resolve)),
      ),
    ];
  }
  if (isMap(resolved)) return [withBlock(keyword, blockOf(resolved, positionOf, resolve))];
  const scalar = isScalar(resolved) ? resolved.value : null;
  if (scalar === null || scalar === true) return [{ keyword, args: [], rest: '', restAt: keyword.at }];
  return [withText(keyword, String(scalar), positionOf(resolved))];
}

function blockOf(node: unknown, positionOf: PositionOf, resolve: Resolve): readonly Statement[] {
  return isMap(node) ? node.items.flatMap((pair) => statementsOf(pair, positionOf, resolve)) : [];
}

/** An item of a list: text is a line, its first word the keyword; an object's pairs are statements of their own. */
function lineOf(node: unknown, positionOf: PositionOf, resolve: Resolve): readonly Statement[] {
  if (isMap(node)) return blockOf(node, positionOf, resolve);
  const at = positionOf(node);
  const { words } = splitWords(Line.usedAt(at, isScalar(node) ? String(node.value) : ''));
  const [first, ...args] = words.map(({ text, quoted, at: place }): Word => ({ text, quoted, at: place }));
  if (first === undefined) return [];
  const text = isScalar(node) ? String(node.value) : '';
  return [{ keyword: first, args, rest: text.slice(words[0]?.end ?? 0).trim(), restAt: at }];
}

function withBlock(keyword: Word, block: readonly Statement[]): Statement {
  return { keyword, args: [], rest: '', restAt: keyword.at, block };
}

function withText(keyword: Word, text: string, at: SourcePosition): Statement {
  const { words } = splitWords(Line.usedAt(at, text));
  return {
    keyword,
    args: words.map(({ text: word, quoted, at: place }) => ({ text: word, quoted, at: place })),
    rest: text,
    restAt: at,
  };
}
