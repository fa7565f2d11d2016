/**
 * Which keywords the parity tests show at which moment: those of the virtual servers whose services have changed then, as the records of what
 * keepalived did tell. Used by keywords.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Statement } from '@mainstay/sdk';
import { type Moment, moments, readExpected, type World } from '../../ipvs/parity/world.js';
import { worlds } from '../../ipvs/parity/worlds.js';
import { root } from '../../support/repository.js';
import { treeOf } from './configs.js';

/** By the block that they stand in, `a real_server` and the like; of `a group`, whole lines. */
export type Found = ReadonlyMap<string, ReadonlySet<string>>;
type Finding = Map<string, Set<string>>;

export async function findKeywords(): Promise<ReadonlyMap<Moment, Found>> {
  const found = new Map<Moment, Finding>(moments.map((moment) => [moment, new Map()]));
  for (const world of worlds) await findIn(world, found);
  return found;
}

async function findIn(world: World, found: ReadonlyMap<Moment, Finding>): Promise<void> {
  const expected = readExpected(readFileSync(join(root, 'test/fixtures/ipvs-events', `${world.name}.txt`), 'utf8'));
  const trees = new Map<string, readonly Statement[]>();
  for (const [name, text] of Object.entries(world.configs)) trees.set(name, (await treeOf(text)).statements);
  let current: readonly Statement[] = [];
  for (const { what, deeds, moments: shown } of world.steps) {
    const before = current;
    for (const deed of deeds) {
      const [verb, name = ''] = deed.split(' ');
      if (verb === 'start' || verb === 'reload') current = trees.get(name) ?? [];
    }
    const changed = changedServices(expected.get(what)?.keepalived ?? '');
    for (const moment of shown) {
      const finding = found.get(moment);
      if (finding === undefined) continue;
      for (const statements of moment === 'reload' ? [before, current] : [current]) collectChanged(statements, changed, finding);
    }
  }
}

/** As in a configuration: `ADDR PORT` and `fwmark N`. */
function changedServices(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^(TCP|UDP|SCTP|FWM) +(\S+)/gm)].map(([, kind, name = '']) =>
      kind === 'FWM' ? `fwmark ${name}` : name.replace(/^(.*):(\d+)$/, '$1 $2').replace(/[[\]]/g, ''),
    ),
  );
}

function collectChanged(statements: readonly Statement[], changed: ReadonlySet<string>, found: Finding): void {
  const groups = new Map(
    statements.filter(({ keyword }) => keyword.text === 'virtual_server_group').map((group) => [textOf(group.args), group]),
  );
  for (const statement of statements) {
    if (statement.keyword.text !== 'virtual_server') continue;
    const header = textOf(statement.args);
    const group = groups.get(header.replace(/^group /, ''));
    const lines = (group?.block ?? []).map((line) => textOf([line.keyword, ...line.args]));
    const changedLines = lines.filter((line) => changed.has(firstOf(line)));
    if (!changed.has(firstOf(header)) && changedLines.length === 0) continue;
    add(found, 'a group', changedLines);
    collect([statement], '', found);
  }
}

/** The first service of a line of a group; of `ADDR` alone, port 0. */
function firstOf(line: string): string {
  const [, mark] = /^(fwmark \d+)/.exec(line) ?? [];
  if (mark !== undefined) return mark;
  const [address = '', port = '0'] = line.split(' ');
  return `${address.replace(/[-/].*$/, '')} ${port}`;
}

function collect(statements: readonly Statement[], around: string, found: Finding): void {
  for (const { keyword, block } of statements) {
    add(found, around, [keyword.text]);
    if (block !== undefined) collect(block, within(keyword.text, around), found);
  }
}

function within(keyword: string, around: string): string {
  if (keyword === 'virtual_server' || keyword === 'real_server' || keyword === 'url') return `a ${keyword}`;
  return around === 'a real_server' ? 'a checker' : '';
}

function add(found: Finding, around: string, words: readonly string[]): void {
  const set = found.get(around) ?? new Set<string>();
  for (const word of words) set.add(word);
  found.set(around, set);
}

const textOf = (words: Statement['args']): string => words.map(({ text }) => text).join(' ');
