/** The pure parts of the ports to servers: echo messages, the sysctl's range, what a failed handshake means, where packets leave from. */
import assert from 'node:assert/strict';
import { departureOf, isPrepared } from '@mainstay/core/server-ports/departure';
import { echoRequest, isReplyTo } from '@mainstay/core/server-ports/echo-message';
import { widened } from '@mainstay/core/server-ports/ping-group-range';
import { tlsRefusal } from '@mainstay/core/server-ports/tls-refusal';
import fc from 'fast-check';
import { describe, it } from 'mocha';

/** As the kernel would have it sent back. */
function replyTo(family: 4 | 6, request: Buffer): Buffer {
  const reply = Buffer.from(request);
  reply[0] = family === 4 ? 0 : 129;
  reply.writeUInt16BE(0xabcd, 2);
  reply.writeUInt16BE(4711, 4);
  return reply;
}

describe('echo messages', () => {
  for (const family of [4, 6] as const) {
    it(`know the reply to an IPv${family} request among all others`, () => {
      for (const size of [0, 1, 16, 56, 1000]) {
        const request = echoRequest(family, size);
        assert.equal(request.length, 8 + size);
        assert.equal(request[0], family === 4 ? 8 : 128);
        assert.equal(isReplyTo(family, request, replyTo(family, request)), true);
        assert.equal(isReplyTo(family, request, request), false, 'a request is no reply');
        if (size >= 16) assert.equal(isReplyTo(family, request, replyTo(family, echoRequest(family, size))), false);
      }
    });

    it(`take nothing else for the IPv${family} reply`, () => {
      const request = echoRequest(family, 56);
      const reply = replyTo(family, request);
      const free = new Set([2, 3, 4, 5]);
      fc.assert(fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => !isReplyTo(family, request, Buffer.from(bytes))));
      for (let i = 0; i < reply.length; i++) {
        const changed = Buffer.from(reply);
        changed[i] = (changed[i] ?? 0) ^ 1;
        assert.equal(isReplyTo(family, request, changed), free.has(i), `byte ${i}`);
        assert.equal(isReplyTo(family, request, reply.subarray(0, i)), false);
      }
    });
  }
});

describe('net.ipv4.ping_group_range', () => {
  it('takes in one more group, and loses none', () => {
    assert.equal(widened('1\t0\n', 0), '0 0');
    assert.equal(widened('1\t0\n', 500), '500 500');
    assert.equal(widened('100 200', 50), '50 200');
    assert.equal(widened('100 200', 300), '100 300');
    assert.equal(widened('0\t2147483647\n', 10), '0 2147483647');
    assert.equal(widened('', 10), '10 10');
  });
});

describe('refusals of TLS', () => {
  const what = 'no TLS with 192.0.2.1 port 443';

  it('say in words what the codes mean', () => {
    for (const [code, words] of [
      ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /offers no version from TLS 1\.2 on/],
      ['ERR_SSL_UNSUPPORTED_PROTOCOL', /offers no version from TLS 1\.2 on/],
      ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak TLS/],
      ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', /no cipher in common/],
      ['CERT_HAS_EXPIRED', /has expired/],
      ['ERR_TLS_CERT_ALTNAME_INVALID', /for another name/],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', /no trusted authority/],
      ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /no trusted authority/],
    ] as const) {
      const refusal = tlsRefusal(what, Object.assign(new Error('openssl says'), { code }));
      assert.equal(refusal?.errno, 'ETLS');
      assert.match(refusal?.message ?? '', words);
      assert.ok(refusal?.message.startsWith(`${what}: `) && refusal.message.endsWith(`[${code}]`));
    }
  });

  it('keep the words of what they do not know', () => {
    assert.equal(tlsRefusal(what, new Error('out of ink'))?.message, `${what}: out of ink`);
  });

  it('leave refusals of the connection to the connection, but for an end in the midst of the handshake', () => {
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
    assert.equal(tlsRefusal(what, reset), undefined);
    assert.match(tlsRefusal(what, Object.assign(new Error('…'), { code: 'ECONNRESET' }))?.message ?? '', /closed the connection/);
  });
});

describe('departures', () => {
  it('need a prepared socket only where something is asked for', () => {
    const to = { address: '192.0.2.1', port: 80 };
    assert.equal(isPrepared(to), false);
    assert.equal(isPrepared({ ...to, mark: 0 }), false);
    for (const more of [{ mark: 1 }, { link: 'eth0' }, { localAddress: '192.0.2.9' }, { localPort: 1024 }])
      assert.equal(isPrepared({ ...to, ...more }), true);
  });

  it('are of the family of the address', () => {
    assert.equal(departureOf({ address: '192.0.2.1' }).family, 4);
    const departure = departureOf({ address: 'fe80::1', link: 'eth0', localAddress: 'fe80::2', localPort: 99, mark: 3 });
    assert.deepEqual([departure.family, departure.localAddress?.length, departure.link], [6, 16, 'eth0']);
  });
});
