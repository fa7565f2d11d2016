/** One opened raw socket, as a plugin holds it: own counters and groups on shared kernel sockets. */
import {
  canonicalAddress,
  familyOf,
  isMulticast,
  type OutgoingPacket,
  PortError,
  type RawIpCounters,
  type RawIpOptions,
  type RawIpPacket,
  type RawIpSocket,
} from '@mainstay/sdk';
import { GroupMembers } from './group-members.js';
import { ipv4Packet, ipv6Packet } from './ip-header.js';
import type { PacketListener, RawIpShared } from './raw-ip-shared.js';
import type { RawSender } from './raw-sender.js';
import { portError, refusalText } from './refusal.js';

export class RawIpMember implements RawIpSocket, PacketListener {
  readonly #groups: GroupMembers;
  readonly #dropsBefore: number;
  #drops = 0;
  #sent = 0;
  #sendFailures = 0;
  #received = 0;
  #isOpen = true;

  constructor(
    private readonly options: RawIpOptions,
    private readonly linkName: string,
    private readonly sender: RawSender,
    private readonly shared: RawIpShared,
    private readonly release: () => void,
  ) {
    this.#groups = new GroupMembers({ join: (group) => shared.join(group), leave: (group) => this.#leaveShared(group) });
    this.#dropsBefore = shared.drops;
    shared.attach(this);
  }

  get counters(): RawIpCounters {
    if (this.#isOpen) this.#drops = this.shared.drops - this.#dropsBefore;
    return { sent: this.#sent, sendFailures: this.#sendFailures, received: this.#received, receiveDrops: this.#drops };
  }

  join(group: string): void {
    const what = `cannot join group ${group} on ${this.linkName}`;
    const canonical = canonicalAddress(group);
    if (canonical === undefined || familyOf(canonical) !== this.options.family || !isMulticast(canonical)) {
      throw new PortError(`${what}: ${refusalText('EINVAL', `not an IPv${this.options.family} multicast group`)}`, 'EINVAL');
    }
    try {
      this.#groups.join(canonical);
    } catch (error) {
      throw portError(what, error);
    }
  }

  leave(group: string): void {
    this.#groups.leave(canonicalAddress(group) ?? group);
  }

  send(packet: OutgoingPacket): void {
    if (!this.#isOpen) return;
    try {
      const { family, protocol } = this.options;
      const bytes = family === 4 ? ipv4Packet(protocol, packet) : ipv6Packet(protocol, packet);
      this.sender.send(bytes, packet.destination);
      this.#sent++;
    } catch (error) {
      this.#sendFailures++;
      const failure = portError(`cannot send to ${packet.destination} on ${this.linkName}`, error);
      queueMicrotask(() => this.fail(failure));
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#drops = this.counters.receiveDrops;
    this.#isOpen = false;
    this.shared.detach(this);
    this.#groups.leaveAll();
    this.release();
  }

  wants(group: string): boolean {
    return this.#groups.has(group);
  }

  deliver(packet: RawIpPacket): void {
    if (!this.#isOpen) return;
    this.#received++;
    this.options.onPacket(packet);
  }

  fail(error: Error): void {
    if (this.#isOpen) this.options.onError(error);
  }

  /** A link that vanished took its memberships along: no error to report. */
  #leaveShared(group: string): void {
    try {
      this.shared.leave(group);
    } catch {}
  }
}
