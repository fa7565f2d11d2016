/**
 * A kernel at the other end of a generic netlink socket, by bytes: reads what the Linux port `ipvs` sends, acts on a simulated table,
 * and answers as Linux does. It can lose answers, tear dumps, and give the family another number.
 */
import { constants } from 'node:os';
import { Attributes } from '@mainstay/core/linux-ipvs/attributes';
import { readDaemon, readTimeouts, writeDaemon, writeTimeouts } from '@mainstay/core/linux-ipvs/daemon-format';
import { readDestination, readDestinationId, writeDestinationFields } from '@mainstay/core/linux-ipvs/destination-format';
import { MessageWriter } from '@mainstay/core/linux-ipvs/message-writer';
import { command, destinationAttribute, serviceAttribute, statisticsAttribute, top } from '@mainstay/core/linux-ipvs/numbers';
import { readService, readServiceId, writeServiceFields } from '@mainstay/core/linux-ipvs/service-format';
import { type Message, parseDatagram } from '@mainstay/core/linux-ports/codec';
import type { NetlinkBatch } from '@mainstay/pacemaker';
import type { IpvsResult, IpvsServiceId, IpvsStatistics } from '@mainstay/sdk';
import type { IpvsTable } from '@mainstay/testing';

const controller = 16;
const multi = 2;
const dumpInterrupted = 0x10;
const dumpFlag = 0x300;
const { EEXIST, ENOENT, ESRCH } = constants.errno;

export class NetlinkKernel {
  /** The next so many answers to changes do not arrive. */
  lost = 0;
  /** The next so many dumps are interrupted. */
  torn = 0;
  familyId = 30;
  hasFamily = true;
  /** Datagrams and changes that it got. */
  datagrams = 0;
  changes = 0;
  readonly #queue: Buffer[] = [];
  readonly #out = new MessageWriter();

  constructor(readonly table: IpvsTable) {}

  send(bytes: Uint8Array): void {
    this.datagrams++;
    for (const message of parseDatagram(Buffer.from(bytes))) this.#handle(message);
  }

  receive(max: number): NetlinkBatch {
    const datagrams = this.#queue.splice(0, max);
    return { datagrams, overrun: false, drained: datagrams.length < max, error: 0 } as NetlinkBatch;
  }

  close(): void {
    this.#queue.length = 0;
  }

