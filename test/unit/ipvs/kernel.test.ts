/** What the kernel refuses, forgets and has changed by others: believed is what it holds, and said is what that means. */
import assert from 'node:assert/strict';
import type { IpvsEdit } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';
import { webId as id, webTable, web as webWith } from './web.js';

const web = webWith();
const server = (address: string, weight = 1) =>
  ({ family: 4, address, port: 80, method: 'nat', weight, upperThreshold: 0, lowerThreshold: 0 }) as const;
const both = webTable();
const isAbout = (edit: IpvsEdit, address: string) => 'destination' in edit && edit.destination.address === address;

describe('ipvs: refusals of the kernel', () => {
  it('says once what a refusal means, tries again with pauses, and says when it is over', async () => {
    const ipvs = new FakeIpvs();
    ipvs.refuse = (edit) => (isAbout(edit, '10.0.0.2') ? 'ENOMEM' : undefined);
    const stand = await Stand.start(web, { ipvs });
    assert.equal(ipvs.text, 'TCP  192.0.2.1:80 wlc\n  -> 10.0.0.1:80 Masq 1\n');
    ipvs.takeEdits();
    await stand.clock.advance(200_000);
    assert.deepEqual(stand.complaints(), [
      'the kernel refuses 10.0.0.2:80 as a server of TCP 192.0.2.1:80: refused with ENOMEM; it gets no connections. ' +
        'The kernel has no memory for one more entry of its table; those that are in it go on and are kept up to date. ' +
        'Free memory on this host (MemAvailable and Percpu in /proc/meminfo; dmesg has "allocation failure"), or configure fewer servers. ' +
        'It is tried again, up to every 60 s',
    ]);
    const tries = ipvs.takeEdits().length;
    assert.ok(tries >= 7 && tries <= 12, `${tries} tries`);
    ipvs.refuse = undefined;
    await stand.clock.advance(61_000);
    assert.equal(ipvs.text, both);
    assert.ok(
      stand.log.some(({ message }) => /the kernel now takes what it refused: TCP 192.0.2.1:80, server 10.0.0.2:80/.test(message)),
    );
  });

  it('does not call its own servers refused when the service is', async () => {
    const ipvs = new FakeIpvs();
    ipvs.refuse = (edit) => (edit.do === 'addService' ? 'ENOENT' : undefined);
    const stand = await Stand.start(web, { ipvs });
    assert.deepEqual(stand.complaints(), [
      'the kernel refuses the service TCP 192.0.2.1:80: refused with ENOENT; nothing serves it. It is tried again, up to every 60 s',
    ]);
    ipvs.refuse = undefined;
    await stand.clock.advance(5000);
    assert.equal(ipvs.text, both);
  });

  it('does not keep its start waiting for a kernel that is slow', async () => {
    const ipvs = new FakeIpvs();
    const apply = ipvs.apply.bind(ipvs);
    const answers: (() => void)[] = [];
    ipvs.apply = (edits) => new Promise((resolve) => answers.push(() => void apply(edits).then(resolve)));
    const stand = await Stand.start(web, { ipvs });
    assert.equal(stand.clock.now(), 4000);
    ipvs.apply = apply;
    for (const answer of answers) answer();
    await stand.clock.advance(10);
    assert.equal(ipvs.text, both);
  });

  it('goes on with other changes while one is refused', async () => {
    const ipvs = new FakeIpvs();
    const stand = await Stand.start(web, { ipvs });
    ipvs.refuse = (edit) => (isAbout(edit, '10.0.0.2') ? 'EBUSY' : undefined);
    await stand.tell('10.0.0.2', false);
    await stand.tell('10.0.0.1', false);
    assert.equal(ipvs.text, 'TCP  192.0.2.1:80 wlc\n  -> 10.0.0.2:80 Masq 1\n');
    assert.match(
      stand.complaints().join('\n'),
      /refuses to remove 10.0.0.2:80 from TCP 192.0.2.1:80.*it goes on getting connections/,
    );
    await stand.tell('10.0.0.2', true);
    ipvs.refuse = undefined;
    await stand.tell('10.0.0.1', true);
    await stand.clock.advance(5000);
    assert.equal(ipvs.text, both);
  });

  it('a server that flaps does not put off the next try of another', async () => {
    const ipvs = new FakeIpvs();
    ipvs.refuse = (edit) => (isAbout(edit, '10.0.0.2') ? 'ENOMEM' : undefined);
    const stand = await Stand.start(web, { ipvs });
    ipvs.refuse = undefined;
    for (let i = 0; i < 8; i++) {
      stand.checks.tell('10.0.0.1', i % 2 === 1);
      await stand.clock.advance(300);
    }
    assert.equal(ipvs.text, both);
  });

  it('starts where the kernel has no IPVS, says so, and works once it has', async () => {
    const ipvs = new FakeIpvs();
    ipvs.blind = 'the kernel has no IPVS';
    const stand = await Stand.start(web, { ipvs });
    assert.deepEqual(stand.complaints(), [
      "the kernel's table cannot be read: the kernel has no IPVS; servers that fail are not taken out, and new ones get no connections. It is tried again, up to every 60 s",
    ]);
    await stand.tell('10.0.0.1', false);
    ipvs.blind = undefined;
    await stand.clock.advance(61_000);
    assert.equal(ipvs.text, 'TCP  192.0.2.1:80 wlc\n  -> 10.0.0.2:80 Masq 1\n');
    assert.equal(stand.complaints().length, 2);
  });
});

