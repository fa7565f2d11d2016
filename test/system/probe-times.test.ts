/**
 * `mainstay status` and `mainstay explain` of a running daemon say when each real server was probed last and will be next: of one whose
 * probes are made natively, of one that is down. Whether the kernel has IPVS does not matter.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type Background, until } from '../support/command.js';
import { Lan } from '../support/netns.js';
import { Daemon } from '../support/peers.js';

/** For what hangs. */
const patienceMs = 60_000;
const listening =
  'require("node:net").createServer((c) => { c.on("error", () => {}).resume(); console.log(Date.now()); }).listen(8080, "127.0.0.1", () => console.log("here"))';
const server = (port: number, more = '') => `real_server 127.0.0.1 ${port} {\nTCP_CHECK {\n${more}\n}\n}\n`;
const virtual = '192.0.2.1 80';
const conf = `virtual_server ${virtual} {
protocol TCP
delay_loop 1
${server(8080)}${server(8081, 'retry 0\nwarmup 0\ndelay_loop 3600')}}
`;
const up = `${virtual} 127.0.0.1 8080`;
const down = `${virtual} 127.0.0.1 8081`;

interface Shown {
  readonly name: string;
  readonly state: string;
  readonly summary: { readonly last: number | null; readonly next: number | null; readonly reason: string };
  readonly detail: {
    readonly checks: readonly { readonly probes: number; readonly last_probe: number; readonly next_probe: number | null }[];
  };
}

describe('times of probes, as the commands show them', function () {
  this.timeout(3 * patienceMs);
  let lan: Lan;
  let listener: Background;
  let daemon: Daemon;
  const objects = async () => ((await daemon.ask('/v1/status')) as { objects: readonly Shown[] }).objects;
  const named = async (name: string) => (await objects()).find((one) => one.name === name);
  const probes = (shown: Shown | undefined) => shown?.detail.checks[0]?.probes ?? 0;
  /** The row of a table that has these words, its columns apart. */
  const row = (text: string, words: string) => {
    const line = text.split('\n').find((one) => one.includes(words));
    assert.ok(line !== undefined, text);
    return line.split(/ {2,}/);
  };

  before(async () => {
    lan = await Lan.create('balancer');
    const host = lan.host('balancer');
    listener = host.start(process.execPath, ['-e', listening]);
    await listener.saw(/here/, patienceMs);
    daemon = Daemon.start({ program: 'mainstay', host, conf, id: 'balancer' });
    await daemon.process.saw(/started; lanes:/, patienceMs);
    await until('both servers were judged', patienceMs, async () => {
      const all = await objects().catch(() => []);
      const isDown = all.some(({ name, state }) => name === down && state === 'down');
      return isDown && probes(all.find(({ name }) => name === up)) >= 3;
    });
  });
  after(async () => {
    await daemon?.stop();
    await listener?.stop('SIGKILL', 0);
    lan?.destroy();
  });

  it('are machine values with --json, right also while the probes are made natively', async () => {
    const { lanes } = (await daemon.ask('/v1/status')) as { lanes: readonly { facts?: { checking?: { inRoutine?: number } } }[] };
    assert.ok(
      lanes.some(({ facts }) => (facts?.checking?.inRoutine ?? 0) > 0),
      JSON.stringify(lanes),
    );
    const find = (shown: unknown) => (shown as { objects: readonly Shown[] }).objects.find(({ name }) => name === up);
    const first = find(await daemon.status());
    assert.ok(first?.summary.last !== null && first?.summary.last !== undefined);
    const more = probes(first) + 2;
    await until('two more probes', patienceMs, async () => probes(await named(up)) >= more);
    const shown = find(await daemon.status());
    const now = Date.now();
    const { last = null, next } = shown?.summary ?? {};
    assert.ok(last !== null && last > first.summary.last, `${last} after ${first.summary.last}`);
    assert.equal(shown?.detail.checks[0]?.last_probe, last);
    // That very connection: it began before the server saw it come.
    const seen = () =>
      listener.output
        .split('\n')
        .map(Number)
        .filter((at) => at > 0);
    const cameAt = await until('the server says when it came', patienceMs, () => seen()[probes(shown) - 1]);
    assert.ok(last <= cameAt + 5 && last <= now, `began ${last}, came ${cameAt}, now ${now}`);
    assert.ok(next === null || next === undefined || next > last, `${next} after ${last}`);
  });

  it('are words in the tables and in what is shown of one server', async () => {
    const text = await daemon.command('status');
    assert.deepEqual(row(text, 'REAL_SERVER'), [
      ...['REAL_SERVER', 'STATE', 'WEIGHT', 'IN_TABLE', 'ACTIVE', 'INACTIVE', 'LAST', 'NEXT', 'REASON'],
    ]);
    const past = /^(now|(\d+[dhms] ?)+ ago)$/;
    // A dash while a probe is under way.
    const future = /^(now|in (\d+[dhms] ?)+|-)$/;
    const [, state, , , , , last = '', next = '', reason] = row(text, up);
    assert.equal(state, 'up');
    // Not what it began with, although nothing has turned since.
    assert.match(reason ?? '', /^TCP_CHECK: (?!believed)/);
    assert.match(last, past);
    assert.match(next, future);
    const [, isDown, , , , , since = '', soon = ''] = row(text, down);
    assert.equal(isDown, 'down');
    assert.match(since, past);
    assert.match(soon, /^in (1h 0m|59m \d+s|5\dm \d+s)$/);
    const one = await daemon.command('status', down);
    assert.match(one, /\n {2}checks:\n {4}- checker: TCP_CHECK\n/);
    assert.match(one, /\n {6}last_probe: (now|.* ago)\n {6}next_probe: in 5?\d+/);
    assert.doesNotMatch(one, /\b\d{13}\b/);
    const explained = await daemon.command('explain', down);
    assert.deepEqual(row(explained, 'SOURCE'), ['OF', 'SOURCE', 'EFFECT', 'SINCE', 'LAST', 'NEXT', 'WHY']);
    const [, , , , lastOf = '', nextOf = ''] = row(explained, 'state ');
    assert.match(lastOf, past);
    assert.match(nextOf, /^in /);
    const [, , , , , nextOfServer = ''] = row(await daemon.command('explain', virtual), '127.0.0.1 8081');
    assert.match(nextOfServer, /^in /);
  });
});
