/** The Linux port `ipvs` when things go wrong: answers lost, tables torn, the module gone, loaded anew, or never there. By bytes. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { loadModule } from '@mainstay/core/linux-ipvs/kernel-module';
import { editOutcome } from '@mainstay/core/linux-ipvs/outcomes';
import { type IpvsEdit, PortError } from '@mainstay/sdk';
import { IpvsTable } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { NetlinkKernel } from '../../support/netlink-kernel.js';

const web = { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const add: IpvsEdit = { do: 'addService', service: { id: web, scheduler: 'rr' } };

function addition(i: number, kind: 'addDestination' | 'editDestination' = 'addDestination'): IpvsEdit {
  const address = `10.0.${i >> 8}.${i & 255}`;
  const numbers = { weight: 1, upperThreshold: 0, lowerThreshold: 0 };
  return { do: kind, service: web, destination: { family: 4, address, port: 80, method: 'nat', ...numbers } };
}

function make(load: () => Promise<string | undefined> = async () => 'modprobe says no') {
  const kernel = new NetlinkKernel(new IpvsTable(() => true));
  const opened = { times: 0 };
  const open = () => {
    opened.times++;
    return kernel;
  };
  return { kernel, opened, ipvs: new LinuxIpvs({ open, load }) };
}

async function refused(promise: Promise<unknown>): Promise<PortError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PortError, `${error}`);
  return error;
}

describe('the Linux port ipvs', () => {
  it('asks the kernel nothing before it is used, and for its number once', async () => {
    const { kernel, ipvs, opened } = make();
    assert.deepEqual([kernel.datagrams, opened.times], [0, 0]);
    await ipvs.apply([add]);
    await ipvs.read();
    // The number, the service; the services and the destinations of one.
    assert.equal(kernel.datagrams, 4);
  });

  it('sends many edits in few datagrams', async () => {
    const { kernel, ipvs } = make();
    const edits = [add, ...Array.from({ length: 999 }, (_, i) => addition(i))];
    const results = await ipvs.apply(edits);
    assert.deepEqual([results.length, results.every(({ outcome }) => outcome === 'done')], [1000, true]);
    assert.equal(kernel.datagrams, 1 + Math.ceil(1000 / 256));
  });

  it('sends again what got no answer, and takes what is there for done', async () => {
    const { kernel, ipvs } = make();
    kernel.lost = 2;
    const results = await ipvs.apply([add, addition(1), addition(2)]);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['unchanged', 'unchanged', 'done'],
    );
    assert.deepEqual([kernel.changes, kernel.table.list()[0]?.destinations.length], [5, 2]);
  });

  it('fails an edit that is none, and nothing else', async () => {
    const { kernel, ipvs } = make();
    const broken = { do: 'addDestination', service: web } as unknown as IpvsEdit;
    const results = await ipvs.apply([add, broken, addition(1)]);
    assert.deepEqual(
      results.map((result) => (result.outcome === 'failed' ? result.code : result.outcome)),
      ['done', 'EINVAL', 'done'],
    );
    assert.equal(kernel.changes, 2);
  });

  it('gives up on answers that never come', async () => {
    const { kernel, ipvs } = make();
    kernel.lost = Number.POSITIVE_INFINITY;
    const [result] = await ipvs.apply([add]);
    assert.deepEqual(result, { outcome: 'failed', code: 'ENOBUFS', error: 'the answer of the kernel was lost [ENOBUFS]' });
    assert.equal(kernel.changes, 3);
  });

  it('reads a table again that changed while it was read, and says so where it never rests', async () => {
    const { kernel, ipvs } = make();
    await ipvs.apply([add, addition(1)]);
    kernel.torn = 3;
    assert.equal((await ipvs.read())[0]?.destinations.length, 1);
    kernel.torn = Number.POSITIVE_INFINITY;
    const error = await refused(ipvs.read());
    assert.deepEqual([error.errno, /in 10 tries/.test(error.message)], ['EINTR', true]);
  });

  it('finds the family again under another number, for edits and for questions', async () => {
    const { kernel, ipvs } = make();
    await ipvs.apply([add]);
    kernel.familyId = 41;
    assert.deepEqual(await ipvs.apply([addition(1), addition(2)]), [{ outcome: 'done' }, { outcome: 'done' }]);
    kernel.familyId = 42;
    assert.equal((await ipvs.read())[0]?.destinations.length, 2);
    kernel.familyId = 43;
    assert.equal((await ipvs.timeouts()).tcp, 900);
    kernel.familyId = 44;
    assert.deepEqual(await ipvs.syncDaemons(), []);
  });

  it('takes ENOENT of a family that is still there for what it is', async () => {
    const { kernel, ipvs } = make();
    await ipvs.apply([add]);
    const [result] = await ipvs.apply([addition(1, 'editDestination')]);
    assert.deepEqual(result, {
      outcome: 'failed',
      code: 'ENOENT',
      error: 'the destination 10.0.0.1:80 is not in the virtual service TCP 192.0.2.1:80 [ENOENT]',
    });
    assert.equal(kernel.changes, 2);
  });

  it('knows why the scheduler mh is not taken', () => {
    const result = editOutcome({ do: 'editService', service: { id: web, scheduler: 'mh' } }, { errno: constants.errno.EINVAL });
    assert.match(
      (result.outcome === 'failed' && result.error) || '',
      /mh has fewer places than the service has servers.*\[EINVAL\]/,
    );
  });

  it('loads the module once, and says what to do where that is not possible', async () => {
    let loads = 0;
    const { kernel, ipvs } = make(async () => {
      loads++;
      return 'modprobe says no';
    });
    kernel.hasFamily = false;
    const error = await refused(ipvs.read());
    assert.equal(error.errno, 'EPROTONOSUPPORT');
    assert.match(error.message, /^the kernel has no IPVS, so nothing can be balanced \(modprobe says no\) .*modprobe ip_vs/);
    const results = await ipvs.apply([add, addition(1)]);
    assert.deepEqual(
      results.map((result) => result.outcome === 'failed' && result.code),
      ['EPROTONOSUPPORT', 'EPROTONOSUPPORT'],
    );
    assert.equal((await refused(ipvs.timeouts())).errno, 'EPROTONOSUPPORT');
    const flushed = await ipvs.flush();
    assert.ok(flushed.outcome === 'failed' && flushed.code === 'EPROTONOSUPPORT');
    assert.equal(loads, 1);
    // Somebody loads it by hand.
    kernel.hasFamily = true;
    assert.deepEqual(await ipvs.apply([add]), [{ outcome: 'done' }]);
  });

  it('works once the module is loaded', async () => {
    const { kernel, ipvs } = make(async () => {
      kernel.hasFamily = true;
      return undefined;
    });
    kernel.hasFamily = false;
    assert.deepEqual(await ipvs.read(), []);
  });

  it('says why modprobe could not load it', async () => {
    assert.match((await loadModule('ip_vs', ['/nowhere/modprobe'])) ?? '', /the module is not loaded, and /);
    assert.match((await loadModule('no_such_module', ['/bin/ls'])) ?? '', /^\/bin\/ls no_such_module says: .*no_such_module/);
    assert.equal(await loadModule('ip_vs', ['/bin/true']), undefined);
  });

  it('reports counters as they are', async () => {
    const { kernel, ipvs } = make();
    await ipvs.apply([add, addition(1)]);
    const huge = 2n ** 63n + 1n;
    kernel.table.setTraffic(web, { inBytes: huge, connectionRate: 12 });
    const destination = { family: 4, address: '10.0.0.1', port: 80 } as const;
    kernel.table.setTraffic(web, { activeConnections: 4294967295, persistentConnections: 2, outPackets: 7n }, destination);
    const [service] = await ipvs.read();
    assert.deepEqual([service?.statistics.inBytes, service?.statistics.connectionRate], [huge, 12]);
    const [one] = service?.destinations ?? [];
    assert.deepEqual([one?.activeConnections, one?.persistentConnections, one?.statistics.outPackets], [4294967295, 2, 7n]);
  });
});
