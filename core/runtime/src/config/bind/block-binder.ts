/** Binds the statements of one block: each keyword to the value its field describes, each mistake to its place. Used by tree-binder.ts. */
import { closest, type SourcePosition, type Statement, type ValueSpec } from '@mainstay/sdk';
import { Refusal } from './args.js';
import { notBuilt, parseValue } from './field-value.js';
import { absentValue, type FieldIndex, type Found, indexOf, nearestIn, type Part, syntaxOf } from './fields.js';
import { linesOf, occurrences } from './forms.js';
import type { Problems } from './problems.js';

export interface BindContext {
  readonly problems: Problems;
  readonly unknownKeywords: 'error' | 'warning';
  /** Where else a keyword is known, in words. */
  placesOf(keyword: string): readonly string[];
}

export interface BoundBlock {
  /** One record of values for each part, in order. */
  readonly values: readonly Record<string, unknown>[];
  /** Place of each keyword that was written. */
  readonly where: ReadonlyMap<string, SourcePosition>;
  /** Indexes of the parts in whose keywords something is wrong. */
  readonly broken: ReadonlySet<number>;
}

/** `title`: how messages call the block; `at`: its place, for keywords that are missing. */
export function bindBlock(
  title: string,
  at: SourcePosition,
  statements: readonly Statement[],
  parts: readonly Part[],
  context: BindContext,
  /** Keywords of others that may stand there, for suggestions. */
  others: readonly string[] = [],
): BoundBlock {
  return new BlockBinder(title, parts, context, others).bind(statements, at);
}

class BlockBinder {
  private readonly index: FieldIndex;
  private readonly values: Record<string, unknown>[];
  private readonly where = new Map<string, SourcePosition>();
  /** Keywords that a misspelt one was meant to be: they are not missing as well. */
  private readonly attempted = new Set<string>();
  private readonly broken = new Set<number>();

  constructor(
    private readonly title: string,
    private readonly parts: readonly Part[],
    private readonly context: BindContext,
    private readonly others: readonly string[],
  ) {
    this.index = indexOf(parts);
    this.values = parts.map(() => ({}));
  }

  bind(statements: readonly Statement[], at: SourcePosition): BoundBlock {
    for (const statement of statements) {
      const found = this.index.get(statement.keyword.text);
      if (found === undefined) this.unknown(statement);
      else for (const one of occurrences(statement, found.field)) this.statement(one, found);
    }
    for (const [i, { fields }] of this.parts.entries()) {
      if (!this.fillUp(fields, this.values[i] ?? {}, at)) this.broken.add(i);
    }
    return { values: this.values, where: this.where, broken: this.broken };
  }

  private unknown({ keyword: { text, at } }: Statement): void {
    const { unknownKeywords, problems, placesOf } = this.context;
    const places = placesOf(text);
    const near = nearestIn(this.index, text) ?? closest(text, this.others);
    const meant = near === undefined || places.length > 0 ? undefined : this.index.get(near);
    if (meant !== undefined && unknownKeywords === 'error') {
      this.attempted.add(meant.keyword);
      this.broken.add(meant.part);
    }
    const hint = places.length > 0 ? `it belongs ${places.join(' or ')}` : near && `did you mean "${near}"?`;
    const consequence = unknownKeywords === 'warning' ? ' and is ignored' : '';
    const message = `${this.quoted(text)} is not a keyword of ${this.title}${consequence}`;
    problems.add(unknownKeywords, 'CONFIG_UNKNOWN_KEYWORD', message, at, hint);
  }

  /** A line without a keyword may hold nothing but the secret: in such a block its first word is not quoted. */
  private quoted(keyword: string): string {
    const keepsSecrets = [...this.index.values()].some(({ field }) => field.facts.isSecret === true);
    return keyword === '' || keepsSecrets ? 'this' : `"${keyword}"`;
  }