describe('ipvs: what others do to the table', () => {
  it('repairs it at the next audit and says what was changed', async () => {
    const stand = await Stand.start(`global_defs {\n lvs_audit_interval 10\n}\n${web}`);
    const { ipvs } = stand;
    ipvs.somebody({ do: 'deleteDestination', service: id, destination: server('10.0.0.1') });
    ipvs.somebody({ do: 'editDestination', service: id, destination: server('10.0.0.2', 9) });
    ipvs.somebody({ do: 'editService', service: { id, scheduler: 'rr' } });
    await stand.clock.advance(10_001);
    assert.equal(ipvs.text, both);
    assert.deepEqual(stand.complaints(), [
      'somebody else has changed the service TCP 192.0.2.1:80: its lvs_sched is rr, we left it at wlc; it is changed back',
      'somebody else has removed 10.0.0.1:80 from TCP 192.0.2.1:80: it is put back',
      'somebody else has changed 10.0.0.2:80 in TCP 192.0.2.1:80: its weight is 9, we left it at 1; it is changed back',
    ]);
    ipvs.somebody({ do: 'deleteService', service: id });
    await stand.clock.advance(10_001);
    assert.equal(ipvs.text, both);
    assert.match(stand.complaints()[3] ?? '', /somebody else has removed the service TCP 192.0.2.1:80: it is put back/);
  });

  it('edits nothing at an audit when nothing was changed', async () => {
    const stand = await Stand.start(web);
    stand.ipvs.local.add('10.0.0.2');
    stand.ipvs.takeEdits();
    const { reads } = stand.ipvs;
    await stand.clock.advance(3_600_001);
    assert.deepEqual(stand.ipvs.takeEdits(), []);
    assert.equal(stand.ipvs.reads - reads, 60);
    assert.deepEqual(stand.complaints(), []);
  });

  it('does not audit with an interval of 0', async () => {
    const stand = await Stand.start(`global_defs {\n lvs_audit_interval 0\n}\n${web}`);
    const { reads } = stand.ipvs;
    await stand.clock.advance(3_600_000);
    assert.equal(stand.ipvs.reads, reads);
  });

  it('leaves services and servers of others alone, and says once what stands beside ours', async () => {
    const ipvs = new FakeIpvs();
    const other = { ...id, port: 443 };
    ipvs.somebody({ do: 'addService', service: { id: other, scheduler: 'rr' } });
    const stand = await Stand.start(web, { ipvs });
    ipvs.somebody({ do: 'addDestination', service: id, destination: server('10.0.0.77') });
    await stand.clock.advance(200_000);
    const stranger = `${both}  -> 10.0.0.77:80 Masq 1\n`;
    assert.equal(ipvs.text, `TCP  192.0.2.1:443 rr\n${stranger}`);
    assert.deepEqual(stand.complaints(), [
      'somebody else has added 10.0.0.77:80 to TCP 192.0.2.1:80: it is not ours and stays, unchecked',
    ]);
    await stand.tell('10.0.0.1', false);
    assert.equal(ipvs.text, `TCP  192.0.2.1:443 rr\n${stranger.replace('  -> 10.0.0.1:80 Masq 1\n', '')}`);
    await stand.stop();
    assert.equal(ipvs.text, 'TCP  192.0.2.1:443 rr\n');
  });

  it('removes a server of ours that somebody puts back while it is down', async () => {
    const stand = await Stand.start(web);
    await stand.tell('10.0.0.1', false);
    stand.ipvs.somebody({ do: 'addDestination', service: id, destination: server('10.0.0.1') });
    await stand.clock.advance(60_001);
    assert.equal(stand.ipvs.text, 'TCP  192.0.2.1:80 wlc\n  -> 10.0.0.2:80 Masq 1\n');
    assert.match(
      stand.complaints()[1] ?? '',
      /somebody else has added 10.0.0.1:80 to TCP 192.0.2.1:80, where it is not to be now/,
    );
  });

  it('reads the table again where an edit finds it other than it was', async () => {
    const stand = await Stand.start(web);
    stand.ipvs.somebody({ do: 'deleteService', service: id });
    await stand.tell('10.0.0.1', true, { weight: 7 });
    assert.equal(stand.ipvs.text, both.replace('10.0.0.1:80 Masq 1', '10.0.0.1:80 Masq 7'));
    assert.match(stand.complaints()[0] ?? '', /somebody else has removed the service/);
  });

  it('does not fight in a loop with somebody who removes everything at once', async () => {
    const stand = await Stand.start(web);
    const { ipvs } = stand;
    ipvs.refuse = (edit) => {
      if (edit.do !== 'editDestination') return undefined;
      ipvs.table.clear();
      return 'ESRCH';
    };
    ipvs.takeEdits();
    await stand.tell('10.0.0.1', true, { weight: 7 });
    await stand.clock.advance(100);
    assert.ok(ipvs.takeEdits().length < 20);
    ipvs.refuse = undefined;
    await stand.clock.advance(60_000);
    assert.equal(ipvs.text, both.replace('10.0.0.1:80 Masq 1', '10.0.0.1:80 Masq 7'));
  });
});
