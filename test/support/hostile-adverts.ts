/**
 * Adverts that no router may believe: truncated at every length, with wrong checksums, TTLs, versions, types, counts, router ids,
 * intervals, passwords and authentication types, from the victim's own address, fragmented, oversize. Each would change the state
 * of a believer: it carries priority 0 for a backup, which would take over, or 255 for a master, which would yield.
 */
import { type AdvertFields, advertBytes, type IpFields, ipPacket, seal } from './advert-bytes.js';

/** Where a dropped advert must be counted: under a cause of the instance, among the strays, or nowhere because the kernel drops it. */
export type Verdict =
  | { readonly by: 'instance'; readonly cause: string }
  | { readonly by: 'strays'; readonly cause: 'truncated' | 'unknownVrid' }
  | { readonly by: 'kernel' };

export interface HostileAdvert {
  readonly name: string;
  /** An IP packet. */
  readonly packet: Uint8Array;
  readonly verdict: Verdict;
}

export interface Victim {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly vrid: number;
  /** As configured, in order. */
  readonly addresses: readonly string[];
  readonly password: string;
  /** In the packet's unit: seconds in v2, centiseconds in v3. */
  readonly interval: number;
  /** The address its own adverts come from, and one for unicast. */
  readonly source: string;
  /** Where the hostile host is: link-local in IPv6, and an address that is not. */
  readonly attacker: string;
  readonly globalAttacker: string;
  /** What would change its state: 0 for a backup, 255 for a master. */
  readonly priority: 0 | 255;
}

const instance = (cause: string): Verdict => ({ by: 'instance', cause });

/** Everything that can be wrong with an advert to this victim. */
export function hostileAdverts(victim: Victim): HostileAdvert[] {
  const make = new Maker(victim);
  return [
    ...make.truncated(),
    ...make.wrongChecksum(),
    ...make.wrongHopLimit(),
    ...make.wrongVersionOrType(),
    ...make.wrongCount(),
    ...make.wrongVrid(),
    ...make.wrongInterval(),
    ...(victim.version === 2 ? make.wrongAuthentication() : []),
    ...make.wrongSource(),
    ...make.wrongDestination(),
    ...make.oversize(),
    ...(victim.family === 4 ? make.brokenIp4() : []),
  ];
}

class Maker {
  readonly #ip: IpFields;
  readonly #advert: AdvertFields;

  constructor(private readonly victim: Victim) {
    const { version, vrid, priority, addresses, password, interval, family, attacker } = victim;
    const authType = password === '' ? 0 : 1;
    this.#advert = { version, type: 1, vrid, priority, addresses, authType, password, interval, checksumError: 0 };
    this.#ip = { source: attacker, destination: family === 4 ? '224.0.0.18' : 'ff02::12', hopLimit: 255, options: [] };
  }

