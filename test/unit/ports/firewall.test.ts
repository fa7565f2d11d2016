/** The packet filter rules of a host, and what is said where they cannot be set (core/runtime/src/ports/linux/firewall*.ts). */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinuxFirewall } from '@mainstay/core/linux-ports/firewall';
import { replacementOf, tableOf } from '@mainstay/core/linux-ports/firewall-rules';
import { describe, it } from 'mocha';
import { scratch } from '../../support/peers.js';

/** A program in the place of nft. */
function program(body: string): { readonly path: string; readonly folder: string } {
  const folder = scratch();
  const path = join(folder, 'filter');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return { path, folder };
}

async function failureOf(path: string, addresses: readonly string[]): Promise<string> {
  const result = await new LinuxFirewall(path).refuse('one', addresses);
  return result.outcome === 'failed' ? result.error : result.outcome;
}

describe('rules of the packet filter', () => {
  it('hold each address once, in the set of its kind', () => {
    const rules = replacementOf('t', ['192.0.2.1', '2001:DB8:0::1', '192.0.2.1', 'fe80::1%eth0', 'fe80::1%br-lan.5']);
    assert.deepEqual('script' in rules && rules.script.split('\n'), [
      'add table inet t',
      'delete table inet t',
      'table inet t {',
      'set ipv4 { typeof ip daddr; elements = { 192.0.2.1 }; }',
      'set ipv6 { typeof ip6 daddr; elements = { 2001:db8::1 }; }',
      'set scoped { typeof iifname . ip6 daddr; elements = { "eth0" . fe80::1, "br-lan.5" . fe80::1 }; }',
      'chain input {',
      'type filter hook input priority -1; policy accept;',
      'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
      'ip daddr @ipv4 counter drop',
      'ip6 daddr @ipv6 counter drop',
      'iifname . ip6 daddr @scoped counter drop',
      '}',
      '}',
      '',
    ]);
  });

  it('let nothing through that is no address, link or name', () => {
    for (const text of ['', 'x', '192.0.2.1/24', '192.0.2.1 ', '192.0.2.1%eth0', 'fe80::1%', 'fe80::1%a"b', 'fe80::1%a%b'])
      assert.ok('problem' in replacementOf('t', [text]), text);
    for (const link of ['..', 'a/b', 'a b', 'eth*', 'a\\b', 'a:b', 'a\nb', 'sixteen-letters-'])
      assert.ok('problem' in replacementOf('t', [`fe80::1%${link}`]), link);
    assert.deepEqual(['one', 'a-2', '', '2a', 'a b', 'A', 'x'.repeat(25)].map(tableOf), [
      'mainstay-one',
      'mainstay-a-2',
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('the packet filter', () => {
  it('without its program: says what that means and what to install; there is nothing to remove', async () => {
    const missing = '/nonexistent/filter';
    assert.equal(
      await failureOf(missing, ['192.0.2.1', 'fe80::1%eth0']),
      'packets to 192.0.2.1, fe80::1%eth0 are not refused, unless they were before: the program nft is not installed: install the package nftables',
    );
    assert.equal(await failureOf(missing, []), 'unchanged');
  });

  it('names a few of many addresses', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    assert.match(
      await failureOf('/nonexistent/filter', many),
      /^packets to 10\.0\.0\.0, .*10\.0\.0\.4 and 295 more are not refused/,
    );
  });

  it('that refuses: gives its words and a hint', async () => {
    const says = (words: string) => program(`cat >/dev/null; echo '${words}' >&2; exit 1`).path;
    const forbidden = 'netlink: Error: cache initialization failed: Operation not permitted';
    assert.match(
      await failureOf(says(forbidden), ['192.0.2.1']),
      /: nft says: cache initialization failed: Operation not permitted; it needs CAP_NET_ADMIN: /,
    );
    assert.match(
      await failureOf(says(forbidden), []),
      /table inet mainstay-one could not be removed, .*still dropped.*CAP_NET_ADMIN/,
    );
    const unable = '/dev/stdin:1:1-2: Error: Could not process rule: Operation not supported';
    assert.match(
      await failureOf(says(unable), ['192.0.2.1']),
      /: Could not process rule: Operation not supported; the kernel needs /,
    );
    assert.equal(await failureOf(says('Error: Could not process rule: No such file or directory'), []), 'unchanged');
    assert.match(await failureOf(program('exit 3').path, ['192.0.2.1']), /: nft says: nothing, exit code 3$/);
    assert.match(await failureOf(program('kill -9 $$').path, ['192.0.2.1']), /: nft could not be run: it was ended by SIGKILL$/);
  });

  it('takes calls one after the other, in their order', async () => {
    const { path, folder } = program(
      'echo begin >>"$(dirname "$0")/log"; cat >>"$(dirname "$0")/log"; echo end >>"$(dirname "$0")/log"',
    );
    const firewall = new LinuxFirewall(path);
    const results = await Promise.all([firewall.refuse('a', []), firewall.refuse('b', []), firewall.refuse('a', [])]);
    assert.ok(results.every(({ outcome }) => outcome === 'done'));
    const run = (set: string) => `begin\ndelete table inet mainstay-${set}end\n`;
    assert.equal(readFileSync(join(folder, 'log'), 'utf8'), run('a') + run('b') + run('a'));
  });
});
