/**
 * A day of every checker beside the balancer, while its server does all that hostile servers do. A program of its own, so that what it
 * holds is nobody else's: prints a DayReport. Run by checkers.test.ts with `--expose-gc`.
 */
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
import { sayer } from '../../support/bfd-sayer.js';
import { fileMoods, scriptMoods, tcpMoods, udpMoods } from './moods.js';

const dayMs = 24 * 3_600_000;
const phaseMs = 1_200_000;
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
/** Those are told of changes, and do not ask. */
const watches = new Set(['FILE_CHECK', 'BFD_CHECK']);
const addressOf = (keyword: string) => `192.0.2.${10 + keywords.indexOf(keyword)}`;

function configuration(): string {
  const timing = 'retry 1\nrise 2\ndelay_before_retry 1\nconnect_timeout 2';
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

/** At the end of a phase in which all was well. */
export interface Hour {
  readonly timers: number;
  /** Octets. */
  readonly heap: number;
  readonly connections: number;
  /** What is down all the same, with the reason. */
  readonly down: readonly string[];
}

export interface DayReport {
  /** Of the good phases, one in each hour. */
  readonly hours: readonly Hour[];
  /** At any time, and at the end. */
  readonly mostConnections: number;
  readonly connectionsAtEnd: number;
  /** Of each checker: states that its server had. */
  readonly states: Readonly<Record<string, readonly string[]>>;
  /** Of each checker that asks. */
  readonly probes: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly longestProbe: number;
}

function heap(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

async function live(): Promise<DayReport> {
  const plugins = [checkerDns, checkerUdp, checkerPing, checkerMisc(), checkerFile(), checkerHttp(), smtpCheck, tcpCheck];
  const t = await testPlugin(createIpvsPlugin(), { config: configuration(), alongside: [bfd, checkerBfd(), ...plugins] });
  const { servers } = t.kernel;
  const hours: Hour[] = [];
  const states = new Map<string, Set<string>>(keywords.map((keyword) => [keyword, new Set()]));
  let mostConnections = 0;
  let longestProbe = 0;
  for (let phase = 0; phase * phaseMs < dayMs; phase++) {
    // The last phase of each hour is good.
    const isGood = phase % 3 === 2;
    for (const keyword of keywords) {
      const { good, moods } = lives[keyword] as Life;
      const mood = isGood ? good : moods[(phase - Math.floor(phase / 3)) % moods.length];
      mood?.(t, addressOf(keyword));
    }
    await t.advance(phaseMs);
    mostConnections = Math.max(mostConnections, servers.open);
    const checks = await checksOf(t);
    for (const { checker, state, last_duration_ms: took } of checks) {
      states.get(checker)?.add(state);
      longestProbe = Math.max(longestProbe, took ?? 0);
    }
    if (!isGood) continue;
    const down = checks.filter(({ state }) => state !== 'up').map(({ checker, reason }) => `${checker}: ${reason}`);
    forget(t);
    hours.push({ timers: t.clock.pending, heap: heap(), connections: servers.open, down });
  }
  const probes = (await checksOf(t)).filter(({ checker }) => !watches.has(checker));
  await t.stop();
  return {
    hours,
    mostConnections,
    connectionsAtEnd: servers.open,
    states: Object.fromEntries([...states].map(([checker, all]) => [checker, [...all].sort()])),
    probes: Object.fromEntries(probes.map(({ checker, probes: count }) => [checker, count])),
    longestProbe,
  };
}

process.stdout.write(JSON.stringify(await live()));
