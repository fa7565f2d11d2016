/** The `linkLayer` port on pacemaker's AF_PACKET sockets. */
import { PacketSocket } from '@mainstay/pacemaker';
import type { LinkLayer, LinkLayerOptions, LinkLayerSocket } from '@mainstay/sdk';
import { portError } from './refusal.js';

export class LinuxLinkLayer implements LinkLayer {
  readonly #open = new Set<LinuxLinkLayerSocket>();

  open(options: LinkLayerOptions): LinkLayerSocket {
    const socket = new LinuxLinkLayerSocket(options, () => void this.#open.delete(socket));
    this.#open.add(socket);
    return socket;
  }

  close(): void {
    for (const socket of [...this.#open]) socket.close();
  }
}

class LinuxLinkLayerSocket implements LinkLayerSocket {
  readonly #socket: PacketSocket;
  #isOpen = true;

  constructor(
    private readonly options: LinkLayerOptions,
    private readonly forget: () => void,
  ) {
    const { link, etherType, onFrame } = options;
    try {
      this.#socket = new PacketSocket({
        interfaceIndex: link,
        etherType,
        onError: (error) => this.#fail(error),
        ...(onFrame === undefined ? {} : { onFrame: (frame: Buffer) => options.onFrame?.(new Uint8Array(frame)) }),
      });
    } catch (error) {
      throw portError(`cannot open a packet socket on link ${link}`, error);
    }
  }

  send(frame: Uint8Array): void {
    this.#attempt(() => this.#socket.send(frame));
  }

  sendAll(frames: readonly Uint8Array[]): void {
    this.#attempt(() => this.#socket.sendAll(frames));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
    this.forget();
  }

  #attempt(send: () => void): void {
    if (!this.#isOpen) return;
    try {
      send();
    } catch (error) {
      queueMicrotask(() => this.#fail(error));
    }
  }

  #fail(error: unknown): void {
    if (this.#isOpen) this.options.onError(portError(`link layer of link ${this.options.link}`, error));
  }
}
