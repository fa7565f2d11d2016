/** Accept_Mode of virtual routers (plugins/vrrp/src/acceptance.ts, manager.ts): what the host's packet filter refuses, and when. */
import assert from 'node:assert/strict';
import { refusedAddresses } from '@mainstay/vrrp/internal/acceptance.js';
import { describe, it } from 'mocha';
import { configOf } from './by-hand.js';
import { conf, held, type Router, routerOf, stateOf } from './router.js';

const silent = conf(['no_accept']);
const refused = (router: Router) => router.kernel.firewall.refusedBy('vrrp');
const pings = async ({ net, clock }: Router) =>
  (await clock.drive(net.kernel('peer').ping('192.0.2.100'))).ok ? 'an answer' : 'none';
const errors = ({ log }: Router) => log.filter(({ level }) => level === 'error').map(({ message }) => message);

describe('no_accept', () => {
  it('refuses the addresses before the router holds them; it is master, and its neighbours know where', async () => {
    const router = await routerOf(silent);
    assert.deepEqual([stateOf(router), refused(router)], ['backup', ['192.0.2.100', '192.0.2.101']]);
    await router.advance(4000);
    assert.deepEqual([stateOf(router), held(router), await pings(router)], ['master', [true, true], 'none']);
    assert.ok(router.net.kernel('peer').stack.neighbours.get(2, '192.0.2.100'));
    assert.deepEqual(router.status()[0]?.detail.accept, false);
    await router.stop();
    assert.deepEqual(router.kernel.firewall.sets, []);
  });

  it('is not the default: nothing is refused', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    assert.deepEqual([router.kernel.firewall.sets, await pings(router)], [[], 'an answer']);
    assert.deepEqual(router.status()[0]?.detail.accept, true);
  });

  it('does not hold for an address owner', async () => {
    const router = await routerOf(conf(['no_accept', 'priority 255']));
    await router.advance(10);
    assert.deepEqual([stateOf(router), await pings(router)], ['master', 'an answer']);
  });

  it('comes and goes with a reload, without a change of state', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    for (const [text, answer] of [
      [silent, 'none'],
      [conf(), 'an answer'],
      [conf(['no_accept'], ['192.0.2.101/24']), 'none'],
    ] as const) {
      assert.equal((await router.reload(text)).ok, true);
      assert.deepEqual([stateOf(router), await pings(router)], ['master', answer]);
    }
    assert.deepEqual(refused(router), ['192.0.2.101']);
    assert.equal(router.events('vrrp.transitioned').filter(({ payload }) => payload.to === 'master').length, 1);
  });

  it('is put back by a reload, where somebody has emptied the packet filter', async () => {
    const router = await routerOf(silent);
    router.kernel.firewall.flush();
    await router.reload(conf(['no_accept', 'priority 120']));
    assert.deepEqual(refused(router), ['192.0.2.100', '192.0.2.101']);
  });

  it('outlives a crash; the next start removes it, where it is no longer wanted', async () => {
    const router = await routerOf(silent);
    await router.advance(4000);
    router.machine.crash();
    assert.deepEqual([refused(router).length, await pings(router)], [2, 'none']);
    router.kernel.firewall.refuse('vrrp', ['192.0.2.7']);
    await router.clock.drive(router.machine.start());
    assert.deepEqual(refused(router), ['192.0.2.100', '192.0.2.101']);
    await router.stop();
    router.kernel.firewall.refuse('vrrp', ['192.0.2.7']);
    const next = await routerOf(conf());
    assert.deepEqual(next.kernel.firewall.sets, []);
  });

  it('stays where the addresses stay at exit', async () => {
    const router = await routerOf(silent, { facts: { keepAddressesAtExit: true } });
    await router.advance(4000);
    await router.stop();
    assert.deepEqual([held(router), refused(router).length, await pings(router)], [[true, true], 2, 'none']);
  });

  it('that the kernel refuses is an error in log and status, and the router serves', async () => {
    const router = await routerOf(conf());
    router.kernel.faults.refuse('firewall.refuse', 'EPERM', 2);
    await router.reload(silent);
    await router.advance(4000);
    assert.deepEqual([stateOf(router), await pings(router)], ['master', 'an answer']);
    const problem = 'no_accept is not in force: operation not permitted [EPERM]';
    assert.deepEqual(errors(router), [problem]);
    assert.equal(router.status()[0]?.detail.accept_problem, problem);
    await router.advance(60_000);
    assert.deepEqual([await pings(router), router.status()[0]?.detail.accept_problem], ['none', undefined]);
    router.kernel.faults.refuse('firewall.refuse', 'EPERM', 1);
    await router.stop();
    await router.advance(300_000);
    assert.deepEqual(errors(router), [problem, 'operation not permitted [EPERM]']);
    assert.equal(refused(router).length, 2);
  });
});

describe('the addresses to refuse', () => {
  it('are all of the routers with no_accept, once; a link-local one of IPv6 on its link alone', () => {
    const four = configOf({ no_accept: '', virtual_ipaddress_excluded: ['192.0.2.100/32 dev eth1', '2001:db8::1'] });
    const six = configOf({
      no_accept: '',
      virtual_ipaddress: ['fe80::1', '2001:db8::1'],
      virtual_ipaddress_excluded: ['fe80::1 dev eth1'],
    });
    const other = configOf({ virtual_ipaddress: ['192.0.2.200'] });
    assert.deepEqual(refusedAddresses([four, six, other]), ['192.0.2.100', '2001:db8::1', 'fe80::1%eth0', 'fe80::1%eth1']);
  });
});
