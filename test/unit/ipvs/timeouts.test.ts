/** lvs_timeouts: set, tried again where it is refused, and set again where somebody else or a new module has other ones. */
import assert from 'node:assert/strict';
import { PortError } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';

const conf = (line: string) => `
global_defs {
  ${line}
}
virtual_server 192.0.2.1 80 {
  protocol TCP
  real_server 10.0.0.1 80 {
  }
}`;
const audit = (stand: Stand) => stand.clock.advance(60_001);
const about = (stand: Stand) => stand.complaints().filter((one) => one.includes('lvs_timeouts'));

describe('ipvs: timeouts', () => {
  it('are set, and those that are not named any more are as they were', async () => {
    const stand = await Stand.start(conf('lvs_timeouts tcp 100 udp 50'));
    assert.deepEqual(await stand.ipvs.timeouts(), { tcp: 100, tcpFin: 120, udp: 50 });
    await stand.reload(conf('lvs_timeouts udp 60'));
    assert.deepEqual(await stand.ipvs.timeouts(), { tcp: 900, tcpFin: 120, udp: 60 });
    await stand.reload(conf(''));
    assert.deepEqual(await stand.ipvs.timeouts(), { tcp: 900, tcpFin: 120, udp: 300 });
  });

  it('are left as an earlier process had set them where that is all that is known, and that is said', async () => {
    const line = conf('lvs_timeouts tcp 100 udp 50');
    const { ipvs } = await Stand.start(line);
    const next = await Stand.start(line, { ipvs, facts: { isRestart: true } });
    const said = () =>
      next.log.filter(({ message }) => message.startsWith('lvs_timeouts names less')).map(({ message }) => message);
    await next.reload(conf('lvs_timeouts tcp 200 udp 50'));
    assert.deepEqual(said(), []);
    await next.reload(conf('lvs_timeouts udp 50'));
    assert.deepEqual(await ipvs.timeouts(), { tcp: 100, tcpFin: 120, udp: 50 });
    const tail =
      'as this process of the daemon found it. What an earlier one had set looks the same: `ipvsadm --set TCP TCPFIN UDP` changes it';
    assert.deepEqual(said(), [`lvs_timeouts names less than before: tcp is 100 s, ${tail}`]);
    // Nobody's from now on.
    await ipvs.setTimeouts({ tcp: 7 });
    await next.clock.advance(120_000);
    assert.equal((await ipvs.timeouts()).tcp, 7);
  });

  it('may be as long as keepalived has them', async () => {
    const stand = await Stand.start(conf('lvs_timeouts tcp 2678400 udp 2000001'));
    assert.deepEqual(await stand.ipvs.timeouts(), { tcp: 2_678_400, tcpFin: 120, udp: 2_000_001 });
  });

  it('of 0 are as they are: nothing is asked of the kernel, and the last word for one counts', async () => {
    const stand = await Stand.start(conf('lvs_timeouts tcp 0'));
    assert.deepEqual([await stand.ipvs.timeouts(), stand.ipvs.timeoutsSet], [{ tcp: 900, tcpFin: 120, udp: 300 }, 0]);
    await stand.reload(conf('lvs_timeouts tcp 7 udp 9 tcp 0'));
    assert.deepEqual(await stand.ipvs.timeouts(), { tcp: 900, tcpFin: 120, udp: 9 });
    await audit(stand);
    assert.deepEqual(about(stand), []);
  });

  it('are set once the kernel has IPVS, and missed once until then', async () => {
    const ipvs = new FakeIpvs();
    ipvs.blind = 'the kernel has no IPVS';
    const stand = await Stand.start(conf('lvs_timeouts tcp 100'), { ipvs });
    await stand.clock.advance(600_000);
    assert.deepEqual(about(stand), [
      'lvs_timeouts is not in force: the kernel has no IPVS; the kernel forgets idle connections after its own times. It is tried again, up to every 60 s',
    ]);
    ipvs.blind = undefined;
    await stand.clock.advance(60_001);
    assert.equal((await ipvs.timeouts()).tcp, 100);
    assert.ok(stand.log.some(({ message }) => message === 'lvs_timeouts is in force again'));
    assert.equal(about(stand).length, 1);
  });

  it('that went with the module are set again as soon as the loss of the table shows, also without audits', async () => {
    const stand = await Stand.start(conf('lvs_audit_interval 0\n  lvs_timeouts tcp 100'));
    stand.ipvs.loadAnew();
    await stand.reload(conf('lvs_audit_interval 0\n  lvs_timeouts tcp 100').replace('10.0.0.1 80', '10.0.0.2 80'));
    await stand.clock.settle();
    assert.match(stand.ipvs.text, /10\.0\.0\.2/);
    assert.equal((await stand.ipvs.timeouts()).tcp, 100);
  });

  it('that are refused are tried again with pauses, and missed once', async () => {
    const ipvs = new FakeIpvs();
    const set = ipvs.setTimeouts.bind(ipvs);
    let tries = 0;
    ipvs.setTimeouts = async () => {
      tries++;
      return { outcome: 'failed', code: 'EPERM', error: 'operation not permitted [EPERM]' };
    };
    const stand = await Stand.start(conf('lvs_timeouts tcp 100'), { ipvs });
    await stand.clock.advance(200_000);
    assert.ok(tries >= 7 && tries <= 12, `${tries} tries`);
    assert.match(
      about(stand).join('\n'),
      /^lvs_timeouts is not in force: the kernel refuses it: operation not permitted \[EPERM\];[^\n]*$/,
    );
    ipvs.setTimeouts = set;
    await stand.clock.advance(60_001);
    assert.equal((await ipvs.timeouts()).tcp, 100);
    await stand.reload(conf(''));
    assert.equal((await ipvs.timeouts()).tcp, 900);
  });

  it('are set again at an audit where the module was loaded anew, or somebody has changed them', async () => {
    const stand = await Stand.start(conf('lvs_timeouts tcp 100 tcpfin 40'));
    stand.ipvs.loadAnew();
    await audit(stand);
    assert.deepEqual(await stand.ipvs.timeouts(), { tcp: 100, tcpFin: 40, udp: 300 });
    assert.deepEqual(about(stand), [
      'lvs_timeouts was not in force: tcp is 900 s, not 100 s, tcpfin is 120 s, not 40 s. Somebody else has changed it, or the module ip_vs was loaded anew: it is set again',
    ]);
    await stand.ipvs.setTimeouts({ tcpFin: 7, udp: 9 });
    await audit(stand);
    assert.deepEqual(await stand.ipvs.timeouts(), { tcp: 100, tcpFin: 40, udp: 9 }, 'udp is nobody’s here');
    assert.match(about(stand)[1] ?? '', /not in force: tcpfin is 7 s, not 40 s\. /);
  });

  it('that somebody changes every minute are set again each time, and few words are made of it', async () => {
    const stand = await Stand.start(conf('lvs_timeouts tcp 100'));
    const meddle = async (tcp: number) => {
      await stand.ipvs.setTimeouts({ tcp });
      await audit(stand);
      assert.equal((await stand.ipvs.timeouts()).tcp, 100);
    };
    const found = (tcp: number) =>
      `lvs_timeouts was not in force: tcp is ${tcp} s, not 100 s. Somebody else has changed it, or the module ip_vs was loaded anew: it is set again`;
    for (let minute = 0; minute < 30; minute++) await meddle(7);
    const first = [found(7), found(7), found(7)];
    const goesOn = `${found(7)}. That makes 4 times in a row: each time it is put right, and it is said again when something else is found`;
    assert.deepEqual(about(stand), [...first, goesOn]);
    await meddle(8);
    assert.deepEqual(about(stand), [...first, goesOn, found(8)]);
    await stand.clock.advance(3_600_000);
    await meddle(8);
    for (let minute = 0; minute < 3; minute++) await meddle(8);
    assert.deepEqual(about(stand).slice(5, 8), [found(8), found(8), found(8)]);
    assert.match(about(stand)[8] ?? '', /4 times in a row/);
  });

  it('are not touched at an audit where they are as they should be, or none are configured', async () => {
    const stand = await Stand.start(conf('lvs_timeouts tcp 100'));
    const none = await Stand.start(conf(''));
    await none.ipvs.setTimeouts({ tcp: 5 });
    const before = [stand.ipvs.timeoutsSet, none.ipvs.timeoutsSet];
    for (const one of [stand, none]) await one.clock.advance(3_600_000);
    assert.deepEqual([stand.ipvs.timeoutsSet, none.ipvs.timeoutsSet], before);
    assert.deepEqual([...stand.complaints(), ...none.complaints()], []);
  });

  it('that a kernel takes and does not keep are missed once', async () => {
    const ipvs = new FakeIpvs();
    const timeouts = ipvs.timeouts.bind(ipvs);
    ipvs.timeouts = async () => ({ ...(await timeouts()), udp: 0 });
    const stand = await Stand.start(conf('lvs_timeouts tcp 100 udp 50'), { ipvs });
    await stand.clock.advance(3_600_000);
    assert.equal((await ipvs.timeouts()).tcp, 100);
    assert.match(
      about(stand).join('\n'),
      /^lvs_timeouts is not in force: the kernel does not keep it: udp is 0 s, not 50 s;[^\n]*$/,
    );
  });

  it('are as they were where a reload drops them while an audit waits for the kernel', async () => {
    const stand = await Stand.start(conf('lvs_timeouts tcp 100'));
    const { ipvs } = stand;
    const read = ipvs.timeouts.bind(ipvs);
    let answer = () => {};
    const isAsked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    ipvs.timeouts = () => isAsked.then(read);
    await audit(stand);
    await stand.reload(conf(''));
    answer();
    await stand.clock.advance(1);
    assert.equal((await read()).tcp, 900);
  });

  it('that cannot be read are in doubt, once, not out of force', async () => {
    const stand = await Stand.start(conf('lvs_timeouts tcp 100'));
    const { ipvs } = stand;
    const read = ipvs.timeouts.bind(ipvs);
    ipvs.timeouts = () => Promise.reject(new PortError('no answer came', 'ETIMEDOUT'));
    await stand.clock.advance(600_000);
    assert.deepEqual(about(stand), [
      'whether lvs_timeouts is in force cannot be read: no answer came; the kernel goes on with the times that it has. It is tried again, up to every 60 s',
    ]);
    ipvs.timeouts = read;
    await audit(stand);
    assert.ok(
      stand.log.some(({ message }) => message === 'the timeouts of connections can be read again, and are as configured'),
    );
    assert.equal(about(stand).length, 1);
  });

  it('leave no timer behind at a stop', async () => {
    const ipvs = new FakeIpvs();
    ipvs.setTimeouts = async () => ({ outcome: 'failed', code: 'EPERM', error: 'no' });
    const stand = await Stand.start(conf('lvs_timeouts tcp 100'), { ipvs });
    await stand.stop();
    assert.equal(stand.clock.pending, 0);
  });
});
