/** A change of the scheduler that the kernel gives up half way: the service gets back what it had, and what is said is what is so. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';
import { webId as id, webTable, web as webWith } from './web.js';

const web = (scheduler: string) => `global_defs {\n  lvs_audit_interval 0\n}\n${webWith(`lvs_sched ${scheduler}`)}`;
const refused = (code: string) => `the kernel refuses the change of the service TCP 192.0.2.1:80: refused with ${code}; `;

/** The kernel does not get these schedulers. */
function without(code: string, ...schedulers: readonly string[]): FakeIpvs['refuse'] {
  return (edit) => (edit.do === 'editService' && schedulers.includes(edit.service.scheduler) ? code : undefined);
}

/** How often the kernel has been asked for this scheduler since the last call. */
function tries({ ipvs }: Stand, scheduler: string): number {
  return ipvs.takeEdits().filter((edit) => edit.do === 'editService' && edit.service.scheduler === scheduler).length;
}

async function changedInVain(code = 'EINVAL'): Promise<Stand> {
  const stand = await Stand.start(web('wlc'));
  stand.ipvs.refuse = without(code, 'mh');
  await stand.reload(web('mh'));
  return stand;
}
const virtualState = async (stand: Stand) => (await stand.host.objects()).find(({ kind }) => kind === 'virtual_server')?.state;

describe('ipvs: a scheduler that the kernel takes away for another that it refuses', () => {
  it('is put back at once, and that is said', async () => {
    const stand = await changedInVain();
    assert.equal(stand.ipvs.text, webTable('wlc'));
    assert.deepEqual(stand.complaints(), [
      `${refused('EINVAL')}it goes on as it was. It is tried again after 1, 2, 4... 10 minutes, because each try interrupts new connections`,
    ]);
    assert.equal(await virtualState(stand), 'refused');
  });

  it('is changed again seldom, whatever its servers do, and as soon as something else is wanted', async () => {
    const stand = await changedInVain();
    assert.equal(tries(stand, 'mh'), 1);
    for (let i = 0; i < 20; i++) await stand.tell('10.0.0.1', i % 2 === 1);
    await stand.clock.advance(50_000);
    assert.deepEqual([tries(stand, 'mh'), await virtualState(stand)], [0, 'refused']);
    await stand.clock.advance(3_600_000);
    const often = tries(stand, 'mh');
    assert.ok(often >= 6 && often <= 9, `${often} tries`);
    assert.equal(stand.complaints().filter((one) => one.includes('scheduler') || one.includes('refuses')).length, 1);
    await stand.reload(web('rr'));
    assert.equal(stand.ipvs.text, webTable('rr'));
    await stand.reload(web('mh'));
    assert.equal(tries(stand, 'mh'), 1);
    assert.equal(stand.ipvs.text, webTable('rr'));
    stand.ipvs.refuse = undefined;
    await stand.clock.advance(125_000);
    assert.equal(stand.ipvs.text, webTable('mh'));
    assert.ok(stand.log.some(({ message }) => message === 'the kernel now takes what it refused: TCP 192.0.2.1:80'));
    assert.equal(await virtualState(stand), 'up');
  });

  it('is there again where the operator takes the change back: without audits, and where the kernel had refused it, too', async () => {
    const stand = await Stand.start(web('wlc'));
    stand.ipvs.refuse = without('ENOMEM', 'mh', 'wlc');
    await stand.reload(web('mh'));
    assert.equal(stand.ipvs.text, webTable('none'));
    const [told] = stand.complaints();
    assert.ok(told?.startsWith(`${refused('ENOMEM')}it is left without a scheduler, as the kernel does not take back`), told);
    assert.match(
      told ?? '',
      /it takes no new connections\. Free memory .*"allocation failure"\)\. It is tried again, up to every 60 s$/,
    );
    stand.ipvs.refuse = undefined;
    await stand.reload(web('wlc'));
    assert.equal(stand.ipvs.text, webTable('wlc'));
    assert.equal(await virtualState(stand), 'up');
  });

  it('comes back with the next try where the kernel had refused both', async () => {
    const stand = await Stand.start(web('wlc'));
    stand.ipvs.refuse = without('ENOMEM', 'mh', 'wlc');
    await stand.reload(web('mh'));
    stand.ipvs.refuse = without('ENOMEM', 'mh');
    await stand.clock.advance(1001);
    assert.equal(stand.ipvs.text, webTable('wlc'));
    assert.match(stand.complaints()[1] ?? '', /it goes on as it was.*10 minutes/);
  });

  it('was never gone where the kernel refuses before it begins', async () => {
    for (const code of ['ENOENT', 'EPERM']) {
      const stand = await changedInVain(code);
      const { reads } = stand.ipvs;
      assert.deepEqual([tries(stand, 'mh'), stand.ipvs.text, reads], [1, webTable('wlc'), 1]);
      assert.match(stand.complaints()[0] ?? '', /it goes on as it was\. It is tried again, up to every 60 s$/);
    }
  });

  it('was never gone where both are refused and the table says so', async () => {
    const stand = await Stand.start(web('wlc'));
    const { ipvs } = stand;
    const apply = ipvs.apply.bind(ipvs);
    ipvs.apply = async (edits) => edits.map(() => ({ outcome: 'failed', code: 'ENOBUFS', error: 'no answer' }));
    await stand.reload(web('mh'));
    assert.match(stand.complaints()[0] ?? '', /no answer; it goes on as it was/);
    assert.equal(stand.complaints().length, 1);
    ipvs.apply = apply;
    await stand.clock.advance(125_000);
    assert.equal(ipvs.text, webTable('mh'));
  });

  it('may be gone where the table cannot be read, and is looked for until it can', async () => {
    const stand = await Stand.start(web('wlc'));
    const { ipvs } = stand;
    ipvs.refuse = without('ENOMEM', 'mh', 'wlc');
    ipvs.blind = 'no memory';
    await stand.reload(web('mh'));
    assert.match(stand.complaints().join('\n'), /whether it has been left without a scheduler.*cannot be read/);
    assert.equal(ipvs.text, webTable('none'));
    ipvs.blind = undefined;
    ipvs.refuse = undefined;
    await stand.clock.advance(61_000);
    assert.equal(ipvs.text, webTable('mh'));
    assert.match(stand.complaints().join('\n'), /has lost its scheduler and takes no new connections: .*; it gets one/);
  });

  it('comes back where a daemon was killed in between, or somebody took it away', async () => {
    const { ipvs } = await Stand.start(web('wlc'));
    const takeAway = () => ipvs.somebody({ do: 'editService', service: { id, scheduler: 'none' } });
    takeAway();
    const next = await Stand.start(web('wlc').replace('interval 0', 'interval 60'), { ipvs });
    assert.equal(ipvs.text, webTable('wlc'));
    assert.deepEqual(next.complaints(), []);
    takeAway();
    await next.clock.advance(60_001);
    assert.equal(ipvs.text, webTable('wlc'));
    assert.match(next.complaints()[0] ?? '', /^the service TCP 192\.0\.2\.1:80 has lost its scheduler .*; it gets one$/);
  });
});
