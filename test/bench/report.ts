/** Results as a file for programs (latest.json) and one for people (latest.md). Written by main.ts after every benchmark. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Column, columns, type Figure, type Findings } from './figures.js';
import type { Machine } from './machine.js';
import type { Options } from './options.js';
import { ratio } from './statistics.js';

/** One benchmark as it was run. */
export interface Section extends Findings {
  readonly title: string;
  readonly date: string;
  readonly machine: Machine;
  readonly load: string;
  readonly options: Options;
}

export type Results = Readonly<Record<string, Section>>;

/** Puts a section in place of the one of that name; the others stay. */
export function save(folder: string, name: string, section: Section): Results {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'latest.json');
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : {};
  const results = { ...old, [name]: section };
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  const sections = Object.entries(results).map(([key, one]) => markdown(key, one));
  const head = '# Results of the latest benchmarks\n\nWritten by `npm run bench`. What the figures mean: docs/benchmarks.md.\n';
  writeFileSync(join(folder, 'latest.md'), [head, ...sections].join('\n'));
  return results;
}

export function markdown(name: string, section: Section): string {
  const { title, date, machine, load, options, figures, notes } = section;
  const head = [
    `## ${name}: ${title}`,
    '',
    ...(options.isQuick ? ['**A quick run: it shows that everything works, and its figures nothing.**', ''] : []),
    `${date}; ${machine.cpu}, ${machine.cores} cores, ${machine.memoryMb} MB, Linux ${machine.kernel}, node ${machine.node}; ` +
      `${versions(machine)}; ${load}.`,
    '',
  ];
  const remarks = notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${note}`)];
  return [...head, ...table(figures), ...remarks, ''].join('\n');
}

function versions({ programs: { mainstay, keepalived, frr, bird } }: Machine): string {
  const others = bird === undefined ? '' : `, BIRD ${bird}`;
  return `Mainstay ${mainstay}, keepalived ${keepalived}, FRR ${frr}${others}`;
}

/** Rows are case and metric, columns the programs, and the last ones Mainstay in units of the others. */
function table(figures: readonly Figure[]): string[] {
  const seen = columns.filter((kind) => figures.some((figure) => figure.kind === kind));
  const versus = (['keepalived', 'keepalived-rt', 'frr'] as const).filter(
    (kind) => seen.includes(kind) && seen.includes('mainstay'),
  );
  const heads = ['case', 'figure', 'unit', 'n', ...seen, ...versus.map((kind) => `mainstay / ${kind}`)];
  const rows = new Map<string, Figure[]>();
  for (const figure of figures) {
    const key = `${figure.what}\n${figure.metric}`;
    rows.set(key, [...(rows.get(key) ?? []), figure]);
  }
  const body = [...rows.values()].map((row) => {
    const value = (kind: Column) => row.find((figure) => figure.kind === kind)?.value;
    const [{ what, metric, unit }] = row as [Figure];
    const n = Math.min(...row.map((figure) => figure.n ?? 1));
    const ratios = versus.map((kind) => ratio(value('mainstay'), value(kind)));
    return [what, metric, unit, String(n), ...seen.map((kind) => show(value(kind))), ...ratios.map((one) => show(one))];
  });
  return grid([heads, ...body]);
}

/** Three digits that count; a dash when there is no figure, or none that a ratio could be made of. */
export function show(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0 || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toFixed(3);
}

function grid(rows: readonly (readonly string[])[]): string[] {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isText = (column: number) => column < 3;
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (isText(i) ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.slice(1).map(line)];
}
