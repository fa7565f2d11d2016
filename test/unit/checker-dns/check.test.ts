/** DNS_CHECK against peers that the test writes: what counts as an answer, what is passed over, what is down. */
import assert from 'node:assert/strict';
import { dnsCheck, encodeQuery, mostFollowed, mostStrays } from '@mainstay/checker-dns';
import { ConfigRefused, runChecker } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { refused, type ScriptedUdp, scriptedUdp, type UdpAnswers } from '../../support/scripted-ports.js';

/** A record of the name that was asked for (a pointer to it), of type SOA, class IN. */
const record = (data: Uint8Array | string = 'data', name: readonly number[] = [0xc0, 12]) =>
  Buffer.concat([
    Uint8Array.of(...name, 0, 6, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255),
    Buffer.from(data as string),
  ]);

interface Shape {
  readonly flags?: number;
  /** As many as are in `section` unless it says something else. */
  readonly answers?: number;
  readonly section?: readonly Uint8Array[];
  readonly id?: number;
}

/** The query turned into a reply with these flags and answers. */
function reply(query: Uint8Array, { flags = 0x8180, section = [record()], answers = section.length, id }: Shape = {}) {
  const bytes = Buffer.concat([query, ...section]);
  bytes.writeUInt16BE(flags, 2);
  bytes.writeUInt16BE(answers, 6);
  if (id !== undefined) bytes.writeUInt16BE(id, 0);
  return bytes;
}

const idOf = (bytes: Uint8Array) => Buffer.from(bytes).readUInt16BE(0);

async function run(udp: ScriptedUdp, keywords = '') {
  const { verdict, durationMs } = await runChecker(dnsCheck, {
    config: `DNS_CHECK {\n${keywords}\n}`,
    target: { port: 53 },
    ports: { udp },
    deadlineMs: 2000,
  });
  assert.equal(udp.openCount, 0, 'a socket stayed open');
  return { verdict, durationMs, udp };
}

const against = (answer: (query: Uint8Array) => UdpAnswers, keywords = '') => run(scriptedUdp(answer), keywords);

