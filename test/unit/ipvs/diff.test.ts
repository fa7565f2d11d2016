/** The difference of two tables: it leads from one to the other, says nothing where nothing is to do, and never empties a service that serves. */
import assert from 'node:assert/strict';
import { serviceEdits, tableEdits } from '@mainstay/ipvs/internal/diff.js';
import type { KeyedEdit } from '@mainstay/ipvs/internal/edits.js';
import { destinationText, serviceText } from '@mainstay/ipvs/internal/names.js';
import {
  carryOut,
  type DesiredService,
  isSameDestination,
  isSameService,
  type ServiceEntry,
} from '@mainstay/ipvs/internal/table.js';
import type { IpvsDestination, IpvsEdit, IpvsService } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const service = fc.record(
  {
    scheduler: fc.constantFrom('rr', 'wlc', 'sh'),
    persistence: fc.constantFrom(undefined, 60, 360),
    persistencePrefix: fc.constantFrom(undefined, 24, 32),
    persistenceMask: fc.constantFrom(undefined, undefined, '255.255.0.255'),
    schedulerFlags: fc.constantFrom<IpvsService['schedulerFlags']>(undefined, [1], [1, 2]),
  },
  { requiredKeys: ['scheduler'] },
);
const destination = fc.record({
  family: fc.constant<4>(4),
  address: fc.integer({ min: 1, max: 9 }).map((n) => `10.0.0.${n}`),
  port: fc.constantFrom(80, 81),
  method: fc.constantFrom<IpvsDestination['method']>('nat', 'dr', 'tun'),
  weight: fc.nat(3),
  upperThreshold: fc.constantFrom(0, 10),
  lowerThreshold: fc.constant(0),
});
const destinations = fc.uniqueArray(destination, { selector: destinationText, maxLength: 8 });
const id = fc
  .integer({ min: 1, max: 6 })
  .map((n) => ({ family: 4 as const, protocol: 'tcp' as const, address: `192.0.2.${n}`, port: 80 }));
const entry = fc.record({ id, service, destinations }).map(({ id: own, service: rest, destinations: list }) => ({
  service: { id: own, ...rest } as IpvsService,
  destinations: new Map<string, IpvsDestination>(list.map((one) => [destinationText(one), one])),
}));
const table = fc
  .uniqueArray(entry, { selector: ({ service: one }) => serviceText(one.id), maxLength: 5 })
  .map((entries) => new Map<string, ServiceEntry>(entries.map((one) => [serviceText(one.service.id), one])));

const desiredOf = (of: ReadonlyMap<string, ServiceEntry>): DesiredService[] =>
  [...of].map(([key, one]) => ({ key, ...one, sorry: [...one.destinations.keys()][0] }));

function copyOf(of: ReadonlyMap<string, ServiceEntry>): Map<string, ServiceEntry> {
  return new Map([...of].map(([key, one]) => [key, { service: one.service, destinations: new Map(one.destinations) }]));
}

function assertSameTables(actual: ReadonlyMap<string, ServiceEntry>, expected: ReadonlyMap<string, ServiceEntry>): void {
  assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort());
  for (const [key, one] of expected) {
    const other = actual.get(key);
    assert.ok(other !== undefined && isSameService(one.service, other.service));
    assert.deepEqual([...other.destinations.keys()].sort(), [...one.destinations.keys()].sort());
    for (const [text, wanted] of one.destinations) {
      const found = other.destinations.get(text);
      assert.ok(found !== undefined && isSameDestination(wanted, found));
    }
  }
}

