/**
 * A hundred thousand answers of a kernel through the readers of the port `ipvs`: noise, truncations, and correct entries with a
 * few bytes changed. They answer an entry, none, or MalformedMessageError; and what they read of a correct one is what was written.
 */
import assert from 'node:assert/strict';
import { Attributes, MalformedMessageError } from '@mainstay/core/linux-ipvs/attributes';
import { readDaemon, readTimeouts } from '@mainstay/core/linux-ipvs/daemon-format';
import { readConnections, readDestination, writeDestinationFields } from '@mainstay/core/linux-ipvs/destination-format';
import { MessageWriter } from '@mainstay/core/linux-ipvs/message-writer';
import { readService, writeServiceFields } from '@mainstay/core/linux-ipvs/service-format';
import { readStatistics } from '@mainstay/core/linux-ipvs/statistics-format';
import type { IpvsDestination, IpvsService } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { Prng } from '../support/prng.js';

const answers = 100_000;
const seed = Number(process.env.MAINSTAY_FUZZ_SEED ?? 20260102);
const methods = ['nat', 'local', 'dr', 'bypass'] as const;

function service(random: Prng): IpvsService {
  const mark = { family: random.below(2) === 0 ? 4 : 6, fwmark: 1 + random.below(1000) } as const;
  const address = {
    family: 6,
    protocol: 'sctp',
    address: `2001:db8::${(1 + random.below(65535)).toString(16)}`,
    port: 9,
  } as const;
  const id = random.below(2) === 0 ? mark : address;
  return { id, scheduler: 'wlc', ...(random.below(2) === 0 && { persistence: random.below(1000), persistencePrefix: 24 }) };
}

function destination(random: Prng): IpvsDestination {
  const method = methods[random.below(methods.length)] ?? 'nat';
  const address = `10.${random.below(256)}.0.${random.below(256)}`;
  const lowerThreshold = random.below(100);
  return {
    family: 4,
    address,
    port: random.below(65536),
    method,
    weight: random.below(9999),
    upperThreshold: 100,
    lowerThreshold,
  };
}

const out = new MessageWriter();

/** The attributes of an entry, without the header of the message. */
function fieldsOf(write: (out: MessageWriter) => void): Buffer {
  out.begin(1, 0, 1, 1, 1);
  write(out);
  out.end();
  return Buffer.from(out.take().subarray(20));
}

function readAll(bytes: Buffer): void {
  const nest = new Attributes(bytes);
  for (const read of [
    () => readService(nest),
    () => readDestination(nest, 4),
    () => readDestination(nest, 6),
    () => readDaemon(nest),
    () => readTimeouts(nest),
    () => readConnections(nest),
    () => readStatistics(nest, 12, 10),
    () => nest.nested(1),
  ]) {
    try {
      read();
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
    }
  }
}

describe('readers of the port ipvs', function () {
  this.timeout(120_000);

  it(`survive ${answers.toLocaleString('en')} fuzzed answers`, () => {
    const random = new Prng(seed);
    const seen = { read: 0, malformed: 0 };
    for (let i = 0; i < answers; i++) {
      const wanted = random.below(2) === 0 ? { service: service(random) } : { destination: destination(random) };
      const correct = fieldsOf((out) =>
        wanted.service === undefined ? writeDestinationFields(out, wanted.destination) : writeServiceFields(out, wanted.service),
      );
      const nest = new Attributes(correct);
      if (wanted.service !== undefined) assert.deepEqual(readService(nest), wanted.service);
      else assert.deepEqual(readDestination(nest, 4), wanted.destination);
      const bytes = mutate(random, correct);
      try {
        readAll(bytes);
        seen.read++;
      } catch (error) {
        if (!(error instanceof MalformedMessageError))
          assert.fail(`answer ${i} of seed ${seed}: ${bytes.toString('hex')}: ${error instanceof Error ? error.stack : error}`);
        seen.malformed++;
      }
    }
    assert.ok(seen.read > answers / 10 && seen.malformed > answers / 10, JSON.stringify(seen));
  });
});

function mutate(random: Prng, correct: Buffer): Buffer {
  const kind = random.below(8);
  if (kind === 0) return Buffer.from(random.bytes(random.below(120)));
  if (kind === 1) return correct.subarray(0, random.below(correct.length + 1));
  const bytes = Buffer.from(correct);
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}
