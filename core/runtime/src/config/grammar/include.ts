/** `include` and its kin: which files a pattern names, and whether the policy is content with them. Used by reader.ts. */
import { accessSync, constants } from 'node:fs';
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

/** `include_check [+|-]NAME...`; without names: all. A string says which word is not known. */
export function changedPolicy(policy: IncludePolicy, words: readonly string[]): IncludePolicy | string {
  if (words.length === 0) return new Set(includeChecks);
  const isChange = /^[+-]/.test(words[0] ?? '');
  const result = new Set<IncludeCheck>(isChange ? policy : []);
  let isRemoval = false;
  for (const word of words) {
    if (/^[+-]/.test(word)) isRemoval = word.startsWith('-');
    const check = includeChecks.find((known) => known === word.replace(/^[+-]/, ''));
    if (check === undefined) return word;
    if (isRemoval) result.delete(check);
    else result.add(check);
  }
  return result;
}

/** `{a,b}` written out, in order, as the shell does; braces without a comma stay. */
export function expandBraces(pattern: string): readonly string[] {
  const open = innermostBrace(pattern);
  if (open === undefined) return [pattern];
  const [start, end] = open;
  const parts = pattern.slice(start + 1, end).split(',');
  return [...new Set(parts.flatMap((part) => expandBraces(pattern.slice(0, start) + part + pattern.slice(end + 1))))];
}

function innermostBrace(pattern: string): readonly [number, number] | undefined {
  const match = /\{[^{}]*,[^{}]*\}/.exec(pattern);
  return match === null ? undefined : [match.index, match.index + match[0].length - 1];
}

export interface Included {
  readonly files: readonly string[];
  /** What the policy objects to. */
  readonly complaints: readonly string[];
}

/** Files of a pattern, relative to the folder of the including file, in order of the brace alternatives, each sorted. */
export function filesOf(pattern: string, folder: string, policy: IncludePolicy): Included {
  const complaints: string[] = [];
  const alternatives = expandBraces(resolve(folder, pattern));
  const found = alternatives.map((alternative) => matches(alternative));
  const files = [...new Set(found.flat())];
  const hasWildcard = /[*?[]/.test(pattern);
  if (files.length === 0 && policy.has(hasWildcard ? 'wildcard_match' : 'match')) complaints.push(`no file matches ${pattern}`);
  else if (policy.has('brace_match')) {
    for (const [i, alternative] of alternatives.entries())
      if (found[i]?.length === 0) complaints.push(`no file matches ${alternative}`);
  }
  return { files, complaints };
}

function matches(pattern: string): readonly string[] {
  if (!/[*?[]/.test(pattern)) return exists(pattern) ? [pattern] : [];
  const fixed = dirname(pattern.slice(0, pattern.search(/[*?[]/) + 1));
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
