/** `include` and its kin: which files a pattern names, and whether the policy is content with them. Used by reader.ts. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { globSync } from 'tinyglobby';

export const includeChecks = ['readable', 'match', 'wildcard_match', 'brace_match'] as const;
export type IncludeCheck = (typeof includeChecks)[number];
export type IncludePolicy = ReadonlySet<IncludeCheck>;

/** What each keyword adds to the policy in force. */
export const includeKeywords: Readonly<Record<string, readonly IncludeCheck[]>> = {
  include: [],
  includer: ['readable'],
  includem: ['match', 'readable'],
  includew: ['wildcard_match', 'readable'],
  includeb: ['brace_match', 'readable'],
  includea: includeChecks,
};

/** `include_check [+|-]NAME...`: a sign holds until the next; without one the list is new; without names all. A string is not known. */
export function changedPolicy(policy: IncludePolicy, words: readonly string[]): IncludePolicy | string {
  if (words.length === 0) return new Set(includeChecks);
  const result = new Set<IncludeCheck>(/^[+-]/.test(words[0] ?? '') ? policy : []);
  let isRemoval = false;
  for (const word of words) {
    if (/^[+-]/.test(word)) isRemoval = word.startsWith('-');
    const name = word.replace(/^[+-]/, '');
    if (name === '') continue;
    const check = includeChecks.find((known) => known === name);
    if (check === undefined) return word;
    if (isRemoval) result.delete(check);
    else result.add(check);
  }
  return result;
}

/** More alternatives than anybody writes; each pair of braces doubles them. */
const mostAlternatives = 1000;

/** `{a,b}` written out in order, as the shell does, also nested; braces without a comma stay. Undefined: there are too many. */
export function expandBraces(pattern: string): readonly string[] | undefined {
  let patterns = [pattern];
  for (;;) {
    const next = patterns.flatMap((one) => {
      const match = /\{([^{}]*,[^{}]*)\}/.exec(one);
      if (match === null) return [one];
      const [before, after] = [one.slice(0, match.index), one.slice(match.index + match[0].length)];
      return (match[1] ?? '').split(',').map((part) => before + part + after);
    });
    if (next.length > mostAlternatives) return undefined;
    if (next.length === patterns.length) return [...new Set(next)];
    patterns = next;
  }
}

export interface Included {
  readonly files: readonly string[];
  /** What the policy objects to. */
  readonly complaints: readonly string[];
  /** A plain path that is not there, which the policy lets pass: more often a mistake than a wish. */
  readonly isMissing: boolean;
}

/** Files of a pattern, relative to the folder of the including file, in the order of the brace alternatives, each sorted. */
export function filesOf(pattern: string, folder: string, policy: IncludePolicy): Included {
  const alternatives = expandBraces(pattern);
  if (alternatives === undefined) {
    return { files: [], complaints: [`the braces make more than ${mostAlternatives} patterns`], isMissing: false };
  }
  const found = alternatives.map((alternative) => matches(resolve(folder, alternative)));
  const files = [...new Set(found.flat())];
  const isPlain = !/[*?[]/.test(pattern);
  const complaints: string[] = [];
  if (policy.has('brace_match') && alternatives.length > 1) {
    for (const [i, alternative] of alternatives.entries())
      if (found[i]?.length === 0) complaints.push(`no file matches ${alternative}`);
  } else if (files.length === 0 && policy.has(isPlain ? 'match' : 'wildcard_match'))
    complaints.push(`no file matches ${pattern}`);
  return { files, complaints, isMissing: complaints.length === 0 && files.length === 0 && isPlain && alternatives.length === 1 };
}

function matches(pattern: string): readonly string[] {
  const wildcard = pattern.search(/[*?[]/);
  if (wildcard < 0) return exists(pattern) ? [pattern] : [];
  const fixed = dirname(pattern.slice(0, wildcard + 1));
  const relative = pattern.slice(fixed === '/' ? 1 : fixed.length + 1);
  return globSync(relative, { cwd: fixed, absolute: true, onlyFiles: true, expandDirectories: false }).sort();
}

function exists(path: string): boolean {
  try {
    accessSync(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}

/** The same for a file under all its names. Throws where there is none or it is not a file (a FIFO would wait for ever). */
export function identityOf(file: string): string {
  if (!statSync(file).isFile()) throw new Error('it is not a file');
  return realpathSync(file);
}
