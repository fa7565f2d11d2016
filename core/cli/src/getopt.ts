/**
 * getopt_long's rules, which keepalived's command line follows: combined short flags (`-nlD`), values glued or apart
 * (`-fFILE`, `-f FILE`, `--use-file=FILE`), optional values only glued (`-gFILE`, `--log-file=FILE`), and unambiguous prefixes of
 * long names. Pure; used by options.ts.
 */

export interface OptionSpec {
  readonly short?: string;
  readonly long: string;
  readonly value: 'none' | 'required' | 'optional';
}

export interface FoundOption {
  readonly long: string;
  readonly value?: string;
}

export interface Parsed {
  readonly options: readonly FoundOption[];
  readonly rest: readonly string[];
}

/** What is wrong with a command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function getopt(argv: readonly string[], specs: readonly OptionSpec[]): Parsed {
  const options: FoundOption[] = [];
  const rest: string[] = [];
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') {
      rest.push(...words);
      break;
    }
    if (word.startsWith('--')) options.push(long(word.slice(2), specs, words));
    else if (word.startsWith('-') && word.length > 1) options.push(...cluster(word.slice(1), specs, words));
    else rest.push(word);
  }
  return { options, rest };
}

function long(text: string, specs: readonly OptionSpec[], words: string[]): FoundOption {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const spec = longSpec(name, specs);
  if (equals >= 0) {
    if (spec.value === 'none') throw new UsageError(`--${spec.long} takes no value`);
    return { long: spec.long, value: text.slice(equals + 1) };
  }
  return withValue(spec, `--${spec.long}`, words);
}

function longSpec(name: string, specs: readonly OptionSpec[]): OptionSpec {
  const exact = specs.find((spec) => spec.long === name);
  if (exact !== undefined) return exact;
  const near = specs.filter((spec) => name !== '' && spec.long.startsWith(name));
  const [only] = near;
  if (near.length === 1 && only !== undefined) return only;
  if (near.length === 0) throw new UsageError(`unknown option --${name}`);
  throw new UsageError(`--${name} is ambiguous: ${near.map((spec) => `--${spec.long}`).join(', ')}`);
}

function cluster(letters: string, specs: readonly OptionSpec[], words: string[]): readonly FoundOption[] {
  const found: FoundOption[] = [];
  for (let i = 0; i < letters.length; i++) {
    const spec = specs.find((candidate) => candidate.short === letters[i]);
    if (spec === undefined) throw new UsageError(`unknown option -${letters[i]}`);
    const glued = letters.slice(i + 1);
    if (spec.value === 'none') found.push({ long: spec.long });
    else return [...found, glued === '' ? withValue(spec, `-${letters[i]}`, words) : { long: spec.long, value: glued }];
  }
  return found;
}

function withValue(spec: OptionSpec, shown: string, words: string[]): FoundOption {
  if (spec.value !== 'required') return { long: spec.long };
  const value = words.shift();
  if (value === undefined) throw new UsageError(`${shown} needs a value`);
  return { long: spec.long, value };
}
