/**
 * BFD speakers of others on a host of a LAN: FRR's bfdd, BIRD, keepalived. One interface for all: start, reconfigure, shut, crash, and
 * what they think of the session. Everything lies in a folder of its own; what was started is ended by its pid.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Background, run, until } from './command.js';
import type { Host } from './netns.js';
import { Daemon, scratch } from './peers.js';
import { killTree } from './process-tree.js';

export interface BfdPlan {
  readonly host: Host;
  /** Address of the host itself, and of the other side. */
  readonly own: string;
  readonly neighbour: string;
  readonly txMs: number;
  readonly rxMs: number;
  readonly multiplier: number;
  readonly isMultihop?: boolean;
  /** Of BIRD only. */
  readonly authentication?: { readonly type: string; readonly id: number; readonly secret: string };
  /** Of FRR only: milliseconds between echo packets that it sends, and that it takes. */
  readonly echo?: { readonly txMs: number; readonly rxMs: number };
}

export type PeerState = 'up' | 'init' | 'down' | 'adminDown' | 'none';

export interface BfdPeer {
  start(): Promise<void>;
  state(): Promise<PeerState>;
  /** The detection time that it has of the other side, in milliseconds; undefined where it does not say. */
  detectionMs(): Promise<number | undefined>;
  /** With other timers, while it runs. */
  retime(txMs: number, rxMs: number): Promise<void>;
  /** Administratively down, or up again; absent where it has no such thing. */
  shut?(isShut: boolean): Promise<void>;
  /** Ends as a service manager would have it. */
  stop(): Promise<void>;
  /** Dies at once. */
  crash(): Promise<void>;
  readonly log: string;
}

const programs = '/usr/lib/frr';

export class FrrPeer implements BfdPeer {
  readonly #folder = scratch();
  #zebra: Background | undefined;
  #bfdd: Background | undefined;

  constructor(private readonly plan: BfdPlan) {}

  get log(): string {
    return `${this.#zebra?.output}\n${this.#bfdd?.output}`;
  }

