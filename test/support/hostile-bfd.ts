/**
 * BFD packets that no session may believe, made by rule: truncated at every length, of wrong versions, lengths and discriminators, from
 * strangers and from afar, signed where nothing is signed. Each would end the session of a believer. Written from the RFCs alone and not
 * with the plugin's codec. Used by the test of hostile packets.
 */
import { addressBytes } from '@mainstay/sdk';

/** Where it must be counted: under a cause of the session, among the strays, nowhere because the kernel drops it, or wherever. */
export type BfdVerdict =
  | { readonly by: 'session'; readonly cause: string }
  | { readonly by: 'strays'; readonly cause: 'malformed' | 'unknownDiscriminator' | 'unknownPeer' }
  | { readonly by: 'kernel' }
  | { readonly by: 'whoever' };

export interface HostileBfd {
  readonly name: string;
  /** An IP packet. */
  readonly packet: Uint8Array;
  readonly verdict: BfdVerdict;
}

export interface BfdVictim {
  readonly address: string;
  readonly peer: string;
  /** Addresses that no session is with. */
  readonly strangers: readonly string[];
  /** That of the victim's session. */
  readonly discriminator: number;
  /** Default 3784. */
  readonly port?: number;
  /** Payloads from the strangers, with whatever is in them. */
  readonly noise?: readonly Uint8Array[];
}

interface Fields {
  readonly version: number;
  readonly state: number;
  /** Of the second byte, without the state. */
  readonly flags: number;
  readonly multiplier: number;
  readonly length: number;
  readonly mine: number;
  readonly yours: number;
  readonly more: readonly number[];
}

export interface UdpPlace {
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  readonly port: number;
  /** Added to the right checksum. */
  readonly checksumError: number;
  /** Added to the right length. */
  readonly lengthError: number;
}

const adminDown = 0;
const down = 1;
const init = 2;
const up = 3;
const allStates = [adminDown, down, init, up] as const;
const flag = { poll: 0x20, final: 0x10, authentication: 0x04, demand: 0x02, multipoint: 0x01 } as const;

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

export function controlBytes(fields: Partial<Fields>): Uint8Array {
  const { version = 1, state = down, flags = 0, multiplier = 3, length = 24, mine = 0x01020304, yours = 0, more = [] } = fields;
  const intervals = [...word(1_000_000), ...word(1_000_000), ...word(0)];
  return Uint8Array.from([
    version << 5,
    (state << 6) | flags,
    multiplier,
    length,
    ...word(mine),
    ...word(yours),
    ...intervals,
    ...more,
  ]);
}

