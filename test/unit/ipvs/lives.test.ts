/** Start, reload, stop, crash: what the kernel keeps, what is told, and what is as it was before. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';

const real = (address: string, more = '') => `
  real_server ${address} 80 {
    ${more}
    TCP_CHECK {
    }
  }`;
const virtual = (address: string, body: string) => `
virtual_server ${address} 80 {
  protocol TCP
  ${body}
}`;
const two = virtual('192.0.2.1', real('10.0.0.1') + real('10.0.0.2'));
const service = 'TCP  192.0.2.1:80 wlc\n';
const line = (n: number, weight = 1) => `  -> 10.0.0.${n}:80 Masq ${weight}\n`;

describe('ipvs: crash and adoption', () => {
  async function crashed(config: string, down: string): Promise<FakeIpvs> {
    const stand = await Stand.start(config);
    await stand.tell(down, false);
    stand.ipvs.takeEdits();
    return stand.ipvs;
  }

  it('leaves a table that is right untouched', async () => {
    const first = await Stand.start(two);
    first.ipvs.takeEdits();
    const second = await Stand.start(two, { ipvs: first.ipvs });
    assert.deepEqual(second.ipvs.takeEdits(), []);
    assert.deepEqual(
      second.checks.requests.map(({ initial }) => initial),
      ['up', 'up'],
    );
  });

  it('keeps a server down that was down before, until a check succeeds', async () => {
    const ipvs = await crashed(two, '10.0.0.1');
    const stand = await Stand.start(two, { ipvs });
    assert.deepEqual(ipvs.takeEdits(), []);
    assert.deepEqual(
      stand.checks.requests.map(({ initial }) => initial),
      ['down', 'up'],
    );
    await stand.tell('10.0.0.1', true);
    assert.equal(ipvs.text, service + line(1) + line(2));
  });

  it('knows an inhibited server that was down by its weight', async () => {
    const config = two.replace('TCP\n', 'TCP\n inhibit_on_failure\n');
    const ipvs = await crashed(config, '10.0.0.1');
    const stand = await Stand.start(config, { ipvs });
    assert.deepEqual(ipvs.takeEdits(), []);
    assert.deepEqual(
      stand.checks.requests.map(({ initial }) => initial),
      ['down', 'up'],
    );
  });

  it('puts a server without checks back', async () => {
    const config = virtual('192.0.2.1', `${real('10.0.0.1')}\n real_server 10.0.0.2 80 {\n }`);
    const first = await Stand.start(config);
    first.ipvs.somebody({
      do: 'deleteDestination',
      service: { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 },
      destination: { family: 4, address: '10.0.0.2', port: 80 },
    });
    await Stand.start(config, { ipvs: first.ipvs });
    assert.equal(first.ipvs.text, service + line(1) + line(2));
  });

  it('stays with the sorry server that was serving', async () => {
    const config = two.replace('TCP\n', 'TCP\n sorry_server 10.0.0.9 80\n');
    const ipvs = await crashed(config, 'TCP_CHECK');
    const stand = await Stand.start(config, { ipvs });
    assert.deepEqual(ipvs.takeEdits(), []);
    await stand.tell('10.0.0.2', true);
    assert.equal(ipvs.text, service + line(2));
  });

  it('leaves servers with alpha at work that served, and those down that were', async () => {
    const config = two.replace('TCP\n', 'TCP\n alpha\n');
    const first = await Stand.start(config);
    await first.tell('10.0.0.2', true);
    first.ipvs.takeEdits();
    const stand = await Stand.start(config, { ipvs: first.ipvs });
    assert.deepEqual(first.ipvs.takeEdits(), []);
    assert.deepEqual(
      stand.checks.requests.map(({ initial }) => initial),
      ['down', 'up'],
    );
  });

  it('believes of a service that nobody knew what the configuration says', async () => {
    const { ipvs } = await Stand.start(virtual('192.0.2.7', real('10.0.0.1')));
    const config = `${two}${virtual('192.0.2.2', `alpha${real('10.0.0.3')}`)}`;
    const stand = await Stand.start(config, { ipvs });
    assert.deepEqual(
      stand.checks.requests.map(({ initial }) => initial),
      ['up', 'up', 'down'],
    );
  });

  it('keeps the quorum that there was, though it would not be gained anew', async () => {
    const four = [1, 2, 3, 4].map((n) => real(`10.0.0.${n}`)).join('');
    const config = virtual('192.0.2.1', `quorum 3\n hysteresis 1\n sorry_server 10.0.0.9 80${four}`);
    const ipvs = await crashed(config, '10.0.0.1');
    const stand = await Stand.start(config, { ipvs });
    assert.deepEqual(ipvs.takeEdits(), []);
    assert.equal(ipvs.text, service + line(2) + line(3) + line(4));
    assert.deepEqual(stand.told('ipvs.quorum'), ['gained']);
    await stand.tell('10.0.0.2', false);
    await stand.tell('10.0.0.3', false);
    assert.equal(ipvs.text, service + line(9));
    ipvs.takeEdits();
    const third = await Stand.start(config, { ipvs });
    assert.deepEqual(ipvs.takeEdits(), []);
    for (const n of [1, 2, 3]) await third.tell(`10.0.0.${n}`, true);
    assert.equal(ipvs.text, service + line(9));
    await third.tell('10.0.0.4', true);
    assert.equal(ipvs.text, service + line(1) + line(2) + line(3) + line(4));
  });

  it('reads no quorum out of a sorry server that is a real server, too', async () => {
    const config = two.replace('TCP\n', 'TCP\n quorum 2\n hysteresis 1\n sorry_server 10.0.0.2 80\n');
    const ipvs = await crashed(config, 'TCP_CHECK');
    const stand = await Stand.start(config, { ipvs });
    assert.deepEqual(ipvs.takeEdits(), []);
    assert.deepEqual(stand.told('ipvs.quorum'), ['lost']);
  });

  it('believes servers that all came while it was away, and puts them in before it removes the old ones', async () => {
    const { ipvs } = await Stand.start(two);
    ipvs.takeEdits();
    await Stand.start(virtual('192.0.2.1', real('10.0.0.3') + real('10.0.0.4')), { ipvs });
    assert.equal(ipvs.text, service + line(3) + line(4));
    assert.deepEqual(
      ipvs.takeEdits().map((edit) => edit.do),
      ['addDestination', 'addDestination', 'deleteDestination', 'deleteDestination'],
    );
  });

  it('believes those that came, too, where the only one that stayed is down', async () => {
    const config = (n: number) => virtual('192.0.2.1', `inhibit_on_failure${real('10.0.0.1')}${real(`10.0.0.${n}`)}`);
    const ipvs = await crashed(config(2), '10.0.0.1');
    await Stand.start(config(3), { ipvs });
    assert.equal(ipvs.text, service + line(1, 0) + line(3));
  });

  it('takes servers for down whose service is empty', async () => {
    const ipvs = await crashed(two, 'TCP_CHECK');
    await Stand.start(two, { ipvs });
    assert.equal(ipvs.text, service);
  });

  it('removes what the configuration does not have any more from services that it has', async () => {
    const first = await Stand.start(two);
    const stand = await Stand.start(virtual('192.0.2.1', real('10.0.0.2')), { ipvs: first.ipvs });
    assert.equal(stand.ipvs.text, service + line(2));
  });

  it('empties the table with lvs_flush, but not when only its lane is new', async () => {
    const flush = `global_defs {\n lvs_flush\n}\n${two}`;
    const ipvs = await crashed(two, '10.0.0.1');
    await Stand.start(flush, { ipvs, facts: { isRestart: true } });
    assert.equal(ipvs.text, service + line(2));
    await Stand.start(flush, { ipvs });
    assert.equal(ipvs.text, service + line(1) + line(2));
  });
});

describe('ipvs: reload', () => {
  it('does nothing where nothing changed', async () => {
    const stand = await Stand.start(two);
    stand.ipvs.takeEdits();
    assert.ok((await stand.reload(`# the same\n${two}`)).ok);
    assert.deepEqual(stand.ipvs.takeEdits(), []);
  });

  it('changes what changed and keeps states', async () => {
    const stand = await Stand.start(two);
    await stand.tell('10.0.0.1', false);
    stand.ipvs.takeEdits();
    await stand.reload(virtual('192.0.2.1', `lb_algo rr${real('10.0.0.1', 'weight 5')}${real('10.0.0.2', 'weight 6')}`));
    assert.equal(stand.ipvs.text, `TCP  192.0.2.1:80 rr\n${line(2, 6)}`);
    assert.deepEqual(
      stand.ipvs.takeEdits().map((edit) => edit.do),
      ['editService', 'editDestination'],
    );
    await stand.tell('10.0.0.1', true);
    assert.equal(stand.ipvs.text, `TCP  192.0.2.1:80 rr\n${line(1, 5)}${line(2, 6)}`);
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.1 80 down', '10.0.0.1 80 up']);
  });

  it('tells of servers that it removes, and removes them though they are inhibited', async () => {
    const stand = await Stand.start(two.replace('TCP\n', 'TCP\n inhibit_on_failure\n'));
    await stand.reload(virtual('192.0.2.1', `inhibit_on_failure${real('10.0.0.2')}`));
    assert.equal(stand.ipvs.text, service + line(2));
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.1 80 down']);
    assert.equal(stand.checks.requests.length, 1);
  });

  it('adds and removes virtual servers, with their last events', async () => {
    const stand = await Stand.start(two);
    await stand.reload(virtual('192.0.2.2', real('10.0.0.3')));
    assert.equal(stand.ipvs.text, `TCP  192.0.2.2:80 wlc\n${line(3)}`);
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.1 80 down', '10.0.0.2 80 down']);
    assert.deepEqual(stand.told('ipvs.quorum'), ['gained', 'lost', 'gained']);
  });

  it('leaves TCP of an address alone when UDP of the same address goes, and tells each for its own block', async () => {
    const dns = (protocol: string) =>
      virtual('192.0.2.1', `quorum 2${real('10.0.0.1')}${real('10.0.0.2')}`).replace('protocol TCP', `protocol ${protocol}`);
    const stand = await Stand.start(dns('UDP') + dns('TCP'));
    await stand.tell('TCP 192.0.2.1:80 10.0.0.2', false);
    stand.ipvs.takeEdits();
    stand.events.length = 0;
    await stand.reload(dns('TCP'));
    assert.deepEqual(
      stand.events
        .map(({ name, payload: { block, to } }) => `${name} ${block} ${to}`)
        .filter((line) => !line.startsWith('ipvs.changed')),
      [
        'ipvs.serverChanged 192.0.2.1 80 UDP 10.0.0.1 80 down',
        'ipvs.serverChanged 192.0.2.1 80 UDP 10.0.0.2 80 down',
        'ipvs.quorum 192.0.2.1 80 UDP lost',
      ],
    );
    assert.equal(stand.ipvs.text, service + line(1));
    stand.events.length = 0;
    await stand.reload(dns('UDP') + dns('TCP'));
    await stand.tell('TCP 192.0.2.1:80 10.0.0.2', true);
    assert.deepEqual(
      stand.events.flatMap(({ name, payload: { block, to } }) => (name === 'ipvs.quorum' ? [`${block} ${to}`] : [])),
      ['192.0.2.1 80 UDP gained', '192.0.2.1 80 TCP gained'],
    );
  });

  it('does not mistake a check for the one of the same keyword before it, when that is removed or written anew', async () => {
    const ports = (...list: readonly number[]) =>
      virtual(
        '192.0.2.1',
        `${real('10.0.0.1').replace(/TCP_CHECK.*/s, '') + list.map((n) => `TCP_CHECK {\n connect_port ${n}\n }`).join('\n')}\n}`,
      );
    const idAt = (stand: Stand, port: number) => stand.checks.requests.find(({ target }) => target.port === port)?.id ?? '';
    const stand = await Stand.start(ports(81, 82));
    await stand.tell(idAt(stand, 81), false);
    const id = idAt(stand, 82);
    await stand.reload(ports(82));
    assert.deepEqual([stand.ipvs.text, idAt(stand, 82)], [service + line(1), id]);
    await stand.reload(ports(83, 82, 84));
    assert.equal(idAt(stand, 82), id);
    assert.equal(new Set(stand.checks.requests.map((request) => request.id)).size, 3);
    assert.equal(stand.ipvs.text, service + line(1));
    await stand.tell(idAt(stand, 84), false);
    await stand.reload(ports(84, 82, 83));
    assert.equal(stand.ipvs.text, service);
    await stand.reload(ports(82, 83));
    assert.equal(stand.ipvs.text, service + line(1));
    // The last of several keeps its number, however often it stays alone.
    for (let i = 0; i < 3; i++) {
      await stand.reload(`# ${i}\n${ports(82)}${virtual(`192.0.2.${7 + i}`, real('10.0.0.7'))}`);
      assert.equal(idAt(stand, 82), id);
    }
  });

  it('believes a new checker of a server that works, even with alpha, and none of one that is new', async () => {
    const stand = await Stand.start(two);
    const more = '\n TCP_CHECK {\n connect_port 81\n alpha\n }';
    await stand.reload(virtual('192.0.2.1', real('10.0.0.1', more) + real('10.0.0.2') + real('10.0.0.3', 'alpha')));
    assert.equal(stand.ipvs.text, service + line(1) + line(2));
    assert.deepEqual(
      stand.checks.requests.map(({ initial }) => initial),
      ['up', 'up', 'up', 'down'],
    );
  });

  it('keeps a server down whose failed checker is changed for another, until that one succeeds', async () => {
    const stand = await Stand.start(two);
    await stand.tell('10.0.0.1', false);
    stand.ipvs.takeEdits();
    const other = real('10.0.0.1').replace('TCP_CHECK', 'DNS_CHECK');
    assert.ok((await stand.reload(virtual('192.0.2.1', other + real('10.0.0.2')))).ok);
    assert.deepEqual(stand.ipvs.takeEdits(), []);
    assert.deepEqual(
      stand.checks.requests.map(({ initial }) => initial),
      ['down', 'up'],
    );
    await stand.tell('10.0.0.1', true);
    assert.equal(stand.ipvs.text, service + line(1) + line(2));
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.1 80 down', '10.0.0.1 80 up']);
  });

  it('brings up a server whose failed checker is gone', async () => {
    const stand = await Stand.start(two);
    await stand.tell('10.0.0.1', false);
    await stand.reload(virtual('192.0.2.1', `\n real_server 10.0.0.1 80 {\n }${real('10.0.0.2')}`));
    assert.equal(stand.ipvs.text, service + line(1) + line(2));
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.1 80 down', '10.0.0.1 80 up']);
  });

  it('gives the place of a sorry server that is gone back to those that are up', async () => {
    const stand = await Stand.start(two.replace('TCP\n', 'TCP\n quorum 2\n sorry_server 10.0.0.9 80\n'));
    await stand.tell('10.0.0.1', false);
    assert.equal(stand.ipvs.text, service + line(9));
    await stand.reload(two.replace('TCP\n', 'TCP\n quorum 2\n'));
    assert.equal(stand.ipvs.text, service + line(2));
  });

  it('adds the addresses that a group gets, with those servers that are up', async () => {
    const group = (line: string) =>
      `virtual_server_group G {\n ${line}\n}\nvirtual_server group G {\n protocol TCP\n ${real('10.0.0.1')}${real('10.0.0.2')}\n}`;
    const stand = await Stand.start(group('192.0.2.1 80'));
    await stand.tell('10.0.0.1', false);
    await stand.reload(group('192.0.2.2-3 80'));
    assert.equal(stand.ipvs.text, `TCP  192.0.2.2:80 wlc\n${line(2)}TCP  192.0.2.3:80 wlc\n${line(2)}`);
  });

  it('takes over a service that somebody else had made', async () => {
    const stand = await Stand.start(two);
    const id = { family: 4, protocol: 'tcp', address: '192.0.2.2', port: 80 } as const;
    stand.ipvs.somebody({ do: 'addService', service: { id, scheduler: 'rr' } });
    await stand.reload(two + virtual('192.0.2.2', real('10.0.0.1')));
    assert.equal(stand.ipvs.text, `${service}${line(1)}${line(2)}TCP  192.0.2.2:80 wlc\n${line(1)}`);
  });

  it('keeps everything where the new configuration is refused', async () => {
    const stand = await Stand.start(two);
    const { text } = stand.ipvs;
    stand.ipvs.takeEdits();
    assert.equal((await stand.reload(`${two}${two}`)).ok, false);
    assert.equal(stand.ipvs.text, text);
    assert.deepEqual(stand.ipvs.takeEdits(), []);
  });
});

