/**
 * The number of the family `IPVS` in generic netlink. It changes when the module is loaded again, so it is asked for once, and again
 * when the kernel does not know it any more. Asked, most kernels load the module by themselves; where one does not, modprobe gets
 * one chance. Used by the port.
 */
import { errnoName } from '@mainstay/pacemaker';
import { PortError } from '@mainstay/sdk';
import { Attributes, needed } from './attributes.js';
import type { Breath } from './breath.js';
import { type GenericSocket, orRefused } from './generic-socket.js';
import { controller, family } from './numbers.js';

/** Loads the kernel module; answers why it could not, or undefined. */
export type LoadModule = () => Promise<string | undefined>;

export class KernelFamily {
  #id: number | undefined;
  #why: string | undefined;
  #hasTried = false;

  constructor(
    private readonly socket: GenericSocket,
    private readonly load: LoadModule,
  ) {}

  /** Rejects with EPROTONOSUPPORT where the kernel has none. */
  async id(breath: Breath): Promise<number> {
    this.#id ??= (await this.#ask(breath)) ?? (await this.#loadAndAsk(breath));
    if (this.#id !== undefined) return this.#id;
    throw new PortError(
      `the kernel has no IPVS, so nothing can be balanced (${this.#why ?? 'the module is not loaded'})`,
      'EPROTONOSUPPORT',
      'load it on the host with `modprobe ip_vs`, and at each boot with a line "ip_vs" in /etc/modules-load.d/; a container uses the kernel of its host',
    );
  }

  /** True where the number that was used is not the family's any more: what the kernel refused with ENOENT was then not heard at all. */
  async hasMoved(breath: Breath): Promise<boolean> {
    const before = this.#id;
    this.#id = await this.#ask(breath);
    return this.#id !== before;
  }

  async #loadAndAsk(breath: Breath): Promise<number | undefined> {
    if (this.#hasTried) return undefined;
    this.#hasTried = true;
    this.#why = await this.load();
    return this.#ask(breath);
  }

  async #ask(breath: Breath): Promise<number | undefined> {
    const told = await this.socket.ask(
      {
        type: controller.id,
        command: controller.getFamily,
        version: controller.version,
        isDump: false,
        write: (out) => out.text(controller.familyName, family.name),
      },
      breath,
    );
    if (errnoName(told.errno) === 'ENOENT') return undefined;
    const [message] = orRefused('the kernel does not tell the number of IPVS', told);
    const id = message && new Attributes(message.data, 4).u16(controller.familyId);
    return needed('the number of the family', id);
  }
}
