/**
 * One process on a simulated host: its clock, its copies of the kernel's tables, its sockets. It can be stopped (SIGSTOP),
 * go on, and be killed: then sockets and timers are gone, and what it put into the kernel stays.
 */
import type { AddressEvent, AddressKey, InterfaceAddress, Link, LinkEvent, Route, RouteEvent } from '@mainstay/sdk';
import { ProcessClock, type ProcessClockOptions, type WakeOrder } from '../clock/process-clock.js';
import type { SimulatedKernel } from './kernel.js';
import { Mirror } from './mirror.js';

export type KernelEvent =
  | { readonly of: 'link'; readonly event: LinkEvent }
  | { readonly of: 'address'; readonly event: AddressEvent }
  | { readonly of: 'route'; readonly event: RouteEvent };

/** The key of an address in a process's copy. */
export function addressText({ link, address, prefixLength }: AddressKey): string {
  return `${link} ${address}/${prefixLength}`;
}

export interface SpawnOptions extends ProcessClockOptions {
  /** Default `mainstay`. */
  readonly name?: string;
}

export class SimulatedProcess {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly links: Mirror<Link, LinkEvent>;
  readonly addresses: Mirror<InterfaceAddress, AddressEvent>;
  readonly routes: Mirror<Route, RouteEvent>;
  #isStopped = false;
  readonly #atEnd = new Set<() => void>();

  constructor(
    readonly kernel: SimulatedKernel,
    options: SpawnOptions,
  ) {
    this.name = options.name ?? 'mainstay';
    this.clock = new ProcessClock(kernel.clock, options);
    this.links = new Mirror(
      kernel.links.list(),
      (link) => String(link.index),
      (event) => event.link,
    );
    this.addresses = new Mirror(kernel.addresses.list(), addressText, (event) => event.address);
    this.routes = new Mirror(
      kernel.routes.list(),
      (r) => `${r.destination} ${r.table} ${r.metric ?? 0} ${r.link ?? 0}`,
      (event) => event.route,
    );
  }

  get isAlive(): boolean {
    return !this.clock.isDead;
  }

  /** SIGSTOP. */
  stop(): void {
    this.#isStopped = true;
    this.clock.stop();
  }
  /** SIGCONT. It goes on when its machine does too. */
  resume(order?: WakeOrder): void {
    this.#isStopped = false;
    if (!this.kernel.isPaused) this.clock.resume(order);
  }
  /** Its machine stands still, and goes on again. Called by the kernel. */
  freeze(): void {
    this.clock.stop();
  }
  thaw(): void {
    if (!this.#isStopped) this.clock.resume();
  }
  /** SIGKILL, or a crash. */
  kill(): void {
    this.clock.kill();
    this.kernel.processes.delete(this);
    for (const end of this.#atEnd) end();
    this.#atEnd.clear();
  }

  /** Something that the kernel takes back when the process ends; the answered function forgets it. */
  atEnd(end: () => void): () => void {
    this.#atEnd.add(end);
    return () => this.#atEnd.delete(end);
  }

  /** A change in the kernel: told at the end of the present microtask turn, and only while the process runs. */
  tell({ of, event }: KernelEvent): void {
    queueMicrotask(() =>
      this.clock.deliver(() => {
        if (of === 'link') this.links.apply(event);
        else if (of === 'address') this.addresses.apply(event);
        else this.routes.apply(event);
      }),
    );
  }
}
