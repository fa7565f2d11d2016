/** The real stage: network namespaces for two routers, a client and the switch between them; see lan.ts for how they are made. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { followStates } from './daemon-events.js';
import { Lan } from './lan.js';
import { forEachLine } from './lines.js';
import { killTree } from './process-tree.js';
import { clientAddress, type Plot, type RouterName, routerAddresses, type Stage, virtualAddress } from './story.js';
import type { Timeline } from './timeline.js';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const command = fileURLToPath(new URL('main.js', import.meta.resolve('mainstay')));

export class Namespaces implements Stage {
  readonly #lan = new Lan();
  readonly #folder = mkdtempSync(join(tmpdir(), 'mainstay-failover-'));
  readonly #running = new Map<RouterName, ChildProcess[]>();
  readonly #others: ChildProcess[] = [];
  readonly #logs = new Map<RouterName, string>();
  #following = new Map<RouterName, AbortController>();

  constructor(
    private readonly timeline: Timeline,
    private readonly plot: Plot,
  ) {
    process.once('exit', () => this.#removeAll());
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
    this.#lan.add('client', clientAddress);
    for (const router of ['a', 'b'] as const) {
      this.#lan.add(router, routerAddresses[router]);
      this.#watchAddress(router);
    }
    this.#probe();
  }

  async boot(router: RouterName): Promise<void> {
    this.#lan.boot(router, routerAddresses[router]);
    const node = (...args: string[]) => this.#inside(router, process.execPath, ...args);
    const runFolder = join(this.#folder, router);
    const daemon = node(command, 'run', '-n', '-l', '-f', here(`../${router}${this.plot.suffix}.conf`), '--run-dir', runFolder);
    for (const stream of [daemon.stdout, daemon.stderr])
      if (stream !== null) forEachLine(stream, (line) => this.#logs.set(router, `${this.#logs.get(router) ?? ''}${line}\n`));
    this.#running.set(router, [daemon, node(here('echo.js'), router)]);
    const following = new AbortController();
    this.#following.set(router, following);
    followStates(runFolder, following.signal, ({ from, to, detail }) => this.timeline.onState(router, from, to, detail));
  }

  async cutPower(router: RouterName): Promise<void> {
    this.#lan.cable(router, 'down');
    this.#following.get(router)?.abort();
    for (const { pid } of this.#running.get(router) ?? []) if (pid !== undefined) killTree(pid);
    this.timeline.onPowerLoss(router);
    this.#lan.forget(router);
  }

  async until(isSo: () => boolean, ms: number): Promise<boolean> {
    const deadline = performance.now() + ms;
    while (!isSo()) {
      if (performance.now() > deadline) return false;
      this.timeline.client.onTick(Date.now());
      await sleep(10);
    }
    return true;
  }

  /** What the daemons wrote: shown when the story fails. */
  get logs(): string {
    return [...this.#logs].map(([router, text]) => `--- router ${router}\n${text}`).join('');
  }

  async close(): Promise<void> {
    this.#removeAll();
  }

  #inside(name: string, ...args: string[]): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.#lan.namespaceOf(name), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  #watchAddress(router: RouterName): void {
    const monitor = this.#inside(router, 'ip', 'monitor', 'address');
    this.#others.push(monitor);
    if (monitor.stdout === null) return;
    forEachLine(monitor.stdout, (line) => {
      if (line.includes(` ${virtualAddress}/`) && this.#running.has(router))
        this.timeline.onAddress(router, !line.startsWith('Deleted'));
    });
  }

  #probe(): void {
    const prober = this.#inside('client', process.execPath, here('prober.js'));
    this.#others.push(prober);
    if (prober.stdout === null) return;
    forEachLine(prober.stdout, (line) => {
      const [sequence, router, at] = line.split(' ');
      if (router === 'a' || router === 'b') this.timeline.client.onAnswer(Number(sequence), router, Number(at));
    });
  }

  #removeAll(): void {
    for (const following of this.#following.values()) following.abort();
    this.#following = new Map();
    for (const child of [...this.#others.splice(0), ...[...this.#running.values()].flat()])
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killTree(child.pid);
    this.#running.clear();
    this.#lan.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
