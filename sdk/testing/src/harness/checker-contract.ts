/**
 * `checkerContract`: what every checker must hold to, as a list of named checks for any test runner:
 * `for (const { name, run } of checkerContract(checker, { ... })) it(name, run);`
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { type Checker, defineChecker, type Fields, type Ports, type Routine, type Verdict } from '@mainstay/sdk';
import { createVirtualClock, type VirtualClock } from '../clock/virtual-clock.js';
import { secretsOf, undocumented } from './checker-fields.js';
import { runElsewhere } from './checker-process.js';
import { bindCheckerBlock, type CheckerRun, type RunCheckerOptions, runChecker } from './run-checker.js';
import { type Conversation, watchedPorts } from './watched-ports.js';

/** A server, and the ways to it. */
export interface ContractStage {
  readonly ports?: Partial<Ports>;
  readonly target?: RunCheckerOptions['target'];
  /** Ends what was started for it. */
  close?(): void | Promise<void>;
}

export interface ContractCase extends Pick<RunCheckerOptions, 'config' | 'target' | 'virtualHost'> {
  /** Goes into the name of the check: `a server that works`. */
  readonly name: string;
  /** Called for each run: what it starts ends with `close`. `clock` is virtual unless the contract is for real time. */
  stage?(clock: VirtualClock | undefined): ContractStage | Promise<ContractStage>;
}

export interface CheckerContractOptions {
  /** Servers that must be found up. */
  readonly up: readonly ContractCase[];
  /** Servers that must be found down, with a reason. */
  readonly down: readonly ContractCase[];
  /** Servers that let one wait: silent, or without an end. The verdict is `timeout`. */
  readonly slow?: readonly ContractCase[];
  /** Default `virtual`; `real` where the servers are. */
  readonly time?: 'virtual' | 'real';
  /**
   * The module whose default export is the checker: its verdicts must be the same in another process. Only with real time, and not for
   * checkers that are told of changes: those belong to a plugin that runs.
   */
  readonly module?: URL;
}

export interface ContractCheck {
  readonly name: string;
  /** Rejects where the checker does not hold to it. */
  run(): Promise<void>;
}

/** So soon after its signal a probe has ended, whatever the server does. */
const obeysWithinMs = 50;
/** Where the signal comes: before anything was done, in the middle, and at the end of a silence. */
const deadlines = [0, 1, 10, 100];

export function checkerContract<F extends Fields>(
  checker: Checker<F>,
  options: CheckerContractOptions,
): readonly ContractCheck[] {
  const { up, down, slow = [], module } = options;
  const all = [...up, ...down, ...slow];
  const trial = (one: ContractCase, deadlineMs?: number) => tryOnce(checker, options, one, deadlineMs);
  return [
    { name: 'documents every keyword', run: async () => assert.deepEqual(undocumented(checker.fields), []) },
    ...up.map((one) => ({ name: `finds ${one.name} up`, run: async () => isUp((await trial(one)).verdict) })),
    ...down.map((one) => ({
      name: `finds ${one.name} down, with a reason`,
      run: async () => isDown((await trial(one)).verdict),
    })),
    ...slow.map((one) => ({ name: `gives up on ${one.name}`, run: async () => isTimeout((await trial(one, 300)).verdict) })),
    ...all.map((one) => ({ name: `obeys its signal with ${one.name}`, run: () => obeys(trial, one) })),
    ...all.map((one) => ({ name: `leaves nothing behind with ${one.name}`, run: () => leavesNothing(trial, one) })),
    ...all.map((one) => ({
      name: `touches no port but those it needs with ${one.name}`,
      run: () => isModest(checker, trial, one),
    })),
    ...all.map((one) => ({ name: `keeps secrets with ${one.name}`, run: () => keepsSecrets(checker, trial, one) })),
    ...[...up, ...down].map((one) => ({ name: `says the same again of ${one.name}`, run: () => saysTheSame(trial, one) })),
    ...(checker.routine === undefined ? [] : up).map((one) => ({
      name: `does with ${one.name} what its routine says`,
      run: () => keepsItsRoutine(trial, one),
    })),
    ...(module === undefined ? [] : [...up, ...down]).map((one) => ({
      name: `says the same of ${one.name} in another process`,
      run: () => saysTheSameElsewhere(trial, one, module as URL),
    })),
  ];
}

