/** An Ethernet frame on a simulated segment. Bytes and IP packet are each made from the other only when somebody looks. */
import { decodeIp, encodeIp, type IpPacket } from './ip-packet.js';
import { macBytes, macText } from './mac.js';

export const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

export class Frame {
  #bytes: Uint8Array | undefined;
  #ip: IpPacket | undefined;
  #isDecoded: boolean;

  private constructor(
    readonly destination: string,
    readonly source: string,
    readonly etherType: number,
    content: { readonly bytes?: Uint8Array; readonly ip?: IpPacket },
  ) {
    this.#bytes = content.bytes;
    this.#ip = content.ip;
    this.#isDecoded = content.ip !== undefined;
  }

  static ofIp(destination: string, source: string, ip: IpPacket): Frame {
    return new Frame(destination, source, ip.family === 4 ? etherTypes.ipv4 : etherTypes.ipv6, { ip });
  }

  /** A whole frame from the destination address on; undefined where it is shorter than its header. */
  static ofBytes(bytes: Uint8Array): Frame | undefined {
    if (bytes.length < 14) return undefined;
    const etherType = ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0);
    return new Frame(macText(bytes, 0), macText(bytes, 6), etherType, { bytes });
  }

  static of(destination: string, source: string, etherType: number, payload: Uint8Array): Frame {
    return new Frame(destination, source, etherType, { bytes: withHeader(destination, source, etherType, payload) });
  }

  /** The whole frame. Shared: do not write to it. */
  get bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      const payload = this.#ip === undefined ? new Uint8Array() : encodeIp(this.#ip);
      this.#bytes = withHeader(this.destination, this.source, this.etherType, payload);
    }
    return this.#bytes;
  }

  get payload(): Uint8Array {
    return this.bytes.subarray(14);
  }

  /** The IP packet inside, where the frame holds a valid one. */
  get ip(): IpPacket | undefined {
    if (!this.#isDecoded) {
      this.#isDecoded = true;
      if (this.etherType === etherTypes.ipv4) this.#ip = decodeIp(4, this.payload);
      if (this.etherType === etherTypes.ipv6) this.#ip = decodeIp(6, this.payload);
    }
    return this.#ip;
  }
}

function withHeader(destination: string, source: string, etherType: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(14 + payload.length);
  bytes.set(macBytes(destination), 0);
  bytes.set(macBytes(source), 6);
  bytes[12] = etherType >> 8;
  bytes[13] = etherType & 255;
  bytes.set(payload, 14);
  return bytes;
}