/** RFC 1071. */
function sumOf(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** UDP in IPv4 or IPv6, as the addresses are. */
export function udpPacket(payload: Uint8Array, place: UdpPlace): Uint8Array {
  const { hopLimit, port, checksumError, lengthError } = place;
  const [source, destination] = [[...addressBytes(place.source)], [...addressBytes(place.destination)]];
  const length = 8 + payload.length;
  const claimed = length + lengthError;
  const head = [49_152 >> 8, 49_152 & 255, port >> 8, port & 255, claimed >> 8, claimed & 255];
  const pseudo = [...source, ...destination, 0, 17, length >> 8, length & 255];
  const checksum = (sumOf([...pseudo, ...head, 0, 0, ...payload]) + checksumError) & 0xffff || 0xffff;
  const udp = [...head, checksum >> 8, checksum & 255, ...payload];
  if (source.length === 16) {
    return Uint8Array.from([0x6c, 0, 0, 0, length >> 8, length & 255, 17, hopLimit, ...source, ...destination, ...udp]);
  }
  const total = 20 + length;
  const start = [0x45, 0xc0, total >> 8, total & 255, 0, 1, 0, 0, hopLimit, 17];
  const sum = sumOf([...start, 0, 0, ...source, ...destination]);
  return Uint8Array.from([...start, sum >> 8, sum & 255, ...source, ...destination, ...udp]);
}

const session = (cause: string): BfdVerdict => ({ by: 'session', cause });

/** Everything that can be wrong with a packet to this victim. */
export function hostileBfd(victim: BfdVictim): HostileBfd[] {
  const { address, peer, strangers, discriminator, port = 3784, noise = [] } = victim;
  const place: UdpPlace = { source: peer, destination: address, hopLimit: 255, port, checksumError: 0, lengthError: 0 };
  const bytes = (fields: Partial<Fields> = {}) => controlBytes({ yours: discriminator, ...fields });
  const one = (name: string, verdict: BfdVerdict, payload: Uint8Array, where: Partial<UdpPlace> = {}): HostileBfd => {
    return { name, verdict, packet: udpPacket(payload, { ...place, ...where }) };
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
  const inEachState = (name: string, cause: string, fields: Partial<Fields>) =>
    allStates.map((state) => one(`${name}, state ${state}`, session(cause), bytes({ ...fields, state })));

  // Below 12 bytes there is no discriminator by which a session could be found.
  const truncated = upTo(24).map((length) => {
    const verdict: BfdVerdict = length < 12 ? { by: 'strays', cause: 'malformed' } : session('length');
    return one(`cut to ${length} bytes`, verdict, bytes().slice(0, length));
  });
  const lengths = [...upTo(24), 25, 26, 28, 32, 48, 52, 64, 100, 128, 200, 254, 255].map((length) =>
    one(`says that it has ${length} bytes`, session('length'), bytes({ length })),
  );
  const authenticatedLengths = [24, 25].map((length) =>
    one(`signed in ${length} bytes`, session('length'), bytes({ flags: flag.authentication, length, more: [1, 3, 1, 65] })),
  );
  const versions = [0, 2, 3, 4, 5, 6, 7].flatMap((version) => inEachState(`version ${version}`, 'version', { version }));
  const fields = [
    ...inEachState('multiplier 0', 'multiplier', { multiplier: 0 }),
    ...inEachState('multipoint', 'multipoint', { flags: flag.multipoint }),
    ...inEachState('no discriminator of its own', 'discriminator', { mine: 0 }),
  ];
  const unasked = [init, up].flatMap((state) =>
    [0, flag.poll, flag.final, flag.demand].map((flags) =>
      one(`state ${state}, flags ${flags} without our discriminator`, session('unasked'), bytes({ yours: 0, state, flags })),
    ),
  );
  const others = [
    1,
    (discriminator ^ 1) >>> 0,
    (discriminator ^ 0x8000_0000) >>> 0,
    ~discriminator >>> 0,
    0xffff_ffff,
    0x7fff_ffff,
  ];
  const unknown = others
    .filter((other) => other !== 0 && other !== discriminator)
    .flatMap((yours) =>
      allStates.map((state) =>
        one(`discriminator ${yours}, state ${state}`, { by: 'strays', cause: 'unknownDiscriminator' }, bytes({ yours, state })),
      ),
    );
  const fromStrangers = strangers.flatMap((source) =>
    [adminDown, down].map((state) =>
      one(`from ${source}, state ${state}`, { by: 'strays', cause: 'unknownPeer' }, bytes({ yours: 0, state }), { source }),
    ),
  );
  const fromAfar = [0, 1, 2, 63, 64, 127, 128, 253, 254].flatMap((hopLimit) =>
    [adminDown, down].map((state) =>
      one(`TTL ${hopLimit}, state ${state}`, session('hop-limit'), bytes({ state }), { hopLimit }),
    ),
  );
  const signed = [0, 1, 2, 3, 4, 5, 6, 255].map((type) => {
    const section = [type, 28, 1, 0, ...new Array<number>(24).fill(7)];
    return one(
      `signed by type ${type}`,
      session('authentication'),
      bytes({ flags: flag.authentication, length: 52, more: section }),
    );
  });
  const broken = [
    ...[1, 2, 256, 0x7fff].map((checksumError) =>
      one(`checksum off by ${checksumError}`, { by: 'kernel' }, bytes(), { checksumError }),
    ),
    one('UDP longer than IP', { by: 'kernel' }, bytes(), { lengthError: 8 }),
  ];
  const noisy = noise.map((payload, i) => {
    const source = strangers[i % strangers.length] ?? peer;
    return one(`noise ${i}`, { by: 'whoever' }, payload, { source });
  });
  return [
    ...noisy,
    ...truncated,
    ...lengths,
    ...authenticatedLengths,
    ...versions,
    ...fields,
    ...unasked,
    ...unknown,
    ...fromStrangers,
    ...fromAfar,
    ...signed,
    ...broken,
  ];
}
