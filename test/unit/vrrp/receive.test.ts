/** Which received advertisements are believed, and the order of the checks (plugins/vrrp/src/receive.ts). */
import assert from 'node:assert/strict';
import type { RawIpPacket } from '@mainstay/sdk';
import { type Advert, type ChecksumForm, encodeAdvert, noAuthentication } from '@mainstay/vrrp';
import type { InstanceConfig } from '@mainstay/vrrp/internal/instance-config.js';
import { receive } from '@mainstay/vrrp/internal/receive.js';
import { describe, it } from 'mocha';
import { configOf, type Written } from './by-hand.js';

interface Sent extends Partial<Advert> {
  readonly source?: string;
  readonly destination?: string;
  readonly hopLimit?: number;
  readonly form?: ChecksumForm;
  /** Changes the bytes after the checksum was made. */
  spoil?(bytes: Uint8Array): Uint8Array;
}

const own = '192.0.2.1';

/** What a router configured like `config` would send, with differences. */
function packet(config: InstanceConfig, sent: Sent = {}): RawIpPacket {
  const is6 = config.family === 6;
  const source = sent.source ?? (is6 ? 'fe80::2' : '192.0.2.2');
  const destination = sent.destination ?? (config.isUnicast ? own : config.group);
  const advert: Advert = {
    version: config.version,
    virtualRouterId: 51,
    priority: 100,
    intervalMs: config.advertIntervalMs,
    addresses: config.addresses.map(({ address }) => address),
    authType: config.authType,
    authData: config.password,
    ...sent,
  };
  const bytes = encodeAdvert(advert, { source, destination }, sent.form ?? config.checksum);
  const payload = sent.spoil?.(bytes) ?? bytes;
  return { source, destination, hopLimit: sent.hopLimit ?? 255, link: 2, payload, receivedAt: 0 };
}

function outcome(config: InstanceConfig, sent: Sent = {}, ownSource: string | undefined = own): string {
  const receipt = receive(packet(config, sent), config, ownSource);
  return receipt.ok ? 'ok' : receipt.cause;
}

function flip(index: number, value: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    bytes[index] = value;
    return bytes;
  };
}

const v2 = configOf();
const v3 = configOf({ version: '3' });
const v6 = configOf({ virtual_ipaddress: ['fe80::100/64', '2001:db8::100/64'] });
const pass = configOf({ authentication: ['auth_type PASS', 'auth_pass secret'] });
const unicast = (written: Written = {}) => configOf({ version: '3', unicast_peer: ['192.0.2.2'], ...written });

