/**
 * `npm run bench [-- NAME...]`: the same work on Mainstay, keepalived and FRR, in turns, and how they compare. Started by
 * scripts/bench.sh, which installs what is needed; docs/benchmarks.md explains every figure.
 */
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from '../support/repository.js';
import { bfdDetection } from './bfd-detection.js';
import { bfdScale } from './bfd-scale.js';
import { bfdSoak } from './bfd-soak.js';
import { checks } from './checks.js';
import { type Benchmark, failed } from './figures.js';
import { jitter } from './jitter.js';
import { cpuTimes, loadNote, machine } from './machine.js';
import { compileHelpers } from './native.js';
import { readOptions, usage } from './options.js';
import { outage, outageBfd } from './outage.js';
import { markdown, type Section, save } from './report.js';
import { scale } from './scale.js';
import { silent } from './silent.js';
import { tables } from './tables.js';

const benchmarks: readonly Benchmark[] = [
  silent,
  outage,
  outageBfd,
  jitter,
  scale,
  bfdDetection,
  bfdSoak,
  bfdScale,
  checks,
  tables,
];

/** Whether it can be measured here at all. */
function isInstalled(kind: string): boolean {
  if (kind === 'frr') return existsSync('/usr/lib/frr/vrrpd');
  if (kind === 'bird') return existsSync('/usr/sbin/bird');
  return kind === 'mainstay' || existsSync('/usr/sbin/keepalived');
}

/** Answers whether everything could be measured. */
async function main(): Promise<boolean> {
  const { isHelp, hasKinds, ...options } = readOptions(process.argv.slice(2));
  if (isHelp) return process.stdout.write(usage);
  const unknown = options.names.filter((name) => !benchmarks.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}\n\n${usage}`);
  if (process.getuid?.() !== 0) throw new Error('the benchmarks make network namespaces and need root');
  await compileHelpers();
  const absent = options.kinds.filter((kind) => !isInstalled(kind));
  if (absent.length > 0) process.stderr.write(`not installed, and so not measured: ${absent.join(', ')}\n`);
  let isFine = true;
  const folder = resolve(root, options.output);
  for (const benchmark of benchmarks) {
    if (options.names.length > 0 && !options.names.includes(benchmark.name)) continue;
    process.stderr.write(`${benchmark.name}: ${benchmark.title}\n`);
    const wanted = hasKinds ? options.kinds : benchmark.kinds;
    const chosen = { ...options, kinds: wanted.filter((kind) => isInstalled(kind)) };
    const [load = 0] = loadavg();
    const before = cpuTimes();
    const { figures, notes } = await benchmark.run(chosen);
    const about = { date: new Date().toISOString(), machine: await machine(), load: loadNote(load, before), options: chosen };
    const section: Section = { title: benchmark.title, ...about, figures, notes };
    isFine &&= !notes.some((note) => note.startsWith(failed));
    save(folder, benchmark.name, section);
    process.stdout.write(`\n${markdown(benchmark.name, section)}\n`);
  }
  process.stderr.write(`written: ${join(options.output, 'latest.json')} and latest.md\n`);
  return isFine;
}

main().then(
  (isFine) => process.exit(isFine ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