  #handle({ type, flags, seq, data }: Message): void {
    if (type === controller) this.#tellFamily(seq);
    else if (!this.hasFamily || type !== this.familyId) this.#acknowledge(seq, ENOENT);
    else this.#obey(seq, (flags & dumpFlag) === dumpFlag, data);
  }

  #obey(seq: number, isDump: boolean, data: Buffer): void {
    const number = data[0] ?? 0;
    const attributes = new Attributes(data, 4);
    if (isDump) {
      this.#dump(seq, number, attributes);
    } else if (number === command.getConfig) {
      this.#tell(seq, 0, command.setConfig, (out) => writeTimeouts(out, this.table.timeouts));
      this.#acknowledge(seq, 0);
    } else {
      this.changes++;
      const errno = this.#change(number, attributes);
      if (this.lost > 0) this.lost--;
      else this.#acknowledge(seq, errno);
    }
  }

  #tellFamily(seq: number): void {
    if (this.hasFamily) this.#tell(seq, 0, 1, (out) => out.u16(1, this.familyId), controller);
    this.#acknowledge(seq, this.hasFamily ? 0 : ENOENT);
  }

  #change(number: number, attributes: Attributes): number {
    const { table } = this;
    const nest = attributes.nested(top.service);
    const daemon = attributes.nested(top.daemon);
    switch (number) {
      case command.flush:
        return errnoOf(table.flush());
      case command.zero:
        return errnoOf(table.zero(nest && readServiceId(nest)));
      case command.setConfig:
        return errnoOf(table.setTimeouts(readTimeouts(attributes)));
      case command.newDaemon:
        return errnoOf(table.startDaemon(sure(daemon && readDaemon(daemon))), EEXIST);
      case command.delDaemon:
        return errnoOf(table.stopDaemon(sure(daemon).u32(1) === 1 ? 'master' : 'backup'), ESRCH);
      default:
        return this.#edit(number, sure(nest), attributes.nested(top.destination));
    }
  }

  #edit(number: number, nest: Attributes, inner: Attributes | undefined): number {
    const { table } = this;
    const service = sure(readServiceId(nest));
    switch (number) {
      case command.newService:
        return errnoOf(table.apply({ do: 'addService', service: sure(readService(nest)) }), EEXIST);
      case command.setService:
        return errnoOf(table.apply({ do: 'editService', service: sure(readService(nest)) }));
      case command.delService:
        return errnoOf(table.apply({ do: 'deleteService', service }), ESRCH);
      case command.newDestination:
      case command.setDestination: {
        const kind = number === command.newDestination ? 'addDestination' : 'editDestination';
        const destination = sure(readDestination(sure(inner), service.family));
        return errnoOf(table.apply({ do: kind, service, destination }), EEXIST);
      }
      default: {
        const destination = sure(readDestinationId(sure(inner), service.family));
        const isKnown = table.list().some(({ id }) => JSON.stringify(id) === JSON.stringify(service));
        return errnoOf(table.apply({ do: 'deleteDestination', service, destination }), isKnown ? ENOENT : ESRCH);
      }
    }
  }

  #dump(seq: number, number: number, attributes: Attributes): void {
    const flags = multi | (this.torn > 0 ? dumpInterrupted : 0);
    if (this.torn > 0) this.torn--;
    if (number === command.getDaemon)
      for (const daemon of this.table.daemons) this.#tell(seq, flags, command.newDaemon, (out) => writeDaemon(out, daemon));
    if (number === command.getService) this.#dumpServices(seq, flags);
    const nest = attributes.nested(top.service);
    if (number === command.getDestination) this.#dumpDestinations(seq, flags, sure(readServiceId(sure(nest))));
    const end = Buffer.alloc(20);
    end.writeUInt32LE(20, 0);
    end.writeUInt16LE(3, 4);
    end.writeUInt16LE(flags, 6);
    end.writeUInt32LE(seq, 8);
    this.#queue.push(end);
  }

  #dumpServices(seq: number, flags: number): void {
    for (const service of this.table.list())
      this.#tell(seq, flags, command.newService, (out) => {
        const opened = out.open(top.service);
        writeServiceFields(out, service);
        writeStatistics(out, serviceAttribute.statistics64, service.statistics);
        out.close(opened);
      });
  }

  #dumpDestinations(seq: number, flags: number, service: IpvsServiceId): void {
    const found = this.table.list().find(({ id }) => JSON.stringify(id) === JSON.stringify(service));
    for (const destination of found?.destinations ?? [])
      this.#tell(seq, flags, command.newDestination, (out) => {
        const opened = out.open(top.destination);
        writeDestinationFields(out, destination);
        out.u32(destinationAttribute.active, destination.activeConnections);
        out.u32(destinationAttribute.inactive, destination.inactiveConnections);
        out.u32(destinationAttribute.persistent, destination.persistentConnections);
        writeStatistics(out, destinationAttribute.statistics64, destination.statistics);
        out.close(opened);
      });
  }

  #tell(seq: number, flags: number, number: number, write: (out: MessageWriter) => void, type = this.familyId): void {
    const out = this.#out;
    out.begin(type, flags, seq, number, 1);
    write(out);
    out.end();
    this.#queue.push(Buffer.from(out.take()));
  }

  /** Capped: the header of the request only. */
  #acknowledge(seq: number, errno: number): void {
    const bytes = Buffer.alloc(36);
    bytes.writeUInt32LE(36, 0);
    bytes.writeUInt16LE(2, 4);
    bytes.writeUInt16LE(0x100, 6);
    bytes.writeUInt32LE(seq, 8);
    bytes.writeInt32LE(-errno, 16);
    this.#queue.push(bytes);
  }
}

function sure<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the port sent a request without a part that every one has');
  return value;
}

/** `unchanged` is the errno by which Linux says so. */
function errnoOf(result: IpvsResult, unchanged = 0): number {
  if (result.outcome !== 'failed') return result.outcome === 'done' ? 0 : unchanged;
  return constants.errno[result.code as keyof typeof constants.errno];
}

function writeStatistics(out: MessageWriter, type: number, statistics: IpvsStatistics): void {
  const opened = out.open(type);
  for (const [name, number] of Object.entries(statisticsAttribute)) {
    const value = BigInt(statistics[name as keyof IpvsStatistics]);
    out.pair(number, Number(value & 0xffffffffn), Number(value >> 32n));
  }
  out.close(opened);
}
