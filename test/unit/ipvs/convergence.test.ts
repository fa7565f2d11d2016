/**
 * Whatever happens, the table ends as it should be: checks that turn, reloads, refusals of the kernel, and somebody else who works on the
 * same services, in any order. What is believed of the kernel is then what it holds.
 */
import assert from 'node:assert/strict';
import type { IpvsEdit } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Stand } from './stand.js';

interface Shape {
  readonly services: number;
  readonly servers: number;
  readonly weight: number;
  readonly isInhibited: boolean;
  readonly hasSorry: boolean;
  readonly scheduler: string;
}

function configOf({ services, servers, weight, isInhibited, hasSorry, scheduler }: Shape): string {
  const reals = Array.from(
    { length: servers },
    (_, i) => `  real_server 10.0.0.${i + 1} 80 {\n    weight ${weight + i}\n    TCP_CHECK {\n    }\n  }\n`,
  ).join('');
  const more = `${isInhibited ? '  inhibit_on_failure\n' : ''}${hasSorry ? '  sorry_server 10.0.0.9 80\n' : ''}`;
  return Array.from(
    { length: services },
    (_, i) => `virtual_server 192.0.2.${i + 1} 80 {\n  protocol TCP\n  lvs_sched ${scheduler}\n${more}${reals}}\n`,
  ).join('');
}

type Happening =
  | {
      readonly do: 'check';
      readonly service: number;
      readonly server: number;
      readonly isUp: boolean;
      readonly weight: number | undefined;
    }
  | { readonly do: 'somebody'; readonly edit: IpvsEdit }
  | { readonly do: 'refuse'; readonly what: IpvsEdit['do'] | undefined; readonly code: string }
  | { readonly do: 'blind'; readonly isBlind: boolean }
  | { readonly do: 'reload'; readonly shape: Shape }
  | { readonly do: 'wait'; readonly ms: number };

const shape: fc.Arbitrary<Shape> = fc.record({
  services: fc.integer({ min: 1, max: 3 }),
  servers: fc.integer({ min: 1, max: 4 }),
  weight: fc.integer({ min: 1, max: 3 }),
  isInhibited: fc.boolean(),
  hasSorry: fc.boolean(),
  scheduler: fc.constantFrom('wlc', 'mh'),
});
const service = fc
  .integer({ min: 1, max: 3 })
  .map((n) => ({ family: 4, protocol: 'tcp', address: `192.0.2.${n}`, port: 80 }) as const);
/** Of these one is never ours, and one always. */
const addable = ['10.0.0.1', '10.0.0.77'];
const destinationAt = (...addresses: string[]) =>
  fc.record({
    family: fc.constant<4>(4),
    address: fc.constantFrom(...addresses),
    port: fc.constant(80),
    method: fc.constant('nat' as const),
    weight: fc.nat(5),
    upperThreshold: fc.constant(0),
    lowerThreshold: fc.constant(0),
  });
const edit: fc.Arbitrary<IpvsEdit> = fc.oneof(
  fc.record({ do: fc.constant('deleteService' as const), service }),
  service.map((id) => ({ do: 'editService', service: { id, scheduler: 'rr' } }) as const),
  service.map((id) => ({ do: 'addService', service: { id, scheduler: 'sh' } }) as const),
  fc.record({ do: fc.constant('addDestination' as const), service, destination: destinationAt(...addable) }),
  fc.record({
    do: fc.constantFrom('editDestination' as const, 'deleteDestination' as const),
    service,
    destination: destinationAt(...addable, '10.0.0.2', '10.0.0.9'),
  }),
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    do: fc.constant('check' as const),
    service: fc.integer({ min: 1, max: 3 }),
    server: fc.integer({ min: 1, max: 4 }),
    isUp: fc.boolean(),
    weight: fc.constantFrom(undefined, undefined, 0, 9),
  }),
  fc.record({ do: fc.constant('somebody' as const), edit }),
  fc.record({
    do: fc.constant('refuse' as const),
    what: fc.constantFrom<IpvsEdit['do'] | undefined>(
      'addService',
      'editService',
      'addDestination',
      'editDestination',
      'deleteDestination',
      undefined,
    ),
    code: fc.constantFrom('ENOMEM', 'ESRCH', 'ENOENT', 'EBUSY'),
  }),
  fc.record({ do: fc.constant('blind' as const), isBlind: fc.boolean() }),
  fc.record({ do: fc.constant('reload' as const), shape }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 500, 5000, 61_000) }),
);

type States = Map<string, { readonly isUp: boolean; readonly weight: number | undefined }>;

async function happen(stand: Stand, one: Happening, states: States): Promise<void> {
  const { ipvs, checks, clock } = stand;
  switch (one.do) {
    case 'check': {
      const id = `TCP 192.0.2.${one.service}:80 10.0.0.${one.server}:80 TCP_CHECK 1`;
      if (!checks.requests.some((request) => request.id === id)) return;
      states.set(id, one);
      checks.tell(id, one.isUp, one.weight === undefined ? {} : { weight: one.weight });
      return;
    }
    case 'somebody':
      ipvs.tryAsSomebody(one.edit);
      return;
    case 'refuse':
      ipvs.refuse = one.what === undefined ? undefined : ({ do: what }) => (what === one.what ? one.code : undefined);
      return;
    case 'blind':
      ipvs.blind = one.isBlind ? 'no IPVS' : undefined;
      return;
    case 'reload':
      assert.ok((await stand.reload(configOf(one.shape))).ok);
      for (const id of states.keys()) if (!checks.requests.some((request) => request.id === id)) states.delete(id);
      return;
    case 'wait':
      await clock.advance(one.ms);
  }
}

/** The table of a daemon to which nothing happened but what is so now. */
async function expected(last: Shape, states: States): Promise<string> {
  const calm = await Stand.start(configOf(last));
  for (const [id, { isUp, weight }] of states) calm.checks.tell(id, isUp, weight === undefined ? {} : { weight });
  await calm.clock.advance(10);
  return calm.ipvs.text;
}

const withoutStrangers = (text: string) => text.replace(/ {2}-> 10\.0\.0\.77:80 .*\n/g, '');

describe('ipvs: whatever happens', () => {
  it('the table ends as it should be', async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(shape, fc.array(happening, { maxLength: 25 }), async (first, happenings) => {
        const stand = await Stand.start(configOf(first));
        const states: States = new Map();
        for (const one of happenings) await happen(stand, one, states);
        stand.ipvs.refuse = undefined;
        stand.ipvs.blind = undefined;
        // A change of the scheduler that was refused waits the longest.
        await stand.clock.advance(800_000);
        const last = happenings.reduce((before, one) => (one.do === 'reload' ? one.shape : before), first);
        const ours = new Set(Array.from({ length: last.services }, (_, i) => `TCP 192.0.2.${i + 1}:80`));
        // Somebody may have made a service for an address that is not, or no more, ours.
        for (const key of [...stand.ipvs.table.keys()]) if (!ours.has(key)) stand.ipvs.table.delete(key);
        assert.equal(withoutStrangers(stand.ipvs.text), await expected(last, states));
        stand.ipvs.takeEdits();
        await stand.clock.advance(125_000);
        assert.deepEqual(stand.ipvs.takeEdits(), []);
      }),
      { numRuns: Number(process.env.MAINSTAY_RUNS ?? 60) },
    );
  });
});
