// Runs every test in groups and sums up. Called by test.sh after the build; ends with the line `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(root, 'test-results');
/** In this order: what fails fast comes first. */
const groups = ['presubmit', 'pins', 'unit', 'conformance', 'contract', 'fuzz', 'simulation', 'integration', 'system', 'ipvs'];
/** Groups that make network namespaces, or boot a kernel of their own. */
const needRoot = new Set(['integration', 'system', 'ipvs']);
/** What runs a group on a kernel that has what it needs: few have IPVS, so everybody's tests run on the same one. */
const lab = [join(root, 'test/lab/ipvs-run'), '--timeout', '1800', '--rw', results, '--', process.execPath];
/** A current long-term-support release, besides the node that runs this. */
const lts = '24';

const asked = process.argv.slice(2);
const isAsked = (name) => asked.length === 0 || asked.includes(name);
const summary = [];

/** Test files of a group as compiled; from the sources, so that a leftover of a deleted test is not run. */
function filesOf(group) {
  const folder = join(root, 'test', group);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .sort()
    .map((path) => join(root, 'test/dist', group, path.replace(/\.ts$/, '.js')));
}

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error !== undefined) console.error(error.message);
  return status === 0;
}

function note(name, startedAt, counts) {
  summary.push({ name, seconds: Math.round((Date.now() - startedAt) / 100) / 10, pending: 0, files: 0, ...counts });
}

function mocha(name, group, [program, ...before] = [process.execPath]) {
  const startedAt = Date.now();
  const files = filesOf(group);
  console.log(`\n### ${name}: ${files.length} files`);
  if (files.length === 0) return note(name, startedAt, { passes: 0, failures: 1, why: 'there is no test in it' });
  const output = join(results, `${name.replaceAll(' ', '-')}.json`);
  const options = ['--forbid-pending', '--forbid-only', '--reporter', join(root, 'scripts/reporter.cjs')];
  const isFine = run(program, [...before, join(root, 'node_modules/mocha/bin/mocha.js'), ...options, ...files], {
    MAINSTAY_TEST_COUNTS: output,
  });
  const counts = existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : { passes: 0, failures: 1, why: 'mocha died' };
  // A run that fails without a failed test (an uncaught error at the end, a file that does not load) is a failure all the same.
  if (!isFine && counts.failures === 0) counts.failures = 1;
  note(name, startedAt, { ...counts, files: files.length });
}

function step(name, command, args) {
  const startedAt = Date.now();
  console.log(`\n### ${name}`);
  note(name, startedAt, run(command, args) ? { passes: 1, failures: 0 } : { passes: 0, failures: 1 });
}

/** The binary of another node, from npm's package of it. */
function otherNode(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(root, 'build', `node-${version}`);
  const binary = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  run('npm', [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--loglevel=error',
    `${name}@${version}`,
  ]);
  return existsSync(binary) ? binary : undefined;
}

function unitTestsOnLts() {
  const binary = otherNode(lts);
  if (binary === undefined)
    note(`unit on node ${lts}`, Date.now(), { passes: 0, failures: 1, why: 'that node could not be installed' });
  else mocha(`unit on node ${lts}`, 'unit', [binary]);
}

/** The C part without Node, and with sanitizers under Node: the tests that open its sockets and do not measure time. */
function nativeTests() {
  const scripts = 'core/pacemaker/scripts';
  const tests = ['unit/ports/pacemaker*', 'contract/pacemaker*', 'contract/raw-ip*', 'contract/link-layer*', 'contract/wire*'];
  const globs = tests.map((name) => `'test/dist/${name}.test.js'`).join(' ');
  step('native', 'bash', ['-c', `bash ${scripts}/test-native.sh && bash ${scripts}/test-sanitize.sh ${globs}`]);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
if (isAsked('lint')) step('lint', process.execPath, [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '.']);
for (const group of groups.filter(isAsked)) {
  if (needRoot.has(group) && process.getuid?.() !== 0)
    note(group, Date.now(), { passes: 0, failures: 1, why: 'it makes network namespaces and needs root' });
  else mocha(group, group, group === 'ipvs' ? lab : undefined);
}
if (isAsked('native')) nativeTests();
if (isAsked('lts')) unitTestsOnLts();

const total = (key) => summary.reduce((sum, group) => sum + group[key], 0);
console.log('');
for (const { name, passes, failures, seconds, why } of summary)
  console.log(
    `${name.padEnd(16)} ${String(passes).padStart(5)} passed ${String(failures).padStart(4)} failed ${seconds.toFixed(1).padStart(7)} s${why === undefined ? '' : `  (${why})`}`,
  );
writeFileSync(
  join(results, 'summary.json'),
  `${JSON.stringify({ passed: total('passes'), failed: total('failures'), pending: total('pending'), groups: summary }, null, 2)}\n`,
);
console.log(`\n${total('passes')} passed, ${total('failures')} failed`);
process.exitCode = total('failures') === 0 && total('pending') === 0 && total('passes') > 0 ? 0 : 1;
