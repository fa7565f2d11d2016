/** Questions over a port driver: ICMP echo (RFC 792, RFC 4443 section 4), as `ping` asks, and neighbour solicitation. */
import type { PortDriver } from '../contract/support/world.js';

const kinds = {
  4: { protocol: 1, request: 8, reply: 0 },
  6: { protocol: 58, request: 128, reply: 129 },
} as const;
let identifier = 0x4d00;

export interface Question {
  /** Of the link to ask on. */
  readonly link: number;
  readonly source: string;
  readonly destination: string;
}

/** A question under way. */
export interface Echo {
  /** Sends the request once more. */
  ask(): Promise<void>;
  /** How many replies came from the address so far. */
  replies(): Promise<number>;
  close(): Promise<void>;
}

export async function openEcho(driver: PortDriver, question: Question): Promise<Echo> {
  const family = question.destination.includes(':') ? 6 : 4;
  const { protocol, request, reply } = kinds[family];
  const id = ++identifier;
  const message = sealed(family, question, [request, 0, 0, 0, id >> 8, id & 255, 0, 1]);
  return open(
    driver,
    question,
    protocol,
    message,
    ([type, , , , high = 0, low = 0]) => type === reply && high * 256 + low === id,
  );
}

/** A neighbour solicitation sent to the address itself, as a host probes a neighbour that it knows (RFC 4861 section 7.3.3). */
export async function openSolicitation(driver: PortDriver, question: Question): Promise<Echo> {
  const message = sealed(6, question, [135, 0, 0, 0, 0, 0, 0, 0, ...bytes6(question.destination)]);
  return open(driver, question, kinds[6].protocol, message, ([type]) => type === 136);
}

async function open(
  driver: PortDriver,
  { link, source, destination }: Question,
  protocol: number,
  payload: Uint8Array,
  isReply: (payload: Uint8Array) => boolean,
): Promise<Echo> {
  const socket = await driver.openRaw(source.includes(':') ? 6 : 4, protocol, link);
  return {
    ask: () => driver.sendRaw(socket, { source, destination, hopLimit: 255, trafficClass: 0, payload }),
    replies: async () =>
      (await driver.packets(socket)).filter((packet) => packet.source === destination && isReply(packet.payload)).length,
    close: () => driver.closeSocket(socket),
  };
}

/** With its checksum, of which IPv6 has the addresses a part. */
function sealed(family: 4 | 6, { source, destination }: Question, bytes: readonly number[]): Uint8Array {
  const pseudo = family === 4 ? [] : [...bytes6(source), ...bytes6(destination), 0, 0, 0, bytes.length, 0, 0, 0, 58];
  const message = Uint8Array.from(bytes);
  const sum = checksum([...pseudo, ...bytes]);
  message[2] = sum >> 8;
  message[3] = sum & 255;
  return message;
}

function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function bytes6(address: string): readonly number[] {
  const [head = '', tail] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const words = tail === undefined ? [...head] : [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return words.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]);
}
