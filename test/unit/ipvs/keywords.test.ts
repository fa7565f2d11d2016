/** Every keyword of load balancing that keepalived 2.2.7 has stands in a configuration that keepalived and Mainstay are compared with. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Statement } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { worlds } from '../../ipvs/parity/worlds.js';
import { root } from '../../support/repository.js';
import { treeOf } from './configs.js';

const words = (text: string): readonly string[] => text.split(/\s+/).filter(Boolean);

/** By the block that they stand in. Without regex_max_offset, with which keepalived now succeeds and now fails: docs/decisions/0017. */
const keywords: Readonly<Record<string, readonly string[]>> = {
  'a virtual_server':
    words(`ip_family delay_loop warmup retry delay_before_retry connect_timeout inhibit_on_failure lb_algo lvs_sched
    hashed ops flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback lb_kind lvs_method persistence_engine persistence_timeout
    persistence_granularity protocol ha_suspend virtualhost snmp_name smtp_alert alpha omega quorum hysteresis quorum_up quorum_down
    weight sorry_server sorry_server_inhibit sorry_server_lvs_method real_server`),
  'a real_server': words(`weight lvs_method uthreshold lthreshold inhibit_on_failure alpha smtp_alert notify_up notify_down retry
    delay_before_retry warmup connect_timeout delay_loop virtualhost snmp_name TCP_CHECK HTTP_GET SSL_GET SMTP_CHECK
    DNS_CHECK UDP_CHECK PING_CHECK MISC_CHECK FILE_CHECK`),
  'a checker':
    words(`connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark retry delay_before_retry warmup delay_loop
    alpha log_all_failures url virtualhost http_protocol fast_recovery enable_sni nb_get_retry helo_name type name misc_path
    misc_timeout misc_dynamic user payload require_reply min_reply_length max_reply_length track_file weight`),
  'a url': words('path digest status_code virtualhost regex regex_no_match regex_options regex_min_offset regex_stack'),
};

/** Forms that a line of a virtual_server_group may have. */
const forms: Readonly<Record<string, RegExp>> = {
  'ADDR PORT': /^[0-9.]+ [0-9]+$/,
  'ADDR-N PORT': /^[0-9.]+-[0-9]+ [0-9]+$/,
  'ADDR-ADDR PORT': /^[0-9.]+-[0-9.]+\.[0-9]+ [0-9]+$/,
  'ADDR/LENGTH PORT': /^[0-9.]+\/[0-9]+ [0-9]+$/,
  'an IPv6 range': /^[0-9a-f:]+-[0-9a-f]+ [0-9]+$/,
  'fwmark N': /^fwmark [0-9]+$/,
  'fwmark N inet': /^fwmark [0-9]+ inet$/,
  'fwmark N inet6': /^fwmark [0-9]+ inet6$/,
};

type Found = Map<string, Set<string>>;

function collect(statements: readonly Statement[], around: string, found: Found): void {
  for (const { keyword, args, block } of statements) {
    const set = found.get(around) ?? new Set<string>();
    found.set(around, set.add(keyword.text));
    if (around === 'a group') set.add([keyword, ...args].map(({ text }) => text).join(' '));
    if (block !== undefined) collect(block, within(keyword.text, around), found);
  }
}

function within(keyword: string, around: string): string {
  if (keyword === 'virtual_server_group') return 'a group';
  if (keyword === 'virtual_server' || keyword === 'real_server' || keyword === 'url') return `a ${keyword}`;
  return around === 'a real_server' ? 'a checker' : '';
}

describe('ipvs: what keepalived and Mainstay are compared with', function () {
  this.timeout(60_000);
  const found: Found = new Map();
  let count = 0;

  it('is read', async () => {
    const folder = join(root, 'test/fixtures/ipvs');
    const files = readdirSync(folder).filter((file) => file.endsWith('.conf') && file !== 'group-range-across.conf');
    const texts = [
      ...files.map((file) => readFileSync(join(folder, file), 'utf8')),
      ...worlds.flatMap(({ configs }) => Object.values(configs)),
    ];
    for (const text of texts) collect((await treeOf(text)).statements, '', found);
    count = texts.length;
  });

  for (const [where, all] of Object.entries(keywords)) {
    it(`has every keyword of ${where}: ${all.length}`, () => {
      assert.deepEqual(
        all.filter((keyword) => !found.get(where)?.has(keyword)),
        [],
      );
    });
  }

  it(`has every form of a line in a virtual_server_group: ${Object.keys(forms).length}`, () => {
    const lines = [...(found.get('a group') ?? [])];
    assert.deepEqual(
      Object.entries(forms).flatMap(([form, pattern]) => (lines.some((line) => pattern.test(line)) ? [] : [form])),
      [],
    );
  });

  it('is forty configurations and more', () => {
    assert.ok(count >= 40, `${count}`);
  });
});