interface Trial extends CheckerRun {
  /** How long the checker went on after its signal; undefined: longer than it may. */
  readonly afterSignalMs: number | undefined;
  /** What it opened and did not close itself. */
  readonly open: readonly string[];
  /** Timers of the virtual clock, or resources of the process, more than before. */
  readonly leftovers: readonly string[];
  readonly conversations: readonly Conversation[];
  /** What its `routine` makes of the probe. */
  readonly routine: Routine | undefined;
}
type Try = (one: ContractCase, deadlineMs?: number) => Promise<Trial>;

async function tryOnce<F extends Fields>(
  checker: Checker<F>,
  { time = 'virtual' }: CheckerContractOptions,
  one: ContractCase,
  deadlineMs?: number,
): Promise<Trial> {
  const clock = time === 'virtual' ? createVirtualClock() : undefined;
  // A test runner sets its own timer once the test has been called.
  if (clock === undefined) await new Promise((resolve) => setImmediate(resolve));
  const before = resources(clock);
  const stage = (await one.stage?.(clock)) ?? {};
  const watched = watchedPorts(stage.ports ?? {});
  let over: Promise<unknown> = Promise.resolve();
  let routine: () => Routine | undefined = () => undefined;
  const check = (context: Parameters<NonNullable<Checker<F>['check']>>[0]) => {
    routine = () => checker.routine?.(context);
    const answer = (async () => checker.check?.(context) ?? { ok: false as const, reason: 'it has no check()' })();
    over = answer.catch(() => {});
    return answer;
  };
  const { config, virtualHost } = one;
  const run = await runChecker(checker.check === undefined ? checker : defineChecker({ ...checker, check }), {
    ...(config !== undefined && { config }),
    ...(virtualHost !== undefined && { virtualHost }),
    ...(deadlineMs !== undefined && { deadlineMs }),
    target: { ...one.target, ...stage.target },
    ports: watched.ports,
    time,
    ...(clock !== undefined && { clock }),
  });
  const afterSignalMs = await within(over, obeysWithinMs, clock);
  await stage.close?.();
  const leftovers = await settled(before, clock);
  const { conversations } = watched;
  return { ...run, afterSignalMs, open: [...watched.open], leftovers, conversations, routine: routine() };
}

