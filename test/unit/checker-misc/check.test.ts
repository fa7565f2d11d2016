/** MISC_CHECK on simulated scripts: exit codes, time, users, scripts that do not run, and the rules of the configuration. */
import assert from 'node:assert/strict';
import { checkerMisc, endingMs } from '@mainstay/checker-misc';
import type { CheckContext, KnownState, Ports, Verdict } from '@mainstay/sdk';
import { createVirtualClock, type LogRecord, type ScriptBehaviour, SimulatedScripts } from '@mainstay/testing';
import { beforeEach, describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';

const path = '/usr/lib/check';

/** A server with one block, and `global_defs` before it. */
const site = (keywords: string, global = '') => `global_defs {\n${global}\n}\nserver A {\nMISC_CHECK {\n${keywords}\n}\n}`;

describe('MISC_CHECK', () => {
  const clock = createVirtualClock();
  let scripts: SimulatedScripts;
  let log: LogRecord[];
  let memory: Map<string, unknown>;
  let signal: AbortSignal;
  /** What the loop holds of the check. */
  let known: KnownState | undefined;

  beforeEach(() => {
    scripts = new SimulatedScripts(clock);
    known = undefined;
    log = [];
    memory = new Map();
    signal = new AbortController().signal;
  });

  /** A probe of the one block of `text`, with the memory of the probes before; its verdict counts. */
  function prober(text: string): () => Promise<Verdict> {
    const { said, checks, checkers } = bindChecks(checkerMisc(), text);
    assert.deepEqual(said, []);
    const [checker, block] = [checkers[0], checks[0]];
    assert.ok(checker?.check !== undefined && block !== undefined);
    const { check } = checker;
    const say = (level: LogRecord['level']) => (message: string) => {
      log.push({ level, plugin: 'checker-misc', message, at: clock.wall() });
    };
    const context = (): CheckContext<never> => ({
      target: { address: '192.0.2.10', port: 80 },
      config: block.value as never,
      virtualHost: undefined,
      attempt: 1,
      delayLoopMs: 10_000,
      timeoutMs: 0,
      memory,
      signal,
      clock,
      log: { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') },
      ports: { process: scripts } as unknown as Ports,
      known,
    });
    return async () => {
      const verdict = await clock.drive(Promise.resolve(check(context())));
      const { ok, ...rest } = verdict;
      known = { isUp: ok, reason: '', ...rest };
      return verdict;
    };
  }

  async function probe(behaviour: ScriptBehaviour, keywords = ''): Promise<Verdict> {
    scripts.program(path, behaviour);
    return prober(site(`misc_path "${path} one 'two three'"\n${keywords}`))();
  }

  it('is up with exit code 0 and down with every other', async () => {
    assert.deepEqual(await probe({ code: 0 }), { ok: true, detail: 'exit code 0' });
    for (const code of [1, 2, 127, 255]) assert.deepEqual(await probe({ code }), { ok: false, reason: `exit code ${code}` });
    assert.deepEqual(scripts.runs[0]?.command, [path, 'one', 'two three']);
  });

  it('has the exit code set the weight with misc_dynamic', async () => {
    assert.deepEqual(await probe({ code: 0 }, 'misc_dynamic'), { ok: true, detail: 'exit code 0' });
    assert.deepEqual(await probe({ code: 1 }, 'misc_dynamic'), { ok: false, reason: 'exit code 1' });
    for (const code of [2, 10, 255]) {
      assert.deepEqual(await probe({ code }, 'misc_dynamic'), { ok: true, detail: `exit code ${code}`, weight: code - 2 });
    }
  });

  it('says the last line that a failing script printed', async () => {
    const output = ['connecting', `no route ${'x'.repeat(300)}`, '  '];
    const verdict = await probe({ code: 1, output });
    assert.equal(verdict.ok ? '' : verdict.reason, `exit code 1: no route ${'x'.repeat(191)}`);
    assert.deepEqual(
      log.map(({ level, message }) => [level, message.slice(0, 10)]),
      [
        ['debug', 'connecting'],
        ['debug', 'no route x'],
        ['debug', '  '],
      ],
    );
  });

  it('is down where a signal ends the script', async () => {
    assert.deepEqual(await probe({ signal: 'SIGSEGV' }), { ok: false, reason: 'the script was ended by SIGSEGV' });
  });

  it('gives it delay_loop, or misc_timeout, and the loop waits until it has ended', async () => {
    await probe({ code: 0 });
    await probe({ code: 0 }, 'misc_timeout 2.5');
    assert.deepEqual(
      scripts.runs.map(({ timeoutMs }) => timeoutMs),
      [10_000, 2500],
    );
    assert.deepEqual(await probe({ durationMs: Infinity }, 'misc_timeout 2'), {
      ok: false,
      reason: 'the script did not end in 4.0 s',
    });
    const [checker] = bindChecks(checkerMisc(), '').checkers;
    const limit = (misc_timeout: number) =>
      checker?.timeoutMs?.({ misc_timeout } as never, { delayLoopMs: 10_000, timeoutMs: 5000 });
    assert.deepEqual([limit(0), limit(2000)], [10_000 + endingMs, 2000 + endingMs]);
    assert.ok(endingMs > 2000 + 1000, 'a script that ignores SIGTERM ends within the probe');
  });

  it('ends the script when it is given up', async () => {
    const abort = new AbortController();
    signal = abort.signal;
    scripts.program(path, { durationMs: 60_000 });
    clock.after(50, () => abort.abort());
    const verdict = await prober(site(`misc_path ${path}`))();
    assert.deepEqual(verdict, { ok: false, reason: 'the script was ended by SIGTERM' });
  });

  it('runs as its user, else as script_user, else as keepalived_script', async () => {
    const who = async (keywords: string, global = '') => {
      await prober(site(`misc_path ${path}\n${keywords}`, global))();
      const run = scripts.runs.at(-1);
      return [run?.user, run?.group];
    };
    assert.deepEqual(await who('user svc', 'script_user other'), ['svc', undefined]);
    assert.deepEqual(await who('user svc :grp'), ['svc', 'grp']);
    assert.deepEqual(await who('', 'script_user other staff'), ['other', 'staff']);
    assert.deepEqual(await who(''), ['keepalived_script', undefined]);
    scripts.problem('/bin/sh', { kind: 'unknown-user', message: 'there is no user keepalived_script' });
    assert.deepEqual(await who(''), [undefined, undefined]);
  });

  it('does not run as root under enable_script_security where nobody is named', async () => {
    scripts.problem('/bin/sh', { kind: 'unanswered', message: 'getent did not answer within 2 s' });
    const once = prober(site(`misc_path ${path}`, 'enable_script_security'));
    const [first, second] = [await once(), await once()];
    assert.match(first.ok ? (first.detail ?? '') : '', /^not checked: it names no user, .*: getent did not answer within 2 s$/);
    assert.deepEqual([first, scripts.runs.length, log.length], [second, 0, 1]);
    scripts.problem('/bin/sh', { kind: 'insecure', message: 'of no concern here' });
    assert.deepEqual(await once(), { ok: true, detail: 'exit code 0' });
    assert.equal(scripts.runs[0]?.user, 'keepalived_script');
  });

  describe('with a script that cannot be started', () => {
    const missing = { kind: 'missing', message: `${path} does not exist` } as const;

    it('takes the server to be up, as keepalived, and complains once', async () => {
      const once = prober(site(`misc_path ${path}`));
      scripts.problem(path, missing);
      for (let i = 0; i < 3; i++) assert.deepEqual(await once(), { ok: true, detail: `not checked: ${path} does not exist` });
      assert.deepEqual(
        log.map(({ level }) => level),
        ['error'],
      );
      assert.match(log[0]?.message ?? '', /says nothing about the server, which stays as it is: .* does not exist/);
      assert.equal(scripts.runs.length, 0);
    });

    it('leaves the server as the last script that ran left it', async () => {
      const once = prober(site(`misc_path ${path}\nmisc_dynamic`));
      scripts.program(path, { code: 22 });
      assert.deepEqual(await once(), { ok: true, detail: 'exit code 22', weight: 20 });
      scripts.program(path, { error: 'EAGAIN' });
      assert.deepEqual(await once(), { ok: true, detail: 'not checked: EAGAIN', weight: 20 });
      scripts.program(path, { code: 1 });
      await once();
      scripts.program(path, { error: 'EAGAIN' });
      assert.deepEqual(await once(), { ok: false, reason: 'exit code 1; not checked since: EAGAIN' });
      assert.deepEqual(
        log.map(({ level }) => level),
        ['error', 'error'],
      );
    });

    it('leaves the server as it was known to be before this lane began', async () => {
      const once = prober(site(`misc_path ${path}\nmisc_dynamic`));
      scripts.problem(path, missing);
      known = { isUp: false, reason: 'exit code 1' };
      const down = { ok: false, reason: `exit code 1; not checked since: ${path} does not exist` };
      for (let i = 0; i < 3; i++) assert.deepEqual(await once(), down);
      known = { isUp: true, reason: 'exit code 7', weight: 5 };
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(await once(), { ok: true, detail: `not checked: ${path} does not exist`, weight: 5 });
      }
    });

    it('does not count against a server that is retried', async () => {
      const once = prober(site(`misc_path ${path}`));
      scripts.program(path, { code: 1 });
      assert.equal((await once()).ok, false);
      // One of several attempts: the loop still holds it to be up.
      known = { isUp: true, reason: 'exit code 0' };
      scripts.problem(path, missing);
      assert.equal((await once()).ok, true);
    });

    it('does not believe a script that was given up', async () => {
      const once = prober(site(`misc_path ${path}`));
      scripts.program(path, { code: 0 });
      await once();
      const before = known;
      const abort = new AbortController();
      signal = abort.signal;
      scripts.program(path, { durationMs: 60_000 });
      clock.after(50, () => abort.abort(new DOMException('it ends here', 'AbortError')));
      assert.equal((await once()).ok, false);
      // Nobody has counted that.
      known = before;
      signal = new AbortController().signal;
      scripts.program(path, { error: 'EAGAIN' });
      assert.equal((await once()).ok, true);
    });

    it('runs an insecure one unless enable_script_security forbids it', async () => {
      scripts.problem(path, { kind: 'insecure', message: `${path} may be changed by others` });
      assert.deepEqual(await prober(site(`misc_path ${path}`))(), { ok: true, detail: 'exit code 0' });
      const verdict = await prober(site(`misc_path ${path}`, 'enable_script_security'))();
      assert.deepEqual(verdict, { ok: true, detail: `not checked: ${path} may be changed by others` });
      assert.equal(scripts.runs.length, 1);
    });
  });

  describe('configuration', () => {
    const said = (keywords: string) => bindChecks(checkerMisc(), `server A {\nMISC_CHECK {\n${keywords}\n}\n}`).said;

    it('needs a command, in one piece', () => {
      assert.match(said('')[0] ?? '', /^2:1: error: MISC_CHECK lacks misc_path, which it needs/);
      assert.match(said('misc_path ""')[0] ?? '', /^3:11: error: the command is empty/);
      const dropped = said('misc_path /a b c')[0] ?? '';
      assert.match(dropped, /^3:14: warning: the script does not get "b c": its arguments stand in the same double quotes/);
      assert.match(dropped, /write: "\/a b c"/);
      assert.match(said(`misc_path "/a 'b"`)[0] ?? '', /a quote inside the command is not closed/);
      assert.match(said('misc_path /a\nuser a b c')[0] ?? '', /^4:10: error: "c" is one word too many/);
    });

    it('has the keywords of a checker that connects to nothing', () => {
      assert.deepEqual(said('misc_path /a\nretry 2\ndelay_before_retry 3\nwarmup 0\nalpha\nlog_all_failures'), []);
      assert.match(said('misc_path /a\nconnect_ip 192.0.2.1')[0] ?? '', /"connect_ip" is not a keyword of MISC_CHECK/);
    });

    it('warns of two that set the weight of one server', () => {
      const block = 'MISC_CHECK {\nmisc_path /a\nmisc_dynamic\n}\n';
      const { said } = bindChecks(checkerMisc(), `server A {\n${block}${block}}\nserver B {\n${block}}`);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? '', /^8:1: warning: A: a second MISC_CHECK sets the weight too/);
    });
  });
});