describe('ipvs: stop', () => {
  it('removes its services, silently', async () => {
    const stand = await Stand.start(two);
    await stand.stop();
    assert.equal(stand.ipvs.text, '');
    assert.deepEqual(stand.checks.requests, []);
    assert.deepEqual([...stand.told('ipvs.serverChanged'), ...stand.told('ipvs.quorum')], ['gained']);
    assert.equal(stand.clock.pending, 0);
  });

  it('tells of what goes down with omega', async () => {
    const stand = await Stand.start(two.replace('TCP\n', 'TCP\n omega\n'));
    await stand.tell('10.0.0.1', false);
    await stand.stop();
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.1 80 down', '10.0.0.2 80 down stopping']);
    assert.deepEqual(stand.told('ipvs.quorum'), ['gained', 'lost stopping']);
  });

  it('empties the whole table with lvs_flush_on_stop, only its services with VS', async () => {
    const other = { family: 4, protocol: 'tcp', address: '192.0.2.9', port: 443 } as const;
    for (const [words, left] of [
      ['', ''],
      ['VS', 'TCP  192.0.2.9:443 rr\n'],
    ]) {
      const ipvs = new FakeIpvs();
      ipvs.somebody({ do: 'addService', service: { id: other, scheduler: 'rr' } });
      const stand = await Stand.start(`global_defs {\n lvs_flush_on_stop ${words}\n}\n${two}`, { ipvs });
      await stand.stop();
      assert.equal(ipvs.text, left);
    }
  });

  it('leaves the kernel at work when its lane only starts anew, and when told to', async () => {
    for (const [why, facts] of [['restart', {}] as const, ['shutdown', { keepServicesAtExit: true }] as const]) {
      const stand = await Stand.start(two, { facts });
      await stand.stop(why);
      assert.equal(stand.ipvs.text, service + line(1) + line(2));
      assert.deepEqual(stand.told('ipvs.serverChanged'), []);
    }
  });

  it('ends while the kernel refuses', async () => {
    const stand = await Stand.start(two);
    stand.ipvs.refuse = () => 'EPERM';
    await stand.stop();
    assert.match(stand.complaints().join(), /refuses to remove 1 of 1 services: .*; TCP 192.0.2.1:80 goes on/);
    assert.equal(stand.clock.pending, 0);
  });
});
