/**
 * Configuration of the vrrp plugin without the configuration pipeline: values parsed by the plugin's own fields from words, and
 * what it reports collected. Used by the unit tests of the plugin's parts.
 */
import type { Args, ConfigEntry, Fields, Severity, SourcePosition, ValueSpec, Word } from '@mainstay/sdk';
import { type GlobalValue, globalKeywords, type InstanceValue, instanceBlock } from '@mainstay/vrrp/internal/config.js';
import { type InstanceConfig, instanceConfig } from '@mainstay/vrrp/internal/instance-config.js';

export interface Said {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  /** Keyword that it was said about; empty for the block. */
  readonly about: string;
}

const nowhere: SourcePosition = { file: 'test.conf', line: 1, column: 1 };

class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Parses one line of words with a value's own parser. Throws an error with the `code` and message where it fails. */
export function parseWords<T>(spec: ValueSpec<T>, text: string, said: Said[] = []): T {
  const words = text
    .split(' ')
    .filter(Boolean)
    .map((word): Word => ({ text: word, at: nowhere, quoted: false }));
  const args: Args = {
    at: nowhere,
    peek: () => words[0],
    take: () => words.shift(),
    fail: (message, options) => {
      throw new Refused(options?.code ?? 'CONFIG_BAD_VALUE', message);
    },
    warn: (message, options) => {
      said.push({ severity: 'warning', code: options?.code ?? '', message, about: '' });
    },
  };
  const value = spec.parse(args);
  if (words[0] !== undefined) throw new Refused('CONFIG_EXTRA_ARGUMENT', `"${words[0].text}" is too much`);
  return value;
}

/** Keywords with their arguments; a list is a block of lines or, for `authentication`, of keywords. */
export type Written = Readonly<Record<string, string | readonly string[]>>;

function bind(fields: Fields, written: Written): unknown {
  const value: Record<string, unknown> = {};
  for (const [keyword, field] of Object.entries(fields)) {
    const text = written[keyword];
    const { shape, facts } = field;
    if (text === undefined) value[keyword] = facts.default;
    else if (shape.kind === 'value') value[keyword] = parseWords(shape.value, String(text));
    else if (shape.kind === 'lines') value[keyword] = [text].flat().map((line) => parseWords(shape.item, line));
    else if (shape.kind === 'block') value[keyword] = bind(shape.block.fields, keywordsOf([text].flat()));
    else throw new Error(`${keyword}: a ${shape.kind} cannot be written here`);
  }
  for (const keyword of Object.keys(written)) if (!(keyword in fields)) throw new Error(`${keyword} is not known`);
  return value;
}

function keywordsOf(lines: readonly string[]): Written {
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ')]));
}

/** A vrrp_instance named VI_1 on eth0 with VRID 51 and one address, with more or other keywords. */
export function entryOf(written: Written, said: Said[] = []): ConfigEntry<InstanceValue> {
  const all = { interface: 'eth0', virtual_router_id: '51', virtual_ipaddress: '192.0.2.100/24', ...written };
  const reporter = (about: string) => ({
    error: (code: string, message: string) => void said.push({ severity: 'error', code, message, about }),
    warning: (code: string, message: string) => void said.push({ severity: 'warning', code, message, about }),
  });
  const value = bind(instanceBlock.fields, all) as InstanceValue;
  return { name: 'VI_1', block: 'VI_1', value, at: nowhere, report: (keyword = '') => reporter(keyword) };
}

export function globalOf(written: Written = {}): GlobalValue {
  return bind(globalKeywords, written) as GlobalValue;
}

/** The configuration of an instance and what was said about it. */
export function configured(written: Written = {}, global: Written = {}): { config: InstanceConfig; said: readonly Said[] } {
  const said: Said[] = [];
  return { config: instanceConfig(entryOf(written, said), globalOf(global)), said };
}

/** The configuration of an instance about which nothing is to be said. */
export function configOf(written: Written = {}, global: Written = {}): InstanceConfig {
  const { config, said } = configured(written, global);
  if (said.length > 0) throw new Error(`${said.map(({ message }) => message).join('; ')}`);
  return config;
}
