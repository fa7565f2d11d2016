/** Reads the whole table: the services in one dump, then the destinations of each in one of their own. Used by the port. */
import { type KnownIpvsDestination, type KnownIpvsService, messageOf, PortError } from '@mainstay/sdk';
import type { Message } from '../linux/codec.js';
import { Attributes, MalformedMessageError } from './attributes.js';
import type { Breath } from './breath.js';
import { readConnections, readDestination } from './destination-format.js';
import { type GenericSocket, orRefused, type Question } from './generic-socket.js';
import { command, destinationAttribute, family, serviceAttribute, top } from './numbers.js';
import { readService, writeServiceId } from './service-format.js';
import { readStatistics } from './statistics-format.js';

/** Of generic netlink: the command, its version, two bytes of nothing. */
const headerLength = 4;
export const privilegeHint = 'the lane needs CAP_NET_ADMIN: run mainstay as root or grant it';

export class TableReader {
  constructor(
    private readonly socket: GenericSocket,
    private readonly id: number,
    private readonly breath: Breath,
  ) {}

  async services(): Promise<readonly KnownIpvsService[]> {
    const messages = await this.dump(command.getService);
    const services: KnownIpvsService[] = [];
    for (const nest of nestsOf(messages, top.service)) {
      const service = readOrFail('a virtual service', () => readService(nest));
      if (service === undefined) continue;
      const statistics = readStatistics(nest, serviceAttribute.statistics64, serviceAttribute.statistics);
      const destinations = await this.#destinations(service);
      services.push({ ...service, statistics, destinations });
      await this.breath.take();
    }
    return services;
  }

  /** The messages of a dump. */
  async dump(number: number, write?: Question['write']): Promise<readonly Message[]> {
    const question = { type: this.id, command: number, version: family.version, isDump: true, ...(write && { write }) };
    return orRefused('the table of virtual services cannot be read', await this.socket.ask(question, this.breath), privilegeHint);
  }

  /** None where somebody has deleted the service meanwhile. */
  async #destinations({ id }: Pick<KnownIpvsService, 'id'>): Promise<readonly KnownIpvsDestination[]> {
    const messages = await this.dump(command.getDestination, (out) => writeServiceId(out, id));
    const destinations: KnownIpvsDestination[] = [];
    for (const nest of nestsOf(messages, top.destination)) {
      const destination = readOrFail('a destination', () => readDestination(nest, id.family));
      if (destination === undefined) continue;
      const statistics = readStatistics(nest, destinationAttribute.statistics64, destinationAttribute.statistics);
      destinations.push({ ...destination, ...readConnections(nest), statistics });
    }
    return destinations;
  }
}

export function* nestsOf(messages: readonly Message[], type: number): Generator<Attributes> {
  for (const { data } of messages) {
    const nest = readOrFail('a message', () => new Attributes(data, headerLength).nested(type));
    if (nest !== undefined) yield nest;
  }
}

/** A table of which a part cannot be read is no table: who relies on it would add what is there, and leave what is not wanted. */
export function readOrFail<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error;
    throw new PortError(
      `the kernel tells of ${what} in a way that this version does not understand: ${messageOf(error)}`,
      'EBADMSG',
    );
  }
}