/** How long it took, or undefined where it takes longer than that. */
async function within(what: Promise<unknown>, ms: number, clock: VirtualClock | undefined): Promise<number | undefined> {
  const now = () => clock?.now() ?? performance.now();
  const begun = now();
  let isOver = false;
  const done = what.then(() => {
    isOver = true;
  });
  if (clock !== undefined) {
    const end = begun + ms;
    await clock.settle();
    while (!isOver && clock.now() < end) await clock.advance(1);
  } else {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([done, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
    clearTimeout(timer);
  }
  return isOver ? now() - begun : undefined;
}

function resources(clock: VirtualClock | undefined): readonly string[] {
  if (clock !== undefined) return Array.from({ length: clock.pending }, () => 'a timer');
  return [...process.getActiveResourcesInfo(), ...sockets()];
}

/** Those of the process as the kernel counts them: native code has some that Node does not know. */
function sockets(): readonly string[] {
  const folder = '/proc/self/fd';
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((fd) => {
    try {
      const what = readlinkSync(`${folder}/${fd}`);
      return what.startsWith('socket:') ? [what] : [];
    } catch {
      // Of the reading itself, or closed meanwhile.
      return [];
    }
  });
}

/** What is there and was not before. Sockets need a moment until they are gone. */
async function settled(before: readonly string[], clock: VirtualClock | undefined): Promise<readonly string[]> {
  let more: readonly string[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const old = [...before];
    more = resources(clock).filter((name) => {
      const at = old.indexOf(name);
      if (at >= 0) old.splice(at, 1);
      return at < 0;
    });
    if (more.length === 0) return [];
    if (clock !== undefined) await clock.advance(obeysWithinMs);
    else await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return more;
}

function isUp(verdict: Verdict): void {
  assert.equal(verdict.ok, true, `it is down: ${verdict.ok ? '' : verdict.reason}`);
}

function isDown(verdict: Verdict): void {
  assert.ok(!verdict.ok, 'it is up');
  assert.notEqual(verdict.reason.trim(), '', 'the reason is empty');
  assert.notEqual(verdict.reason, 'timeout', 'it did not find out, it ran into the deadline');
  assert.notEqual(verdict.isUnprobed, true, 'it takes what the server did for something of this host');
}

function isTimeout(verdict: Verdict): void {
  assert.deepEqual(verdict, { ok: false, reason: 'timeout' });
}

async function obeys(trial: Try, one: ContractCase): Promise<void> {
  for (const deadlineMs of deadlines) {
    const { afterSignalMs } = await trial(one, deadlineMs);
    assert.ok(
      afterSignalMs !== undefined,
      `it goes on for ${obeysWithinMs} ms and more after the signal that came at ${deadlineMs} ms`,
    );
  }
}

async function leavesNothing(trial: Try, one: ContractCase): Promise<void> {
  // The last deadline cuts short what would take its time.
  for (const deadlineMs of [...deadlines, 1000]) {
    const { leftovers, open, verdict } = await trial(one, deadlineMs);
    if (verdict.ok || verdict.reason !== 'timeout') assert.deepEqual(open, [], 'it did not close');
    assert.deepEqual(leftovers, []);
  }
}

async function isModest<F extends Fields>({ needs = [] }: Checker<F>, trial: Try, one: ContractCase): Promise<void> {
  const { touched } = await trial(one, 1000);
  assert.deepEqual(
    [...touched].filter((name) => !needs.includes(name)),
    [],
    'it touched ports that it was refused',
  );
}

async function keepsSecrets<F extends Fields>(checker: Checker<F>, trial: Try, one: ContractCase): Promise<void> {
  const secrets = secretsOf(checker.fields, await bindCheckerBlock(checker, one.config));
  const { log, verdict } = await trial(one, 1000);
  const said = JSON.stringify([log, verdict]);
  assert.equal(
    secrets.filter((secret) => said.includes(secret)).length,
    0,
    'the value of a secret keyword is in its log or reason',
  );
}

async function keepsItsRoutine(trial: Try, one: ContractCase): Promise<void> {
  const { routine, conversations } = await trial(one);
  if (routine === undefined) return;
  const { send = '', answer } = routine;
  const text = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString('latin1');
  const [conversation, ...more] = conversations;
  assert.ok(
    conversation !== undefined && more.length === 0,
    `it opens ${conversations.length} connections, and a routine is one`,
  );
  const [sent, received] = [text(conversation.sent), text(conversation.received)];
  assert.equal(sent, text(send), 'it sends something else');
  if (answer === undefined) {
    assert.equal(sent + received, '', 'it talks, and its routine is content with a connection');
    return;
  }
  assert.equal(received.length, answer.octets, 'the answer has another length');
  assert.ok(answer.parts.length > 0, 'nothing of the answer is compared');
  for (const { at, text: part } of answer.parts)
    assert.equal(received.slice(at, at + text(part).length), text(part), `the answer is another one at octet ${at}`);
}

async function saysTheSame(trial: Try, one: ContractCase): Promise<void> {
  const verdicts = [await trial(one), await trial(one), await trial(one)].map(({ verdict }) => essence(verdict));
  assert.deepEqual(verdicts.slice(1), [verdicts[0], verdicts[0]]);
}

async function saysTheSameElsewhere(trial: Try, one: ContractCase, module: URL): Promise<void> {
  const { verdict } = await trial(one);
  const stage = (await one.stage?.(undefined)) ?? {};
  const { config, virtualHost } = one;
  const options = { ...(config !== undefined && { config }), ...(virtualHost !== undefined && { virtualHost }) };
  try {
    const elsewhere = await runElsewhere(module, { ...options, target: { ...one.target, ...stage.target } });
    assert.deepEqual(essence(elsewhere), essence(verdict));
  } finally {
    await stage.close?.();
  }
}

/** Texts may have times and numbers in them. */
function essence(verdict: Verdict): unknown {
  return verdict.ok ? { ok: true, weight: verdict.weight, adjust: verdict.adjust } : { ok: false };
}
