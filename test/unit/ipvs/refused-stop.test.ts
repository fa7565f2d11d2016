/** A stop that the kernel refuses: what stays in its table is said, and how to clear it; the life cycle knows of it. */
import assert from 'node:assert/strict';
import type { IpvsEdit } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { Stand } from './stand.js';

const virtual = (head: string, ...more: readonly string[]) =>
  `virtual_server ${head} {\n ${more.join('\n ')}\n real_server 10.0.0.1 80 {\n }\n}\n`;
const three = [
  virtual('192.0.2.1 80', 'protocol TCP'),
  virtual('192.0.2.1 53', 'protocol UDP'),
  virtual('fwmark 7', 'ip_family inet', 'lvs_method TUN'),
].join('');
const six = virtual('2001:db8::1 443', 'protocol SCTP', 'lvs_method TUN');
const failed = { outcome: 'failed', code: 'EPERM', error: 'operation not permitted [EPERM]' } as const;

async function complaintsOfStop(config: string, prepare: (stand: Stand) => void): Promise<readonly string[]> {
  const stand = await Stand.start(config);
  prepare(stand);
  await stand.stop();
  assert.equal(stand.clock.pending, 0);
  const complaints = stand.complaints();
  // So that the daemon knows that something stays.
  const others = complaints.filter((one) => one !== 'did not stop cleanly: the kernel did not let go of all of it');
  assert.equal(complaints.length, others.length + (others.length > 0 ? 1 : 0));
  return others;
}
const refusing = (isRefused: (edit: IpvsEdit) => boolean) => (stand: Stand) => {
  const apply = stand.ipvs.apply.bind(stand.ipvs);
  stand.ipvs.apply = async (edits) =>
    Promise.all(edits.map(async (edit) => (isRefused(edit) ? failed : ((await apply([edit]))[0] ?? failed))));
};

describe('ipvs: a stop that the kernel refuses', () => {
  it('says which services stay, what they go on doing, and how to remove them', async () => {
    const isHttp = (edit: IpvsEdit) => edit.do === 'deleteService' && 'port' in edit.service && edit.service.port === 80;
    assert.deepEqual(await complaintsOfStop(three, refusing(isHttp)), [
      'the kernel refuses to remove 1 of 3 services: operation not permitted [EPERM]; TCP 192.0.2.1:80 goes on taking connections, for ' +
        'servers that nobody checks any more. The daemon tries it once more at most; if that fails, too, remove what stays with `ipvsadm -D -t 192.0.2.1:80`',
    ]);
  });

  it('has a command for each kind of service', async () => {
    const [all] = await complaintsOfStop(
      three + six,
      refusing(() => true),
    );
    assert.match(all ?? '', /refuses to remove 4 of 4 services: operation not permitted \[EPERM\]; TCP 192\.0\.2\.1:80, UDP /);
    assert.match(all ?? '', /FWM 7, SCTP \[2001:db8::1\]:443 go on taking connections/);
    const commands = ['-t 192.0.2.1:80', '-u 192.0.2.1:53', '-f 7', '--sctp-service [2001:db8::1]:443'];
    for (const command of commands) assert.ok(all?.includes(`\`ipvsadm -D ${command}\``), command);
    assert.doesNotMatch(all ?? '', /tried again, up to/);
    const mark = virtual('fwmark 8', 'ip_family inet6', 'lvs_method TUN');
    assert.match(
      (
        await complaintsOfStop(
          mark,
          refusing(() => true),
        )
      )[0] ?? '',
      /`ipvsadm -D -f 8 -6`/,
    );
  });

  it('names ten of many, and how to see the others', async () => {
    const group = `virtual_server_group G {\n 192.0.2.1-30 80\n}\n${virtual('group G', 'protocol TCP')}`;
    const [all] = await complaintsOfStop(
      group,
      refusing(() => true),
    );
    assert.match(
      all ?? '',
      /refuses to remove 30 of 30 services.*192\.0\.2\.10:80 and 20 more go on.*`ipvsadm -ln` shows the others/,
    );
    assert.doesNotMatch(all ?? '', /192\.0\.2\.11:80/);
  });

  it('says what lvs_flush_on_stop leaves there', async () => {
    const told = await complaintsOfStop(`global_defs {\n lvs_flush_on_stop\n}\n${three}`, ({ ipvs }) => {
      ipvs.flush = async () => failed;
    });
    assert.deepEqual(told, [
      'lvs_flush_on_stop: the kernel refuses to empty its table: operation not permitted [EPERM]; all that is in it goes on taking ' +
        'connections, for servers that nobody checks any more. The daemon tries it once more at most; if that fails, too, empty it with `ipvsadm -C`',
    ]);
  });

  it('removes what an earlier life left, although its table could never be read', async () => {
    const ipvs = (await Stand.start(three)).ipvs;
    const edits = ipvs.text;
    ipvs.blind = 'no buffer space available [ENOBUFS]';
    const stand = await Stand.start(three, { ipvs, facts: { isRestart: true } });
    assert.equal(ipvs.text, edits);
    await stand.stop();
    assert.equal(ipvs.table.size, 0);
  });

  it('says nothing of services that went with their module', async () => {
    const gone = { outcome: 'failed', code: 'EPROTONOSUPPORT', error: 'the kernel has no IPVS' } as const;
    const told = await complaintsOfStop(three, ({ ipvs }) => {
      ipvs.apply = async (edits) => edits.map(() => gone);
    });
    assert.deepEqual(told, []);
  });

  it('says which sync daemons go on', async () => {
    const told = await complaintsOfStop(`global_defs {\n lvs_sync_daemon eth1\n}\n${three}`, ({ ipvs }) => {
      ipvs.stopSyncDaemon = async () => failed;
    });
    assert.deepEqual(told, [
      'the kernel does not end the master sync daemon on eth1: operation not permitted [EPERM]. It goes on after this daemon; end it with ' +
        '`ipvsadm --stop-daemon master`',
      'the kernel does not end the backup sync daemon on eth1: operation not permitted [EPERM]. It goes on after this daemon; end it with ' +
        '`ipvsadm --stop-daemon backup`',
    ]);
  });

  it('promises no further try where the work under way is refused meanwhile', async () => {
    const stand = await Stand.start(three.replaceAll('real_server 10.0.0.1 80 {', 'real_server 10.0.0.1 80 {\n TCP_CHECK {\n }'));
    refusing(() => true)(stand);
    stand.checks.tell('10.0.0.1', false);
    await stand.stop();
    assert.ok(stand.complaints().some((one) => /refuses to remove 10\.0\.0\.1:80/.test(one)));
    assert.doesNotMatch(stand.complaints().join('\n'), /It is tried again/);
  });
});
