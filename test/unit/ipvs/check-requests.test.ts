/** Checker blocks as requests: what is inherited from where, and which ids survive a reload. */
import assert from 'node:assert/strict';
import type { PlannedCheck } from '@mainstay/ipvs/internal/model.js';
import { describe, it } from 'mocha';
import { serverOf } from './configs.js';

async function checksOf(virtual: string, real: string, head = '10.0.0.1 80'): Promise<readonly PlannedCheck[]> {
  const text = `virtual_server 192.0.2.1 443 {\n protocol TCP\n ${virtual}\n real_server ${head} {\n ${real}\n }\n}`;
  return (await serverOf(text)).servers[0]?.checks ?? [];
}

async function checkOf(virtual: string, real: string, head?: string): Promise<PlannedCheck> {
  const [check] = await checksOf(virtual, real, head);
  assert.ok(check !== undefined);
  return check;
}

describe('ipvs: check requests', () => {
  it('have the defaults of keepalived', async () => {
    const { timing, initial, target, identity, id } = await checkOf('', 'TCP_CHECK {\n }');
    assert.deepEqual(timing, { delayLoopMs: 60_000, warmupMs: 60_000, retry: 1, delayBeforeRetryMs: 1000, timeoutMs: 5000 });
    assert.equal(initial, 'up');
    assert.deepEqual(target, { address: '10.0.0.1', port: 80 });
    assert.deepEqual(identity, { checker: 'TCP_CHECK', virtualServer: '192.0.2.1 443', realServer: '10.0.0.1 80' });
    assert.equal(id, 'TCP 192.0.2.1:443 10.0.0.1:80 TCP_CHECK 1');
  });

  it("have a checker's own defaults where nobody says", async () => {
    const dns = await checkOf('delay_loop 7', 'DNS_CHECK {\n }');
    assert.deepEqual([dns.timing.retry, dns.timing.delayBeforeRetryMs, dns.timing.warmupMs], [3, 7000, 7000]);
    const misc = await checkOf('', 'MISC_CHECK {\n misc_path /bin/true\n }');
    assert.equal(misc.timing.retry, 0);
    const said = await checkOf('retry 5\n delay_before_retry 2', 'DNS_CHECK {\n }');
    assert.deepEqual([said.timing.retry, said.timing.delayBeforeRetryMs], [5, 2000]);
  });

  it('may be as slow and as patient as those of keepalived, and retry at once', async () => {
    const checker = 'TCP_CHECK {\n delay_loop 4294967295\n warmup 90000\n retry 4294967295\n delay_before_retry 0\n }';
    const { timing } = await checkOf('', checker);
    assert.deepEqual(timing, {
      delayLoopMs: 4_294_967_295_000,
      warmupMs: 90_000_000,
      retry: 4_294_967_295,
      delayBeforeRetryMs: 0,
      timeoutMs: 5000,
    });
    for (const [virtual, real] of [
      ['delay_before_retry 0', ''],
      ['delay_before_retry 5', 'delay_before_retry 0\n'],
    ] as const)
      assert.equal((await checkOf(virtual, `${real}TCP_CHECK {\n }`)).timing.delayBeforeRetryMs, 0);
  });

  const inherited: readonly (readonly [keyword: string, of: (check: PlannedCheck) => unknown, asSeconds: boolean])[] = [
    ['delay_loop', ({ timing }) => timing.delayLoopMs, true],
    ['warmup', ({ timing }) => timing.warmupMs, true],
    ['retry', ({ timing }) => timing.retry, false],
    ['rise', ({ timing }) => timing.rise, false],
    ['delay_before_retry', ({ timing }) => timing.delayBeforeRetryMs, true],
    ['connect_timeout', ({ timing }) => timing.timeoutMs, true],
  ];
  for (const [keyword, of, asSeconds] of inherited) {
    it(`inherit ${keyword}: virtual server, real server, checker`, async () => {
      const unit = asSeconds ? 1000 : 1;
      assert.equal(of(await checkOf(`${keyword} 11`, 'TCP_CHECK {\n }')), 11 * unit);
      assert.equal(of(await checkOf(`${keyword} 11`, `${keyword} 12\n TCP_CHECK {\n }`)), 12 * unit);
      assert.equal(of(await checkOf(`${keyword} 11`, `${keyword} 12\n TCP_CHECK {\n ${keyword} 13\n }`)), 13 * unit);
    });
  }

  it('inherit alpha and virtualhost', async () => {
    assert.equal((await checkOf('alpha', 'TCP_CHECK {\n }')).initial, 'down');
    assert.equal((await checkOf('alpha', 'alpha off\n TCP_CHECK {\n }')).initial, 'up');
    assert.equal((await checkOf('alpha off', 'alpha off\n TCP_CHECK {\n alpha\n }')).initial, 'down');
    assert.equal((await checkOf('virtualhost a', 'TCP_CHECK {\n }')).virtualHost, 'a');
    assert.equal((await checkOf('virtualhost a', 'virtualhost b\n TCP_CHECK {\n }')).virtualHost, 'b');
  });

  it('ask where the block says, from where it says', async () => {
    const body = 'connect_ip 10.9.9.9\n connect_port 81\n bindto 10.0.0.7\n bind_port 999\n bind_if eth1\n fwmark 5';
    const { target } = await checkOf('', `TCP_CHECK {\n ${body}\n }`);
    assert.deepEqual(target, {
      address: '10.9.9.9',
      port: 81,
      link: 'eth1',
      localAddress: '10.0.0.7',
      localPort: 999,
      mark: 5,
    });
  });

  it('ask at the port that is written, else at that of the service', async () => {
    assert.equal((await checkOf('', 'TCP_CHECK {\n }', '10.0.0.1')).target.port, 443);
    assert.equal((await checkOf('', 'TCP_CHECK {\n }', '10.0.0.1 81')).target.port, 81);
  });

  it('number checks of one kind', async () => {
    const checks = await checksOf('', 'TCP_CHECK {\n }\n DNS_CHECK {\n }\n TCP_CHECK {\n connect_port 81\n }');
    assert.deepEqual(
      checks.map(({ id }) => id.split(' ').slice(3).join(' ')),
      ['TCP_CHECK 1', 'DNS_CHECK 1', 'TCP_CHECK 2'],
    );
  });

  it('log every failure where the checker or the daemon is told to', async () => {
    assert.equal((await checkOf('', 'TCP_CHECK {\n }')).logsAllFailures, undefined);
    assert.equal((await checkOf('', 'TCP_CHECK {\n log_all_failures\n }')).logsAllFailures, true);
    const all = 'global_defs {\n checker_log_all_failures\n}\n';
    const text = (own: string) =>
      `${all}virtual_server 192.0.2.1 443 {\n protocol TCP\n real_server 10.0.0.1 80 {\n TCP_CHECK {\n ${own}\n }\n }\n}`;
    assert.equal((await serverOf(text(''))).servers[0]?.checks[0]?.logsAllFailures, true);
    assert.equal((await serverOf(text('log_all_failures off'))).servers[0]?.checks[0]?.logsAllFailures, undefined);
  });
});
