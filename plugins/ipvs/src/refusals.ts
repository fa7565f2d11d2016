/** What the kernel does not take now, by service and destination, and what to do about it. Kept by keeper.ts. */
import type { IpvsEdit } from '@mainstay/sdk';

export interface Refusal {
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

const noRoom = 'The kernel has no memory for one more entry of its table; those that are in it go on and are kept up to date. ';
const memory = 'Free memory on this host (MemAvailable and Percpu in /proc/meminfo; dmesg has "allocation failure")';

/** What it means beyond its words, and what to do; nothing where the kernel's own words are enough. They follow the others of a refusal. */
export function adviceFor(code: string, edit: IpvsEdit['do']): string {
  if (code !== 'ENOMEM' || edit.startsWith('delete')) return '';
  return edit === 'editService' ? `. ${memory}` : `. ${noRoom}${memory}, or configure fewer servers`;
}

/** In place of a destination where the service itself is refused. */
const itself = '';

export class Refusals {
  readonly #byService = new Map<string, Map<string, Refusal>>();

  of(service: string, destination = itself): Refusal | undefined {
    return this.#byService.get(service)?.get(destination);
  }

  /** False: it was refused for the same reason before. */
  add(service: string, destination: string | undefined, refusal: Refusal): boolean {
    const known = this.#byService.get(service) ?? new Map<string, Refusal>();
    this.#byService.set(service, known);
    const before = known.get(destination ?? itself);
    if (before?.message === refusal.message) return false;
    known.set(destination ?? itself, refusal);
    return true;
  }

  /** True where it was refused. */
  delete(service: string, destination = itself): boolean {
    const known = this.#byService.get(service);
    if (known?.delete(destination) !== true) return false;
    if (known.size === 0) this.#byService.delete(service);
    return true;
  }

  /** Forgets what is refused of a service, but for these destinations; `undefined` among them is the service itself. */
  keepOnly(service: string, wanted: () => Iterable<string | undefined>): void {
    const known = this.#byService.get(service);
    if (known === undefined) return;
    const open = new Set([...wanted()].map((destination) => destination ?? itself));
    for (const destination of [...known.keys()]) if (!open.has(destination)) this.delete(service, destination);
  }
}