describe('DNS_CHECK', () => {
  it('asks for the SOA of the root unless told otherwise, and is up with an answer', async () => {
    const { verdict, udp } = await against((query) => [reply(query)]);
    assert.deepEqual(verdict, { ok: true, detail: 'SOA .: NOERROR, 1 answer' });
    assert.deepEqual(udp.opened, [{ address: '192.0.2.10', port: 53 }]);
    const [sent = new Uint8Array()] = udp.sent;
    assert.equal(Buffer.from(sent.subarray(2)).toString('hex'), '01000001000000000000' + '00' + '0006' + '0001');
  });

  it('asks for what is configured, in either case', async () => {
    const { verdict, udp } = await against(
      (query) => [reply(query, { section: [record(), record()] })],
      'type aaaa\nname www.example.com.',
    );
    assert.deepEqual(verdict, { ok: true, detail: 'AAAA www.example.com.: NOERROR, 2 answers' });
    const question = Buffer.from(udp.sent[0]?.subarray(12) ?? []);
    assert.equal(question.toString('latin1'), '\x03www\x07example\x03com\0\0\x1c\0\x01');
  });

  it('is up with a truncated answer and with none, as keepalived', async () => {
    const truncated = await against((query) => [reply(query, { flags: 0x8380, section: [] })]);
    assert.deepEqual(truncated.verdict, { ok: true, detail: 'SOA .: NOERROR, 0 answers, truncated' });
    const cut = await against((query) => [reply(query, { flags: 0x8380, answers: 7 }).subarray(0, -3)]);
    assert.deepEqual(cut.verdict, { ok: true, detail: 'SOA .: NOERROR, 7 answers, truncated' });
  });

  it('is up whatever the records say: data that no codec knows, other sections that are cut off', async () => {
    const strange = [record(''), record(Buffer.alloc(300, 0xff)), record('\xc0\xff', [1, 0xff, 0xc0, 12])];
    for (const more of [[], [Buffer.from('\xff\xff')]]) {
      const { verdict } = await against((query) => {
        const bytes = reply(query, { section: [...strange, ...more], answers: 3 });
        // Records that name servers and those behind them, by the header's account.
        bytes.writeUInt16BE(9, 8);
        bytes.writeUInt16BE(9, 10);
        return [bytes];
      });
      assert.deepEqual(verdict, { ok: true, detail: 'SOA .: NOERROR, 3 answers' });
    }
  });

  it('is up without a question in the reply, and with its letters in another case', async () => {
    const bare = (query: Uint8Array) => {
      const bytes = reply(query.subarray(0, 12), { section: [record('', [0])] });
      bytes.writeUInt16BE(0, 4);
      return [bytes];
    };
    assert.equal((await against(bare)).verdict.ok, true);
    const upper = (query: Uint8Array) => {
      const bytes = reply(query);
      return [Buffer.concat([bytes.subarray(0, 12), Buffer.from(bytes.toString('latin1', 12).toUpperCase(), 'latin1')])];
    };
    assert.equal((await against(upper, 'name www.example')).verdict.ok, true);
  });

  const loop = 'Cannot decode name (bad pointer)';
  for (const [what, damage, section, answers] of [
    ['its header alone', 'Cannot decode name (buffer overflow)', undefined, 1],
    ['fewer records than it counts', 'Cannot decode name (buffer overflow)', [record()], 2],
    ['a record that ends in its head', 'it ends too soon', [record().subarray(0, 8)], 1],
    ['data that are longer than it', 'it ends too soon', [record('four').subarray(0, -1)], 1],
    ['a name that points to itself', loop, [record('', [0xc0, 17])], 1],
    ['a name that points ahead', loop, [record('', [0xc0, 40]), record()], 2],
    ['a pointer to a pointer to itself', loop, [record('', [0xc0, 31]), record('', [0xc0, 31])], 2],
    ['a label of no kind', 'Cannot decode name (bad label)', [record('', [0x80, 1, 0])], 1],
    ['a name that is too long', 'Cannot decode name (name too long)', [record('', [...Array(300).fill(1), 0])], 1],
  ] as const) {
    it(`is down with a reply of ${what}`, async () => {
      const { verdict } = await against((query) =>
        section === undefined ? [reply(query).subarray(0, 12)] : [reply(query, { section, answers })],
      );
      assert.deepEqual(verdict, { ok: false, reason: `SOA .: the reply is damaged: ${damage}` });
    });
  }

  it('is down with a reply to many questions, at once', async () => {
    const { verdict } = await against((query) => {
      const bytes = reply(query);
      bytes.writeUInt16BE(65_535, 4);
      return [Buffer.concat([bytes, Buffer.alloc(65_000)])];
    });
    assert.deepEqual(verdict, { ok: false, reason: 'SOA .: the reply is damaged: it has 65535 questions' });
  });

  it('does not follow answers further than a reply is long', async () => {
    const ahead = record('', [0xc0, 0xff]);
    const full = Math.ceil((mostFollowed - 17) / record().length);
    const many = Array.from({ length: full }, () => record());
    assert.equal((await against((query) => [reply(query, { section: [...many, ahead] })])).verdict.ok, true);
    assert.equal(
      (await against((query) => [reply(query, { section: [...many.slice(1), record('', [0x80])] })])).verdict.ok,
      false,
    );
  });

  for (const [code, name] of [
    [1, 'FORMERR'],
    [2, 'SERVFAIL'],
    [3, 'NXDOMAIN'],
    [5, 'REFUSED'],
    [15, 'RCODE_15'],
  ] as const) {
    it(`is down with response code ${code}`, async () => {
      const { verdict } = await against((query) => [reply(query, { flags: 0x8180 | code })]);
      assert.deepEqual(verdict, { ok: false, reason: `SOA .: answered ${name}` });
    });
  }

  it('passes over what is too short, has another id, asks instead of answering, or answers something else', async () => {
    const strays = (query: Uint8Array) => [
      new Uint8Array(),
      reply(query).subarray(0, 11),
      reply(query, { id: idOf(query) ^ 1, flags: 0x8182 }),
      reply(query, { flags: 0x0102 }),
      reply(encodeQuery(idOf(query), { name: '.', type: 'NS' })),
      reply(encodeQuery(idOf(query), { name: 'example', type: 'SOA' })),
    ];
    const { verdict } = await against((query) => [...strays(query), reply(query)]);
    assert.equal(verdict.ok, true);
    const alone = await against(strays);
    assert.deepEqual([alone.verdict, alone.durationMs], [{ ok: false, reason: 'timeout' }, 2000]);
  });

  it('gives up on a peer that floods it', async () => {
    const flood = Array.from({ length: 100_000 }, () => Buffer.from('not the answer'));
    const { verdict, durationMs } = await against(() => flood);
    assert.equal(verdict.ok, false);
    assert.match(verdict.ok ? '' : verdict.reason, new RegExp(`${mostStrays} datagrams came`));
    assert.equal(durationMs, 0);
  });

  it('is down at once where an ICMP error comes, and with a timeout where nothing comes', async () => {
    const icmp = await against(() => [refused()]);
    assert.deepEqual(icmp.verdict, { ok: false, reason: 'SOA .: 192.0.2.10 port 53: connection refused' });
    assert.equal(icmp.durationMs, 0);
    assert.deepEqual((await against(() => [])).verdict, { ok: false, reason: 'timeout' });
  });

  it('has another id for each probe', async () => {
    const udp = scriptedUdp((query) => [reply(query)]);
    for (let probe = 0; probe < 50; probe++) await run(udp);
    assert.ok(new Set(udp.sent.map(idOf)).size > 40);
  });

  it('is asked three more times by default, a delay_loop apart', () => {
    assert.deepEqual(dnsCheck.defaults, { retry: 3, delayBeforeRetryMs: 'delay_loop' });
  });

  it('refuses types and names that cannot be, where they stand', async () => {
    const refusal = (keywords: string) =>
      assert.rejects(run(scriptedUdp(), keywords), (error) => {
        assert.ok(error instanceof ConfigRefused);
        return true;
      });
    await refusal('type PTR');
    await assert.rejects(run(scriptedUdp(), 'type DNSKEYS'), /did you mean "DNSKEY"\?/);
    await assert.rejects(
      run(scriptedUdp(), 'name www..example.com'),
      /"www\.\.example\.com" is not a domain name: it has an empty label/,
    );
    await assert.rejects(run(scriptedUdp(), 'name .example'), /empty label/);
    await assert.rejects(run(scriptedUdp(), `name ${'a'.repeat(64)}.example`), /a label is longer than 63 letters/);
    await assert.rejects(run(scriptedUdp(), `name ${'abc.'.repeat(63)}abc`), /longer than 253 letters/);
    await assert.rejects(run(scriptedUdp(), 'name bücher.example'), /only ASCII/);
    await assert.rejects(run(scriptedUdp(), 'name'), /the name is missing/);
  });

  it('can encode the longest name that it accepts, and no longer one', () => {
    const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    assert.equal(longest.length, 253);
    assert.equal(encodeQuery(1, { name: longest, type: 'A' }).length, 12 + 255 + 4);
    assert.throws(() => encodeQuery(1, { name: `${longest}d`, type: 'A' }), RangeError);
  });
});
