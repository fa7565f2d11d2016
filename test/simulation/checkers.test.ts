/** A day of every checker beside the balancer, while its server does all that hostile servers do: each returns, and nothing grows. */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { checkerBfd } from '@mainstay/checker-bfd';
import checkerDns from '@mainstay/checker-dns';
import { checkerFile } from '@mainstay/checker-file';
import { checkerHttp } from '@mainstay/checker-http';
import { checkerMisc } from '@mainstay/checker-misc';
import checkerPing from '@mainstay/checker-ping';
import smtpCheck from '@mainstay/checker-smtp';
import tcpCheck from '@mainstay/checker-tcp';
import checkerUdp from '@mainstay/checker-udp';
import { createIpvsPlugin } from '@mainstay/ipvs';
import { type Respond, type Serve, serves, type TestedPlugin, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { sayer } from '../support/bfd-sayer.js';
import { fileMoods, scriptMoods, tcpMoods, udpMoods } from './checkers/moods.js';

const dayMs = 24 * 3_600_000;
const phaseMs = 1_200_000;
const timeoutMs = 2000;
/** What is held is compared between these; by then everything has been met. */
const firstHours = [2, 8] as const;
const lastHours = [18, 24] as const;
const isCompared = (hour: number) => [firstHours, lastHours].some(([from, until]) => hour >= from && hour < until);
const page = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const head = 'HTTP/1.1 200 OK\r\n';

/** Its server in one phase. */
type Mood = (t: TestedPlugin, address: string) => void;
interface Life {
  readonly block: string;
  readonly good: Mood;
  readonly moods: readonly Mood[];
}

function overTcp(block: string, good: Serve, opening: string, line: string, tls?: object): Life {
  const as =
    ({ serve, host, tls: own }: ReturnType<typeof tcpMoods>[string]): Mood =>
    ({ kernel: { servers } }, address) => {
      servers.stop(address, 80);
      servers.host(address, { state: host ?? 'up' });
      if (serve !== undefined) servers.tcp(address, 80, serve, own === undefined ? {} : { tls: own });
    };
  const moods = Object.values(tcpMoods(good, opening, line, tls));
  return { block, good: as({ serve: good, ...(tls !== undefined && { tls }) }), moods: moods.map(as) };
}

function overUdp(block: string, good: Respond): Life {
  const as =
    ({ respond, host }: ReturnType<typeof udpMoods>[string]): Mood =>
    ({ kernel: { servers } }, address) => {
      servers.stop(address, 80);
      servers.host(address, { state: host ?? 'up' });
      if (respond !== undefined) servers.udp(address, 80, respond);
    };
  return { block, good: as({ respond: good }), moods: Object.values(udpMoods(good)).map(as) };
}

const answered: Respond = (query) => {
  const reply = Uint8Array.from(query);
  reply[2] = 0x81;
  reply[3] = 0x80;
  return reply;
};
const mail = serves.lines('220 mx\r\n', (line) => (line.startsWith('HELO') ? '250 good day\r\n' : undefined));
const url = (lines = '') => `url {\npath /\n${lines}\n}`;
const script = (behaviour: (typeof scriptMoods)[string]): Mood => {
  return ({ ports }) => ports.process.program('/check', behaviour);
};
const file = (text: string): Mood => {
  return ({ ports }) => ports.files.write('/run/number', text);
};
const echo =
  (state: 'up' | 'silent' | 'unreachable', answersEcho = true): Mood =>
  ({ kernel: { servers } }, address) =>
    servers.host(address, { state, answersEcho });
const { plugin: bfd, say } = sayer();

const lives: Readonly<Record<string, Life>> = {
  TCP_CHECK: overTcp('', serves.silence(), 'hello\r\n', 'x\r\n'),
  HTTP_GET: overTcp(`${url('regex hello\nregex_max_offset 99')}\n${url()}`, serves.text(page), head, 'X: y\r\n'),
  SSL_GET: overTcp(`verify_certificate\nvirtualhost web.example\n${url()}`, serves.text(page), head, 'X: y\r\n', {
    names: ['web.example'],
    isTrusted: true,
    expiresAt: Date.UTC(2100, 0, 1),
  }),
  SMTP_CHECK: overTcp('', mail, '220-mx\r\n', '220-x\r\n'),
  DNS_CHECK: overUdp('', answered),
  UDP_CHECK: overUdp('payload 01\nrequire_reply 02', () => Uint8Array.of(2)),
  PING_CHECK: { block: '', good: echo('up'), moods: [echo('up', false), echo('silent'), echo('unreachable')] },
  MISC_CHECK: {
    block: 'misc_path /check\nmisc_timeout 2',
    good: script({ code: 0 }),
    moods: Object.values(scriptMoods).map(script),
  },
  FILE_CHECK: { block: 'track_file number\nweight 0', good: file('0'), moods: fileMoods.map(file) },
  BFD_CHECK: { block: 'name B1', good: () => say(true), moods: [() => say(false), () => say(true), () => say(false)] },
};
const keywords = Object.keys(lives);
const addressOf = (keyword: string) => `192.0.2.${10 + keywords.indexOf(keyword)}`;

function configuration(): string {
  const timing = 'retry 1\nrise 2\ndelay_before_retry 1\nconnect_timeout 2';
  const watches = new Set(['FILE_CHECK', 'BFD_CHECK']);
  const common = (keyword: string) => {
    if (watches.has(keyword)) return '';
    return keyword === 'MISC_CHECK' ? timing.replace('\nconnect_timeout 2', '') : timing;
  };
  const servers = keywords.map((keyword) => {
    const block = `${keyword} {\n${lives[keyword]?.block}\n${common(keyword)}\n}`;
    return `real_server ${addressOf(keyword)} 80 {\n${block}\n}\n`;
  });
  const around = 'track_file number {\nfile /run/number\n}\nbfd_instance B1 {\nneighbor_ip 192.0.2.250\n}\n';
  return `${around}virtual_server 192.0.2.200 80 {\ndelay_loop 180\nlb_algo wrr\nprotocol TCP\n${servers.join('')}}\n`;
}

interface Checked {
  readonly checker: string;
  readonly state: string;
  readonly reason: string;
  readonly probes: number;
  readonly last_duration_ms: number | null;
}

async function checksOf(t: TestedPlugin): Promise<readonly Checked[]> {
  const objects = await t.report();
  return objects.flatMap(({ kind, detail }) => (kind === 'real_server' ? (detail?.checks as unknown as Checked[]) : []));
}

/** What tests keep, and no daemon: else it would hide what grows. */
function forget(t: TestedPlugin): void {
  t.kernel.servers.callers.length = 0;
  t.ports.process.runs.length = 0;
  t.machine.events.length = 0;
  (t.log as unknown[]).length = 0;
}

function heap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('a day of every checker', function () {
  this.timeout(300_000);

  it('finds what there is to be found, to the end, and holds no more at its end than in its first hours', async () => {
    const plugins = [checkerDns, checkerUdp, checkerPing, checkerMisc(), checkerFile(), checkerHttp(), smtpCheck, tcpCheck];
    const t = await testPlugin(createIpvsPlugin(), {
      config: configuration(),
      alongside: [bfd, checkerBfd(), ...plugins],
    });
    const { servers } = t.kernel;
    const turn = (of: (life: Life) => Mood | undefined) => {
      for (const keyword of keywords) of(lives[keyword] as Life)?.(t, addressOf(keyword));
    };
    const held: { readonly timers: number; readonly heap: number }[] = [];
    const seen = new Map<string, Set<string>>(keywords.map((keyword) => [keyword, new Set()]));
    for (let phase = 0; phase * phaseMs < dayMs; phase++) {
      // Every third phase all is well.
      const isGood = phase % 3 === 2;
      turn(({ good, moods }) => (isGood ? good : moods[(phase - Math.floor(phase / 3)) % moods.length]));
      await t.advance(phaseMs);
      // One connection for each check at most, whatever became of the servers.
      assert.ok(servers.open <= keywords.length, `${servers.open} are open`);
      for (const { checker, state, last_duration_ms: took } of await checksOf(t)) {
        seen.get(checker)?.add(state);
        // Of several URLs, each has its time.
        assert.ok((took ?? 0) <= 3 * timeoutMs + 500, `${checker} took ${took} ms`);
      }
      if (!isGood) continue;
      const well = (await checksOf(t)).map(({ checker, state, reason }) => (state === 'up' ? '' : `${checker}: ${reason}`));
      assert.deepEqual(well.join(''), '', `in hour ${(phase * phaseMs) / 3_600_000}`);
      assert.equal(servers.open, 0);
      forget(t);
      held.push({ timers: t.clock.pending, heap: isCompared(held.length) ? heap() : Number.NaN });
    }
    const checks = await checksOf(t);
    const idle = checks.filter(({ checker, probes }) => probes < (lives[checker]?.block.match(/^(track|name)/) ? 1 : 450));
    assert.deepEqual(idle, []);
    for (const [checker, states] of seen) assert.deepEqual([...states].sort(), ['down', 'up'], checker);
    assert.deepEqual(new Set(held.map(({ timers }) => timers)).size, 1, 'timers');
    // A checker that keeps one kilobyte of each probe is seen.
    const early = Math.max(...held.slice(...firstHours).map(({ heap }) => heap));
    const late = Math.min(...held.slice(...lastHours).map(({ heap }) => heap));
    assert.ok(late - early < 256 * 1024, `${late - early} octets more at the end of the day`);
    await t.stop();
    assert.equal(servers.open, 0);
  });
});
