/** The `rawIp` port of a simulated process. */
import type { OutgoingPacket, RawIp, RawIpCounters, RawIpOptions, RawIpSocket } from '@mainstay/sdk';
import { addressBytes, canonicalAddress, familyOf, isMulticast } from '@mainstay/sdk';
import { refusal } from '../kernel/errno.js';
import type { SimulatedProcess } from '../kernel/process.js';
import type { RawSocket } from '../kernel/sockets.js';
import type { IpPacket } from '../network/ip-packet.js';

/** Small packets that fit into Linux's default receive buffer of 212992 bytes; the kernel drops the rest. */
const receiveQueue = 256;

export function simulatedRawIp(process: SimulatedProcess): RawIp {
  return {
    open(options) {
      const { kernel } = process;
      const errno = kernel.faults.due('rawIp.open') ?? (kernel.links.get(options.link) === undefined ? 'ENODEV' : undefined);
      if (errno !== undefined) throw refusal(`cannot open a raw socket on link ${options.link}`, errno);
      return new SimulatedRawSocket(process, options);
    },
  };
}

class SimulatedRawSocket implements RawIpSocket, RawSocket {
  readonly groups = new Map<string, number>();
  readonly #counters = { sent: 0, sendFailures: 0, received: 0, receiveDrops: 0 };
  readonly #leaveKernel: () => void;
  readonly #forget: () => void;
  #queued = 0;
  #isOpen = true;

  constructor(
    private readonly process: SimulatedProcess,
    private readonly options: RawIpOptions,
  ) {
    this.#leaveKernel = process.kernel.stack.sockets.addRaw(this);
    this.#forget = process.atEnd(() => this.close());
  }

  get family() {
    return this.options.family;
  }
  get protocol() {
    return this.options.protocol;
  }
  get link() {
    return this.options.link;
  }
  get counters(): RawIpCounters {
    return { ...this.#counters };
  }

  join(group: string): void {
    const { kernel } = this.process;
    const canonical = canonicalAddress(group);
    const isValid = canonical !== undefined && familyOf(canonical) === this.family && isMulticast(canonical);
    const isThere = kernel.links.get(this.link) !== undefined;
    const errno = kernel.faults.due('rawIp.join') ?? (!isValid ? 'EINVAL' : !isThere ? 'ENODEV' : undefined);
    if (errno !== undefined) throw refusal(`cannot join group ${group} on link ${this.link}`, errno);
    const key = canonical ?? group;
    this.groups.set(key, (this.groups.get(key) ?? 0) + 1);
  }

  leave(group: string): void {
    const key = canonicalAddress(group) ?? group;
    const left = (this.groups.get(key) ?? 0) - 1;
    if (left > 0) this.groups.set(key, left);
    else this.groups.delete(key);
  }

  send(packet: OutgoingPacket): void {
    if (!this.#isOpen) return;
    const { kernel } = this.process;
    const errno = kernel.faults.due('rawIp.send') ?? this.#sendNow(packet);
    if (errno === undefined) {
      this.#counters.sent++;
      return;
    }
    this.#counters.sendFailures++;
    const error = refusal(`cannot send to ${packet.destination} on link ${this.link}`, errno);
    queueMicrotask(() =>
      this.process.clock.deliver(() => {
        if (this.#isOpen) this.options.onError(error);
      }),
    );
  }

  #sendNow(packet: OutgoingPacket) {
    const { source, destination, hopLimit, trafficClass } = packet;
    if (addressBytes(source).length !== addressBytes(destination).length) return 'EINVAL';
    if (familyOf(destination) !== this.family || hopLimit < 1 || hopLimit > 255) return 'EINVAL';
    const payload = packet.payload.slice();
    const out: IpPacket = { family: this.family, protocol: this.protocol, source, destination, hopLimit, trafficClass, payload };
    return this.process.kernel.stack.send(this.link, out);
  }

  receive(packet: IpPacket, link: number): void {
    if (this.#queued >= receiveQueue) {
      this.#counters.receiveDrops++;
      return;
    }
    this.#queued++;
    this.process.clock.deliver(() => {
      this.#queued--;
      if (!this.#isOpen) return;
      this.#counters.received++;
      const { source, destination, hopLimit } = packet;
      const receivedAt = this.process.clock.now();
      this.options.onPacket({ source, destination, hopLimit, link, payload: packet.payload.slice(), receivedAt });
    });
  }

  close(): void {
    this.#isOpen = false;
    this.groups.clear();
    this.#leaveKernel();
    this.#forget();
  }
}