describe('ipvs: difference of tables', () => {
  it('leads from any table to any other', () => {
    fc.assert(
      fc.property(table, table, (wanted, actual) => {
        const gone = [...actual.keys()].filter((key) => !wanted.has(key));
        const result = copyOf(actual);
        for (const edit of tableEdits(desiredOf(wanted), actual, gone)) carryOut(result, edit);
        assertSameTables(result, wanted);
      }),
      { numRuns: 500 },
    );
  });

  it('of equal tables is empty', () => {
    fc.assert(fc.property(table, (one) => assert.deepEqual(tableEdits(desiredOf(one), copyOf(one)), [])));
  });

  it('touches each thing once', () => {
    fc.assert(
      fc.property(table, table, (wanted, actual) => {
        const edits = tableEdits(desiredOf(wanted), actual);
        const things = edits.map(({ edit }) =>
          'destination' in edit
            ? `${serviceText(edit.service)} ${destinationText(edit.destination)}`
            : JSON.stringify(edit.service),
        );
        assert.equal(new Set(things).size, things.length);
      }),
    );
  });

  it('leaves services alone that are not ours', () => {
    fc.assert(
      fc.property(table, table, (wanted, actual) => {
        const ours = new Set(wanted.keys());
        for (const { edit, ...keys } of tableEdits(desiredOf(wanted), actual)) {
          const key =
            edit.do === 'addService' || edit.do === 'editService'
              ? serviceText(edit.service.id)
              : serviceText(edit.service as never);
          assert.ok(ours.has(key));
          assert.equal(keys.service, key);
          assert.equal(keys.destination, 'destination' in edit ? destinationText(edit.destination) : undefined);
        }
      }),
    );
  });

  it('never leaves a service without a serving server on the way, when it has one before and after', () => {
    const serving = (of: ReadonlyMap<string, IpvsDestination>) => [...of.values()].some(({ weight }) => weight > 0);
    fc.assert(
      fc.property(entry, destinations, service, (before, list, rest) => {
        const key = serviceText(before.service.id);
        const wanted: DesiredService = {
          key,
          service: { id: before.service.id, ...rest } as IpvsService,
          destinations: new Map(list.map((one) => [destinationText(one), one])),
          sorry: undefined,
        };
        fc.pre(serving(before.destinations) && serving(wanted.destinations));
        const now = copyOf(new Map([[key, before]]));
        for (const edit of serviceEdits(wanted, before)) {
          carryOut(now, edit);
          assert.ok(serving(now.get(key)?.destinations ?? new Map()), JSON.stringify(edit));
        }
      }),
      { numRuns: 1000 },
    );
  });

  const one = (weight: number, address = '10.0.0.1'): IpvsDestination => ({
    family: 4,
    address,
    port: 80,
    method: 'nat',
    weight,
    upperThreshold: 0,
    lowerThreshold: 0,
  });
  const web: IpvsService = { id: { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 }, scheduler: 'wlc' };
  const key = 'TCP 192.0.2.1:80';
  const withThem = (...list: IpvsDestination[]) => new Map(list.map((each) => [destinationText(each), each]));
  const kinds = (edits: readonly KeyedEdit[]) =>
    edits.map(({ edit }) => ('destination' in edit ? `${edit.do} ${edit.destination.address}` : edit.do));

  it('of a changed weight is one edit', () => {
    const edits = serviceEdits(
      { key, service: web, destinations: withThem(one(5)), sorry: undefined },
      { service: web, destinations: withThem(one(1)) },
    );
    const edit: IpvsEdit = { do: 'editDestination', service: web.id, destination: one(5) };
    assert.deepEqual(edits, [{ edit, service: key, destination: '10.0.0.1:80' }]);
  });

  it('puts the sorry server in first, before those leave whose place it takes', () => {
    const before = { service: web, destinations: withThem(one(1), one(1, '10.0.0.2')) };
    const wanted = {
      key,
      service: web,
      destinations: withThem(one(0), one(1, '10.0.0.3'), one(1, '10.0.0.9')),
      sorry: '10.0.0.9:80',
    };
    assert.deepEqual(kinds(serviceEdits(wanted, before)), [
      'addDestination 10.0.0.9',
      'addDestination 10.0.0.3',
      'editDestination 10.0.0.1',
      'deleteDestination 10.0.0.2',
    ]);
  });

  it('raises a sorry server that waits with weight 0 before others go', () => {
    const before = { service: web, destinations: withThem(one(1), one(0, '10.0.0.9')) };
    const wanted = { key, service: web, destinations: withThem(one(0), one(1, '10.0.0.9')), sorry: '10.0.0.9:80' };
    assert.deepEqual(kinds(serviceEdits(wanted, before)), ['editDestination 10.0.0.9', 'editDestination 10.0.0.1']);
  });

  it('does not remove what may not be removed', () => {
    const before = { service: web, destinations: withThem(one(1), one(1, '10.0.0.7')) };
    const wanted = { key, service: web, destinations: withThem(one(1)), sorry: undefined };
    assert.deepEqual(
      serviceEdits(wanted, before, (key) => key !== '10.0.0.7:80'),
      [],
    );
  });

  it('takes a destination that the kernel found to be this host for what was asked for', () => {
    assert.ok(isSameDestination({ ...one(1), method: 'dr' }, { ...one(1), method: 'local' }));
    assert.ok(!isSameDestination({ ...one(1), method: 'dr' }, { ...one(2), method: 'local' }));
    assert.ok(!isSameDestination({ ...one(1), method: 'dr' }, { ...one(1), method: 'nat' }));
  });

  it('knows one meaning in several forms', () => {
    const tunnel = (more: Partial<IpvsDestination>): IpvsDestination => ({ ...one(1), method: 'tun', ...more });
    assert.ok(isSameDestination(tunnel({}), tunnel({ tunnel: { type: 'ipip' } })));
    assert.ok(isSameDestination(tunnel({ tunnel: { type: 'gre' } }), tunnel({ tunnel: { type: 'gre', checksum: 'none' } })));
    assert.ok(!isSameDestination(tunnel({ tunnel: { type: 'gue', port: 1 } }), tunnel({ tunnel: { type: 'gue', port: 2 } })));
    assert.ok(isSameService({ ...web, persistence: 5 }, { ...web, persistence: 5, persistencePrefix: 32 }));
    assert.ok(isSameService(web, { ...web, persistencePrefix: 32, isOnePacket: false, schedulerFlags: [] }));
    assert.ok(!isSameService({ ...web, persistence: 5 }, { ...web, persistence: 5, persistencePrefix: 24 }));
    assert.ok(!isSameService({ ...web, persistence: 5 }, { ...web, persistence: 5, persistenceMask: '255.255.0.255' }));
  });
});