  async start(): Promise<void> {
    chmodSync(this.#folder, 0o755);
    mkdirSync(this.#state, { recursive: true });
    writeFileSync(this.#path('zebra.conf'), '');
    writeFileSync(this.#path('bfdd.conf'), this.#conf().join('\n'));
    await run('chown', ['-R', 'frr:frr', this.#state]);
    const { host } = this.plan;
    this.#zebra = host.start(join(programs, 'zebra'), this.#args('zebra'));
    await until('zebra answers', 10_000, () => existsSync(this.#path('zserv.api')));
    this.#bfdd = host.start(join(programs, 'bfdd'), [...this.#args('bfdd'), '--bfdctl', this.#path('bfdd.sock')]);
    await until('bfdd answers', 10_000, () => existsSync(this.#path('bfdd.vty')));
  }

  async state(): Promise<PeerState> {
    const status = (await this.#peer())?.status;
    if (status === 'shutdown') return 'adminDown';
    return status === 'up' || status === 'init' || status === 'down' ? status : 'none';
  }

  async detectionMs(): Promise<number | undefined> {
    const peer = await this.#peer();
    if (peer === undefined) return undefined;
    const slower = Math.max(Number(peer['remote-transmit-interval']), Number(peer['receive-interval']));
    return Number(peer['remote-detect-multiplier']) * slower;
  }

  async retime(txMs: number, rxMs: number): Promise<void> {
    await this.#configure(` transmit-interval ${txMs}`, ` receive-interval ${rxMs}`);
  }

  async shut(isShut: boolean): Promise<void> {
    await this.#configure(isShut ? ' shutdown' : ' no shutdown');
  }

  async stop(): Promise<void> {
    await this.#bfdd?.stop('SIGTERM', 5000);
    await this.#zebra?.stop('SIGTERM', 5000);
  }

  async crash(): Promise<void> {
    const running = [this.#bfdd, this.#zebra].flatMap((one) => (one?.isRunning === true ? [one] : []));
    for (const { pid } of running) killTree(pid);
    await Promise.all(running.map(({ ended }) => ended));
  }

  get #state(): string {
    return join(this.#folder, 'state');
  }
  #path(name: string): string {
    return join(this.#state, name);
  }

  #args(program: string): string[] {
    const sockets = ['-z', this.#path('zserv.api'), '--vty_socket', this.#state, '-P', '0'];
    return ['-f', this.#path(`${program}.conf`), '-i', this.#path(`${program}.pid`), ...sockets];
  }

  get #header(): string {
    const { neighbour, own, isMultihop } = this.plan;
    return ` peer ${neighbour}${isMultihop === true ? ' multihop' : ''} local-address ${own}${isMultihop === true ? '' : ' interface eth0'}`;
  }

  #conf(): readonly string[] {
    const { txMs, rxMs, multiplier, echo } = this.plan;
    const echoes =
      echo === undefined ? [] : ['echo-mode', `echo transmit-interval ${echo.txMs}`, `echo receive-interval ${echo.rxMs}`];
    const timers = [`detect-multiplier ${multiplier}`, `transmit-interval ${txMs}`, `receive-interval ${rxMs}`, ...echoes];
    return ['bfd', this.#header, ...timers.map((line) => `  ${line}`), '  no shutdown', ' exit', 'exit', ''];
  }

  /** What `show bfd peers` and `show bfd peers counters` tell of the session. */
  async facts(): Promise<Readonly<Record<string, unknown>>> {
    const text = await this.#vtysh(['show bfd peers counters json']).catch(() => '[]');
    const [counters] = JSON.parse(text) as Record<string, unknown>[];
    return { ...(await this.#peer()), ...counters };
  }

  #vtysh(commands: readonly string[]): Promise<string> {
    const args = commands.flatMap((command) => ['-c', command]);
    return this.plan.host.run('vtysh', ['--vty_socket', this.#state, '-d', 'bfdd', ...args]);
  }

  async #configure(...lines: readonly string[]): Promise<void> {
    await this.#vtysh(['configure terminal', 'bfd', this.#header, ...lines]);
  }

  async #peer(): Promise<Readonly<Record<string, unknown>> | undefined> {
    const text = await this.#vtysh(['show bfd peers json']).catch(() => '[]');
    return (JSON.parse(text) as Record<string, unknown>[])[0];
  }
}

export class BirdPeer implements BfdPeer {
  readonly #folder = scratch();
  #bird: Background | undefined;

  constructor(private plan: BfdPlan) {}

  get log(): string {
    return `${this.#bird?.output}`;
  }

  async start(): Promise<void> {
    this.#write();
    const control = this.#path('bird.ctl');
    const args = ['-f', '-c', this.#path('bird.conf'), '-s', control, '-P', this.#path('bird.pid')];
    this.#bird = this.plan.host.start('/usr/sbin/bird', args);
    await until('BIRD answers', 10_000, () => existsSync(control));
  }

  async state(): Promise<PeerState> {
    const state = (await this.#session())?.[2]?.toLowerCase();
    if (state === 'admindown') return 'adminDown';
    return state === 'up' || state === 'init' || state === 'down' ? state : 'none';
  }

  /** The last column is the timeout, in seconds. */
  async detectionMs(): Promise<number | undefined> {
    const session = await this.#session();
    return session === undefined ? undefined : Math.round(Number(session.at(-1)) * 1000);
  }

  async retime(txMs: number, rxMs: number): Promise<void> {
    this.plan = { ...this.plan, txMs, rxMs };
    await this.configure();
  }

  /** With another plan of the same session. */
  async change(plan: Partial<BfdPlan>): Promise<void> {
    this.plan = { ...this.plan, ...plan };
    await this.configure();
  }

  async stop(): Promise<void> {
    await this.#bird?.stop('SIGTERM', 5000);
  }

  async crash(): Promise<void> {
    if (this.#bird?.isRunning !== true) return;
    killTree(this.#bird.pid);
    await this.#bird.ended;
  }

  private async configure(): Promise<void> {
    this.#write();
    await this.#ask('configure');
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #write(): void {
    const { own, neighbour, txMs, rxMs, multiplier, isMultihop, authentication } = this.plan;
    const secret = authentication === undefined ? '' : ` password "${authentication.secret}" { id ${authentication.id}; };`;
    const signing = authentication === undefined ? '' : `authentication ${authentication.type};${secret}`;
    const timers = `min tx interval ${txMs} ms; min rx interval ${rxMs} ms; idle tx interval 1 s; multiplier ${multiplier}; ${signing}`;
    const where = isMultihop === true ? 'multihop' : 'interface "eth0"';
    const way = isMultihop === true ? 'multihop yes' : 'dev "eth0"';
    const local = isMultihop === true ? ` local ${own} ` : ' ';
    const bfd = `protocol bfd b { ${where} { ${timers} }; neighbor ${neighbour}${isMultihop === true ? local : ' '}${way}; }`;
    writeFileSync(this.#path('bird.conf'), `log stderr all;\nrouter id 192.0.2.99;\nprotocol device {}\n${bfd}\n`);
  }

  #ask(...words: readonly string[]): Promise<string> {
    return this.plan.host.run('/usr/sbin/birdc', ['-s', this.#path('bird.ctl'), ...words]);
  }

  /** Address, interface, state, since, interval, timeout. */
  async #session(): Promise<readonly string[] | undefined> {
    const text = await this.#ask('show', 'bfd', 'sessions').catch(() => '');
    const line = text.split('\n').find((one) => one.startsWith(`${this.plan.neighbour} `));
    return line?.trim().split(/\s+/);
  }
}

export class KeepalivedPeer implements BfdPeer {
  #daemon: Daemon | undefined;

  constructor(private plan: BfdPlan) {}

  get log(): string {
    return this.#daemon?.log ?? '';
  }

  async start(): Promise<void> {
    this.#daemon = Daemon.start({ program: 'keepalived', host: this.plan.host, conf: this.#conf(), id: 'peer' });
    await this.#daemon.process.saw(/Startup complete/, 10_000);
  }

  /** By the last line of its log that says so. */
  state(): Promise<PeerState> {
    const last = [...this.log.matchAll(/Entering (\w+) state/g)].at(-1)?.[1]?.toLowerCase();
    return Promise.resolve(last === 'up' || last === 'init' || last === 'down' ? last : 'none');
  }

  detectionMs(): Promise<number | undefined> {
    const last = [...this.log.matchAll(/Detection time is (\d+) us/g)].at(-1)?.[1];
    return Promise.resolve(last === undefined ? undefined : Number(last) / 1000);
  }

  async retime(txMs: number, rxMs: number): Promise<void> {
    this.plan = { ...this.plan, txMs, rxMs };
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    writeFileSync(join(daemon.folder, 'keepalived.conf'), this.#conf());
    daemon.process.signal('SIGHUP');
    await Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  async crash(): Promise<void> {
    await this.#daemon?.crash();
  }

  #conf(): string {
    const { own, neighbour, txMs, rxMs, multiplier } = this.plan;
    // Over IPv6 keepalived sends with hop limit 64 unless it is told otherwise.
    const keywords = [
      `neighbor_ip ${neighbour}`,
      `source_ip ${own}`,
      `min_tx ${txMs}`,
      `min_rx ${rxMs}`,
      `multiplier ${multiplier}`,
      'ttl 255',
    ];
    return `bfd_instance B1 {\n${keywords.map((keyword) => `  ${keyword}\n`).join('')}}\n`;
  }
}

export const bfdPeers = { frr: FrrPeer, bird: BirdPeer, keepalived: KeepalivedPeer } as const;
export type BfdPeerKind = keyof typeof bfdPeers;