describe('received advertisements', () => {
  it('of a router configured alike are believed', () => {
    for (const config of [v2, v3, v6, pass, unicast(), unicast({ version: '2' })]) assert.equal(outcome(config), 'ok');
    assert.equal(outcome(v3, { priority: 0 }), 'ok');
    assert.equal(outcome(v3, {}, undefined), 'ok');
  });

  it('are dropped by each cause', () => {
    const table: readonly (readonly [string, InstanceConfig, Sent])[] = [
      ['ttl', v2, { hopLimit: 254 }],
      ['ttl', v3, { hopLimit: 0 }],
      ['ttl', v6, { hopLimit: 64 }],
      ['own-packet', v2, { source: own }],
      ['destination', v2, { destination: own }],
      ['destination', v6, { destination: 'fe80::1' }],
      ['source', v6, { source: '2001:db8::2' }],
      ['version', v2, { version: 3 }],
      ['version', v3, { version: 2 }],
      ['version', v2, { spoil: flip(0, 0x41) }],
      ['type', v2, { spoil: flip(0, 0x22) }],
      ['length', v2, { spoil: (bytes) => bytes.subarray(0, 7) }],
      ['length', v2, { spoil: (bytes) => bytes.subarray(0, bytes.length - 1) }],
      ['length', v3, { spoil: (bytes) => Uint8Array.from([...bytes, 0]) }],
      ['checksum', v2, { spoil: flip(6, 0) }],
      ['checksum', v3, { form: 'as-v2' }],
      ['checksum', configOf({ version: '3', v3_checksum_as_v2: '' }), { form: 'rfc' }],
      ['auth-type-mismatch', v2, { authType: 1 }],
      ['auth-type-mismatch', v2, { authType: 2 }],
      ['auth-type-mismatch', pass, { authType: 0, authData: noAuthentication }],
      ['auth-type-invalid', v2, { authType: 3 }],
      ['auth-type-invalid', pass, { authType: 255 }],
      ['auth-failure', pass, { authData: Uint8Array.from(Buffer.from('secrets\0')) }],
      ['auth-failure', pass, { authData: noAuthentication }],
      ['interval', v2, { intervalMs: 2000 }],
      ['interval', v2, { intervalMs: 0 }],
      ['interval', v3, { intervalMs: 0 }],
      ['owner', configOf({ priority: '255' }), {}],
      ['owner', configOf({ priority: '255' }), { priority: 0 }],
    ];
    for (const [cause, config, sent] of table) assert.equal(outcome(config, sent), cause, `${cause} ${JSON.stringify(sent)}`);
  });

  it('are dropped by the first cause in the order of the checks', () => {
    const everything: Sent = { source: own, hopLimit: 1, spoil: flip(6, 0), authType: 3, intervalMs: 9000 };
    assert.equal(outcome(pass, everything), 'own-packet');
    assert.equal(outcome(pass, { ...everything, source: '192.0.2.2' }), 'ttl');
    assert.equal(outcome(pass, { ...everything, source: '192.0.2.2', hopLimit: 255 }), 'checksum');
    const sealed = { authType: 3, intervalMs: 9000 };
    assert.equal(outcome(pass, sealed), 'auth-type-invalid');
    assert.equal(outcome(pass, { ...sealed, authType: 0 }), 'auth-type-mismatch');
    assert.equal(outcome(pass, { ...sealed, authType: 1, authData: noAuthentication }), 'auth-failure');
    assert.equal(outcome(pass, { intervalMs: 9000 }), 'interval');
  });

  it('in version 3 may have another interval, down to 10 ms', () => {
    for (const intervalMs of [10, 500, 40_950]) assert.equal(outcome(v3, { intervalMs }), 'ok');
  });

  it('with authentication type 0 may have anything in the authentication data', () => {
    assert.equal(outcome(v2, { authData: new Uint8Array(8).fill(7) }), 'ok');
  });

  it('by unicast: source, TTL bounds of the peer, destination', () => {
    assert.equal(outcome(unicast(), { hopLimit: 3 }), 'ok');
    assert.equal(outcome(unicast(), { source: '198.51.100.9' }), 'ok');
    assert.equal(outcome(unicast({ check_unicast_src: '' }), { source: '198.51.100.9' }), 'source');
    assert.equal(outcome(unicast(), { destination: '224.0.0.18' }), 'destination');
    const bounded = unicast({ unicast_peer: ['192.0.2.2 min_ttl 250 max_ttl 254', '192.0.2.3'] });
    const results = [249, 250, 254, 255].map((hopLimit) => outcome(bounded, { hopLimit }));
    assert.deepEqual(results, ['ttl', 'ok', 'ok', 'ttl']);
    assert.equal(outcome(bounded, { source: '192.0.2.3', hopLimit: 1 }), 'ok');
    assert.equal(outcome(bounded, { source: '192.0.2.4' }), 'source');
  });

  it('by unicast: the checksum of old keepalived is followed, unless never', () => {
    const old = unicast({ old_unicast_checksum: '' });
    assert.deepEqual([outcome(unicast(), { form: 'multicast' }), outcome(unicast(), { form: 'rfc' })], ['ok', 'ok']);
    assert.deepEqual([outcome(old, { form: 'multicast' }), outcome(old, { form: 'rfc' })], ['ok', 'ok']);
    assert.equal(outcome(unicast({ old_unicast_checksum: 'never' }), { form: 'multicast' }), 'checksum');
  });

  it('without the pseudo-header are believed also where both forms are right', () => {
    const config = configOf({ version: '3', v3_checksum_as_v2: '', virtual_ipaddress: '10.0.0.1' });
    assert.equal(outcome(config, { source: '10.0.21.113' }), 'ok');
  });

  it('with other addresses are believed and marked', () => {
    const differs = (config: InstanceConfig, addresses: readonly string[]) => {
      const receipt = receive(packet(config, { addresses }), config, own);
      assert.ok(receipt.ok);
      return receipt.isAddressListDifferent;
    };
    const two = configOf({ virtual_ipaddress: ['192.0.2.100/24', '192.0.2.101/24'] });
    assert.equal(differs(two, ['192.0.2.100', '192.0.2.101']), false);
    assert.equal(differs(two, ['192.0.2.101', '192.0.2.100']), false);
    assert.equal(differs(two, ['192.0.2.100']), true);
    assert.equal(differs(two, []), true);
    assert.equal(differs(two, ['192.0.2.100', '192.0.2.102']), true);
    const twice = configOf({ virtual_ipaddress: ['192.0.2.100/24', '192.0.2.100/24 dev eth1'] });
    assert.equal(differs(twice, ['192.0.2.100', '192.0.2.100']), false);
    assert.equal(differs(configOf({ skip_check_adv_addr: '' }), []), false);
  });

  it('are never changed by looking at them', () => {
    const received = packet(pass);
    const before = Buffer.from(received.payload).toString('hex');
    receive(received, pass, own);
    assert.equal(Buffer.from(received.payload).toString('hex'), before);
  });
});
