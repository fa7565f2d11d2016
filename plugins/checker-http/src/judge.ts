/** Whether an answer is what its `url` block wants: status, digest, regular expression, in keepalived's order. Used by check.ts. */
import { createHash, type Hash } from 'node:crypto';
import type { RegexOption, UrlConfig } from './config.js';
import type { Answer } from './exchange.js';
import { patternOptions } from './pattern/options.js';
import { NotUtf8, Pattern, PatternError, type Search, TooCostly } from './pattern/pattern.js';
import { isAmong, shown } from './status-codes.js';

/** Octets of a body that are read where its content counts, and where only its end does. */
export const longestBody = 16 * 1024 * 1024;
export const longestUnjudgedBody = 1024 * 1024;

/** Patterns with all that their searches have learnt: a thousand servers have the same few. The last used come last. */
const patterns = new Map<string, Pattern>();
const mostPatterns = 128;

/** Throws PatternError. */
export function patternOf(source: string, options: readonly RegexOption[]): Pattern {
  const key = `${options.join(' ')}\n${source}`;
  const pattern = patterns.get(key) ?? new Pattern(source, patternOptions(options));
  patterns.delete(key);
  const [oldest] = patterns.keys();
  if (patterns.size >= mostPatterns && oldest !== undefined) patterns.delete(oldest);
  patterns.set(key, pattern);
  return pattern;
}

export class Judge {
  private readonly hash: Hash | undefined;
  private search: Search | undefined;
  /** Why the pattern could not be searched for. */
  private trouble: string | undefined;

  constructor(private readonly url: UrlConfig) {
    this.hash = url.digest === undefined ? undefined : createHash('md5');
    const { regex, regex_min_offset: from, regex_max_offset: until } = url;
    if (regex === undefined) return;
    this.attempt(() => {
      this.search = patternOf(regex.source, url.regex_options).search({ from, ...(until === undefined ? {} : { until }) });
    });
  }

  get limit(): number {
    return this.url.digest === undefined && this.url.regex === undefined ? longestUnjudgedBody : longestBody;
  }

  /** A piece of the body. Answers what that has cost: octets and steps of the search, some nanoseconds each. */
  take(bytes: Uint8Array): number {
    this.hash?.update(bytes);
    const { search } = this;
    if (search === undefined || search.isOver || this.trouble !== undefined) return this.hash === undefined ? 0 : bytes.length;
    const before = search.spent;
    this.attempt(() => search.feed(bytes));
    return bytes.length + search.spent - before;
  }

  /** Why the answer is not good enough; undefined where it is. */
  verdict(answer: Answer): string | undefined {
    const { status, phrase } = answer.head;
    const { status_code: wanted, digest } = this.url;
    if (!isAmong(status, wanted)) return `status ${`${status} ${phrase}`.trim()}, expected ${shown(wanted)}`;
    if (this.hash !== undefined) {
      if (answer.isLonger) return `the body is longer than ${longestBody} octets: its digest was not taken`;
      const found = this.hash.digest('hex');
      if (found !== digest) return `the digest of the body is ${found}, expected ${digest}`;
    }
    return this.search === undefined && this.trouble === undefined ? undefined : this.matched(answer);
  }

  private matched({ isLonger, octets }: Answer): string | undefined {
    const { search, url } = this;
    if (this.trouble === undefined && !isLonger) this.attempt(() => search?.end());
    if (this.trouble !== undefined) return this.trouble;
    if (search?.hasFound === true)
      return url.regex_no_match ? 'regex matches the body, and regex_no_match says that it must not' : undefined;
    if (isLonger && search?.isOver !== true) return `regex does not match the first ${octets} octets, and the body is longer`;
    return url.regex_no_match ? undefined : `regex does not match the body of ${octets} octets`;
  }

  private attempt(step: () => unknown): void {
    try {
      step();
    } catch (error) {
      this.trouble = troubleOf(error);
    }
  }
}

function troubleOf(error: unknown): string {
  if (error instanceof NotUtf8) return 'the body is no UTF-8, and regex_options says utf';
  if (error instanceof TooCostly) return 'regex would take too long on this body: it was given up';
  if (error instanceof PatternError) return `regex: ${error.message}`;
  throw error;
}