  private statement(statement: Statement, found: Found): void {
    const { keyword, field } = found;
    const { at, text } = statement.keyword;
    const { problems } = this.context;
    this.sayAboutUse(statement, found);
    this.where.set(keyword, at);
    const said = problems.list.length;
    const errors = problems.errors;
    const secrets = field.facts.isSecret === true ? [statement.rest, ...statement.args.map((word) => word.text)] : [];
    for (const secret of secrets) problems.keepSecret(secret);
    try {
      const value = this.valueOf(statement, found);
      const target = this.values[found.part] ?? {};
      const isList = field.facts.isRepeated === true || field.shape.kind === 'lines';
      const added = field.facts.isRepeated === true ? [value] : value;
      if (!isList || !Object.hasOwn(target, keyword)) target[keyword] = isList ? added : value;
      else for (const one of added as unknown[]) (target[keyword] as unknown[]).push(one);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.error(error.code, error.message, error.at, error.hint);
    }
    if (secrets.length > 0) problems.scrub(said, secrets, `the value of ${text} is not valid`);
    // What is not built has no value that could be wrong.
    if (problems.errors > errors && field.shape.kind !== 'notBuilt') this.broken.add(found.part);
  }

  private sayAboutUse({ keyword: { text, at } }: Statement, { keyword, field }: Found): void {
    const { problems } = this.context;
    const { deprecated, isRepeated } = field.facts;
    if (deprecated !== undefined) {
      problems.add('warning', 'CONFIG_DEPRECATED', `${text} is deprecated`, at, `write ${deprecated}`);
    }
    const before = this.where.get(keyword);
    if (before === undefined || isRepeated === true || field.shape.kind === 'lines' || field.shape.kind === 'notBuilt') return;
    const place = before.line === 0 ? 'before' : before.file === at.file ? `in line ${before.line}` : `in ${before.file}`;
    const message = `${text} is written more than once in ${this.title}: this one counts, not the one ${place}`;
    problems.add('warning', 'CONFIG_DUPLICATE_KEYWORD', message, at, 'remove one of them');
  }

  private valueOf(statement: Statement, { field, plugin }: Found): unknown {
    const { keyword, block, args } = statement;
    const { shape } = field;
    switch (shape.kind) {
      case 'notBuilt':
        throw notBuilt(shape.feature, keyword);
      case 'value':
        return parseValue(statement, shape.value, plugin, this.context, this.index);
      case 'lines':
        return this.lines(statement, shape.item, plugin);
      case 'block': {
        if (block === undefined) {
          throw new Refusal(
            'CONFIG_BLOCK_MISSING',
            `${keyword.text} needs a block in braces`,
            keyword.at,
            `write: ${keyword.text} { ... }`,
          );
        }
        const [extra] = args;
        if (extra !== undefined && keyword.text !== '') {
          this.context.problems.error('CONFIG_EXTRA_WORD', `there is one word too many after ${keyword.text}`, extra.at);
        }
        return bindBlock(keyword.text, keyword.at, block, [{ plugin, fields: shape.block.fields }], this.context).values[0];
      }
      case 'headed':
      case 'plugged':
        throw notBuilt(`a block of the kind ${shape.kind}`, keyword);
      default:
        return shape satisfies never;
    }
  }

  /** A mistake in one line does not hide those in the others. */
  private lines(statement: Statement, item: ValueSpec<unknown>, plugin: string): readonly unknown[] {
    return linesOf(statement).flatMap((line) => {
      try {
        return [parseValue(line, item, plugin, this.context)];
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.context.problems.error(error.code, error.message, error.at, error.hint);
        return [];
      }
    });
  }

  /** Defaults; false: something is missing. */
  private fillUp(fields: Part['fields'], value: Record<string, unknown>, at: SourcePosition): boolean {
    let isComplete = true;
    for (const [keyword, field] of Object.entries(fields)) {
      if (Object.hasOwn(value, keyword)) continue;
      const absent = absentValue(field);
      value[keyword] = absent?.value;
      if (absent !== undefined || this.where.has(keyword) || this.attempted.has(keyword)) continue;
      isComplete = false;
      const hint = `add: ${keyword} ${syntaxOf(field)}`.trim();
      this.context.problems.error('CONFIG_MISSING_KEYWORD', `${this.title} lacks ${keyword}, which it needs`, at, hint);
    }
    return isComplete;
  }
}
