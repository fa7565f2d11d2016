// Runs every test in groups and sums up. Called by test.sh after the build; ends with the line `N passed, N failed`.
// Two tracks run at once: what meets real time in front, what only computes behind it, with less right to the CPU.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(root, 'test-results');
/** What fails within seconds. */
const first = ['lint', 'presubmit', 'pins'];
const front = ['contract', 'integration', 'system', 'native'];
/** Virtual time, other people's time (a kernel of its own), or no time at all. */
const behind = ['unit', 'conformance', 'fuzz', 'simulation', 'lts', 'ipvs'];
/** Groups that make network namespaces, or boot a kernel of their own. */
const needRoot = new Set(['integration', 'system', 'ipvs']);
/** What runs a group on a kernel that has what it needs: few have IPVS, so everybody's tests run on the same one. */
const lab = [join(root, 'test/lab/ipvs-run'), '--timeout', '2700', '--rw', results, '--', process.execPath];
/** Of what a test failed with, how many lines are said again at the end. */
const shownLines = 25;
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

/**
 * What runs behind has a network of its own, so that two groups on the loopback do not hear each other, and says what it has to say
 * when it is done.
 */
async function run(track, command, args, env = {}) {
  const isBehind = track === 'behind';
  const [program, ...rest] = isBehind ? [...aside, command, ...args] : [command, ...args];
  const stdio = isBehind ? ['ignore', 'pipe', 'pipe'] : 'inherit';
  const child = spawn(program, rest, { cwd: root, stdio, env: { ...process.env, ...env } });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => said.push(chunk));
  const [code] = await once(child, 'close').catch((error) => [error.message]);
  process.stdout.write(Buffer.concat(said));
  if (typeof code === 'string') console.error(code);
  return code === 0;
}

const isRoot = process.getuid?.() === 0;
const aside = isRoot ? ['unshare', '--net', 'sh', '-c', 'ip link set lo up; exec nice -n 10 "$@"', 'sh'] : ['nice', '-n', '10'];

function note(name, startedAt, counts) {
  summary.push({ name, seconds: Math.round((Date.now() - startedAt) / 100) / 10, pending: 0, files: 0, ...counts });
}

async function mocha(track, name, group, [program, ...before] = [process.execPath]) {
  const startedAt = Date.now();
  const files = filesOf(group);
  console.log(`\n### ${name}: ${files.length} files${track === 'behind' ? ', running behind' : ''}`);
  if (files.length === 0) return note(name, startedAt, { passes: 0, failures: 1, why: 'there is no test in it' });
  const output = join(results, `${name.replaceAll(' ', '-')}.json`);
  const options = ['--forbid-pending', '--forbid-only', '--timeout', '30000', '--reporter', join(root, 'scripts/reporter.cjs')];
  const isFine = await run(track, program, [...before, join(root, 'node_modules/mocha/bin/mocha.js'), ...options, ...files], {
    MAINSTAY_TEST_COUNTS: output,
  });
  const counts = existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : { passes: 0, failures: 1, why: 'mocha died' };
  // A run that fails without a failed test (an uncaught error at the end, a file that does not load) is a failure all the same.
  if (!isFine && counts.failures === 0) counts.failures = 1;
  note(name, startedAt, { ...counts, files: files.length });
}

/** The failed tests once more: whoever reads the end of a long log finds out there what is wrong. */
function tellFailed() {
  for (const { name, failed = [] } of summary)
    for (const { title, why } of failed) {
      const lines = why.split('\n');
      const more = lines.length > shownLines ? [`(${lines.length - shownLines} more lines above)`] : [];
      console.log(`\n${name}: ${title}\n  ${[...lines.slice(0, shownLines), ...more].join('\n  ')}`);
    }
}

async function step(track, name, command, args) {
  const startedAt = Date.now();
  console.log(`\n### ${name}`);
  note(name, startedAt, (await run(track, command, args)) ? { passes: 1, failures: 0 } : { passes: 0, failures: 1 });
}

/** The binary of another node, from npm's package of it. */
async function otherNode(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(root, 'build', `node-${version}`);
  const binary = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await run('front', 'npm', ['install', '--prefix', folder, ...quiet, `${name}@${version}`]);
  return existsSync(binary) ? binary : undefined;
}

/** The C part without Node, and with sanitizers under Node: the tests that open its sockets and do not measure time. */
async function nativeTests(track) {
  const scripts = 'core/pacemaker/scripts';
  const tests = [
    'unit/ports/pacemaker*',
    ...['pacemaker', 'raw-ip', 'link-layer', 'wire', 'routines'].map((name) => `contract/${name}*`),
  ];
  const globs = tests.map((name) => `'test/dist/${name}.test.js'`).join(' ');
  await step(track, 'native', 'bash', ['-c', `bash ${scripts}/test-native.sh && bash ${scripts}/test-sanitize.sh ${globs}`]);
}

async function runGroup(group, track) {
  if (group === 'lint')
    return step(track, 'lint', process.execPath, [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '.']);
  if (group === 'native') return nativeTests(track);
  if (group === 'lts') {
    const name = `unit on node ${lts}`;
    const why = 'that node could not be installed';
    return ltsNode === undefined
      ? note(name, Date.now(), { passes: 0, failures: 1, why })
      : mocha(track, name, 'unit', [ltsNode]);
  }
  if (needRoot.has(group) && !isRoot)
    return note(group, Date.now(), { passes: 0, failures: 1, why: 'it makes network namespaces and needs root' });
  return mocha(track, group, group, group === 'ipvs' ? lab : undefined);
}

async function runAll(wanted, track) {
  for (const group of wanted.filter(isAsked)) await runGroup(group, track);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
// Fetched before anything runs without a network: another node, and the kernel of the lab.
const ltsNode = isAsked('lts') ? await otherNode(lts) : undefined;
if (isAsked('ipvs') && isRoot) await run('front', lab[0], ['--', 'true']);
await runAll(first, 'front');
// Of one track alone, everything is seen as it happens.
const isTwo = [front, behind].every((track) => track.some(isAsked));
await Promise.all([runAll(front, 'front'), runAll(behind, isTwo ? 'behind' : 'front')]);

tellFailed();
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