  /** What the victim would believe, were it not for the changes. */
  bytes(changes: Partial<AdvertFields> = {}, ip: Partial<IpFields> = {}): Uint8Array {
    return advertBytes({ ...this.#advert, ...changes }, { ...this.#ip, ...ip });
  }

  one(name: string, verdict: Verdict, payload: Uint8Array, ip: Partial<IpFields> = {}): HostileAdvert {
    return { name, verdict, packet: ipPacket(payload, { ...this.#ip, ...ip }) };
  }

  truncated(): HostileAdvert[] {
    const whole = this.bytes();
    return Array.from({ length: whole.length }, (_, length) => {
      const verdict: Verdict = length < 2 ? { by: 'strays', cause: 'truncated' } : instance('length');
      return this.one(`cut to ${length} bytes`, verdict, whole.slice(0, length));
    });
  }

  wrongChecksum(): HostileAdvert[] {
    return Array.from({ length: 15 }, (_, bit) =>
      this.one(`checksum off by ${1 << bit}`, instance('checksum'), this.bytes({ checksumError: 1 << bit })),
    );
  }

  wrongHopLimit(): HostileAdvert[] {
    return [0, 1, 2, 63, 64, 127, 128, 253, 254].map((hopLimit) =>
      this.one(`TTL ${hopLimit}`, instance('ttl'), this.bytes(), { hopLimit }),
    );
  }

  wrongVersionOrType(): HostileAdvert[] {
    const all = Array.from({ length: 16 }, (_, i) => i);
    const { version } = this.victim;
    // Of an unknown version nothing else can be judged; of the other known one the length is, first.
    const versions = all.filter((other) => other !== version && other !== 2 && other !== 3);
    return [
      ...versions.map((other) => this.one(`version ${other}`, instance('version'), this.bytes({ version: other }))),
      this.one('the other version', instance('version'), this.bytes({ version: version === 2 ? 3 : 2, authType: 0 })),
      ...all.filter((type) => type !== 1).map((type) => this.one(`type ${type}`, instance('type'), this.bytes({ type }))),
    ];
  }

  wrongCount(): HostileAdvert[] {
    return [0, 1, 3, 4, 5, 16, 63, 64, 127, 128, 254, 255].map((count) =>
      this.one(`claims ${count} addresses`, instance('length'), this.bytes({ count })),
    );
  }

  wrongVrid(): HostileAdvert[] {
    return [0, 1, this.victim.vrid - 1, this.victim.vrid + 1, 128, 254, 255].map((vrid) =>
      this.one(`VRID ${vrid}`, { by: 'strays', cause: 'unknownVrid' }, this.bytes({ vrid })),
    );
  }

  wrongInterval(): HostileAdvert[] {
    const wrong = this.victim.version === 2 ? [0, 2, 3, 10, 100, 254, 255] : [0];
    return wrong.map((interval) => this.one(`interval ${interval}`, instance('interval'), this.bytes({ interval })));
  }

  wrongAuthentication(): HostileAdvert[] {
    const passwords = ['', 'S3cret', 's3cre', 's3cret2', 's3creu', ' s3cret', 'xxxxxxxx', '\xff\xff\xff\xff\xff\xff\xff\xff'];
    const unknown = [3, 4, 127, 128, 254, 255];
    return [
      ...passwords.map((password) => this.one(`password "${password}"`, instance('auth-failure'), this.bytes({ password }))),
      ...[0, 2].map((authType) => this.one(`auth type ${authType}`, instance('auth-type-mismatch'), this.bytes({ authType }))),
      ...unknown.map((authType) => this.one(`auth type ${authType}`, instance('auth-type-invalid'), this.bytes({ authType }))),
    ];
  }

  /** Its own packets echoed by a loop in the network. IPv4 is stopped by the kernel as martian; IPv6 is not. */
  wrongSource(): HostileAdvert[] {
    const { source, family, globalAttacker } = this.victim;
    const verdict: Verdict = family === 4 ? { by: 'kernel' } : instance('own-packet');
    const echoed = [0, 1, 100, 150, 254, 255].map((priority) =>
      this.one(`its own packet with priority ${priority}`, verdict, this.bytes({ priority }, { source }), { source }),
    );
    if (family === 4) return echoed;
    const far = { source: globalAttacker };
    return [...echoed, this.one('not link-local', instance('source'), this.bytes({}, far), far)];
  }

  wrongDestination(): HostileAdvert[] {
    const destination = { destination: this.victim.source };
    return [this.one('unicast to the victim', instance('destination'), this.bytes({}, destination), destination)];
  }

  oversize(): HostileAdvert[] {
    const { version } = this.victim;
    return [1, 2, 4, 8, 100, 1000].map((more) => {
      const long = seal(Uint8Array.from([...this.bytes(), ...new Uint8Array(more)]), version, this.#ip);
      return this.one(`${more} bytes too long`, instance('length'), long);
    });
  }

  /** Headers that the kernel refuses, fragments, and options that are legal but hide an advert with a wrong checksum. */
  brokenIp4(): HostileAdvert[] {
    const kernel: Verdict = { by: 'kernel' };
    const whole = this.one('', kernel, this.bytes()).packet;
    const patched = (name: string, at: number, value: number) => {
      const packet = Uint8Array.from(whole);
      packet[at] = value;
      return { name, verdict: kernel, packet };
    };
    return [
      patched('header of 16 bytes', 0, 0x44),
      patched('header longer than the packet', 0, 0x4f),
      patched('IP version 6 in an IPv4 frame', 0, 0x65),
      patched('wrong header checksum', 10, (whole[10] ?? 0) ^ 1),
      patched('longer than it is', 2, 0x7f),
      this.one('options before a wrong checksum', instance('checksum'), this.bytes({ checksumError: 1 }), {
        options: [1, 1, 1, 0],
      }),
    ];
  }
}
