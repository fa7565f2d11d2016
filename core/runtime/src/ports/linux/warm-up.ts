/**
 * Runs the code of a takeover some dozen times on sample data before it is needed: V8 runs what it has not compiled yet many times
 * slower. Nothing reaches the kernel's tables or the wire. Called by index.ts once the ports are open.
 */
import type { PacemakerThread } from '@mainstay/pacemaker';
import type { HeardPacket, NewAddress, PacedPacket } from '@mainstay/sdk';
import { additionOf, addressFormat, addressKeyOf, removalOf } from './address-format.js';
import { formatRequest, parseDatagram } from './codec.js';
import { PacedLine } from './paced-line.js';
import { flag, messageType } from './rtnetlink.js';
import { Table } from './table.js';

const times = 60;
const nothing = () => undefined;

const sample: NewAddress = { link: 1, family: 4, address: '192.0.2.100', prefixLength: 24, scope: 'global' };
const packet: PacedPacket = {
  source: '192.0.2.1',
  destination: '224.0.0.18',
  hopLimit: 255,
  trafficClass: 0xc0,
  payload: new Uint8Array(20),
};
const heard: HeardPacket = { ...packet, sourcePort: 0, link: 1, receivedAt: 0 };
/** For experiments (RFC 3692): nobody speaks it. */
const protocol = 253;
/** The loopback interface. */
const link = 1;
const anHour = 3_600_000;

export function warmUp(thread: PacemakerThread | undefined, now: () => number): void {
  codecs();
  if (thread === undefined) return;
  try {
    paces(thread, now);
  } catch {
    // A host without loopback or privilege: the first takeover is as slow as it would be without.
  }
}

/** What is sent for an address, and what the kernel tells of it. */
function codecs(): void {
  const table = new Table(
    addressFormat(() => 'lo'),
    nothing,
  );
  for (let i = 0; i < times; i++) {
    const added = formatRequest(messageType.newAddress, flag.request, i, additionOf(sample));
    const removed = formatRequest(messageType.delAddress, flag.request, i, removalOf(sample, undefined));
    for (const message of parseDatagram(Buffer.concat([added, removed]))) {
      const entry = table.format.read(message);
      if (entry !== undefined) table.apply(entry);
    }
    table.get(addressKeyOf(sample));
  }
}

/** A beacon and a watch on loopback, which neither send nor hear anything. */
function paces(thread: PacemakerThread, now: () => number): void {
  const transport = { kind: 'ip', family: 4, protocol } as const;
  const options = { transport, link, key: { offset: 1, length: 1 }, onPacket: nothing, onError: nothing } as const;
  const line = new PacedLine(thread, options, 'lo', { closed: nothing, leased: nothing });
  for (let i = 0; i < times; i++) {
    const later = now() + anHour;
    const watch = line.watch({ key: 1, onPacket: nothing, onImminent: nothing, onSilence: nothing });
    watch.arm({ deadline: later, expected: heard, rearmUs: 1000, warnMs: 1 });
    watch.foresee({ packets: [packet], addresses: [sample], frames: [{ link, frame: new Uint8Array(42) }] });
    watch.consent();
    const beacon = line.beacon({
      packets: [{ ...packet }],
      intervalUs: 1_000_000,
      firstAt: later,
      lease: { ms: anHour, last: [packet] },
      onEnd: nothing,
    });
    beacon.set({ packets: [packet] });
    if (beacon.nextAt < 0 || watch.heardAt !== undefined || watch.consumed > 0) break;
    watch.disarm();
    watch.close();
    beacon.close();
  }
  line.close();
}
