/**
 * Sends whole IP packets out of one link through the npm package raw-socket. A socket of its own that never reads: in
 * raw-socket a flood of received packets starves what is to be sent.
 */
import { closeRawSocketsOnExec } from '@mainstay/pacemaker';
import type { Family } from '@mainstay/sdk';
import type { Socket } from 'raw-socket';

type RawSocketPackage = typeof import('raw-socket');

/** IPPROTO_RAW: headers are ours to write, and the kernel delivers nothing to it. */
const rawProtocol = 255;
const level = { socket: 1, ip: 0, ipv6: 41 } as const;
/** Numbers of asm-generic/socket.h, linux/in.h and linux/in6.h. */
const option = { receiveBuffer: 8, bindToDevice: 25, bindToIndex: 62 } as const;
const optionV4 = { headerIncluded: 3, multicastInterface: 32, multicastLoop: 34 } as const;
const optionV6 = { multicastInterface: 17, multicastLoop: 19, headerIncluded: 36 } as const;

export class RawSender {
  /** Held here for as long as the sender lives: raw-socket closes a socket that is garbage. */
  readonly #socket: Socket;

  /** Throws what raw-socket throws: an Error with the C library's text. */
  constructor(
    package_: RawSocketPackage,
    family: Family,
    link: { readonly index: number; readonly name: string },
    onError: (error: Error) => void,
  ) {
    this.#socket = package_.createSocket({ addressFamily: family === 4 ? 1 : 2, protocol: rawProtocol });
    this.#socket.on('error', onError);
    this.#socket.pauseRecv();
    try {
      closeRawSocketsOnExec();
      this.#socket.setOption(level.socket, option.receiveBuffer, 1);
      this.#bind(link);
      if (family === 4) this.#configureV4(link.index);
      else this.#configureV6(link.index);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** Hands the packet to the kernel before it returns. Throws where the kernel refuses. */
  send(packet: Buffer, destination: string): void {
    this.#socket.wrap.send(packet, 0, packet.length, destination, () => {});
  }

  close(): void {
    this.#socket.close();
  }

  #bind({ index, name }: { readonly index: number; readonly name: string }): void {
    try {
      this.#socket.setOption(level.socket, option.bindToIndex, index);
    } catch {
      // Kernels before 5.1 bind by name only.
      const text = Buffer.from(`${name}\0`);
      this.#socket.setOption(level.socket, option.bindToDevice, text, text.length);
    }
  }

  #configureV4(index: number): void {
    // struct ip_mreqn: group, local address, index in host order.
    const request = Buffer.alloc(12);
    new Int32Array(request.buffer, request.byteOffset + 8, 1)[0] = index;
    this.#socket.setOption(level.ip, optionV4.headerIncluded, 1);
    this.#socket.setOption(level.ip, optionV4.multicastInterface, request, request.length);
    this.#socket.setOption(level.ip, optionV4.multicastLoop, 0);
  }

  #configureV6(index: number): void {
    this.#socket.setOption(level.ipv6, optionV6.headerIncluded, 1);
    this.#socket.setOption(level.ipv6, optionV6.multicastInterface, index);
    this.#socket.setOption(level.ipv6, optionV6.multicastLoop, 0);
  }
}
