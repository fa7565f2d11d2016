/**
 * Every keyword of load balancing that keepalived 2.2.7 has stands in a configuration that keepalived and Mainstay are compared with: at the
 * start, when servers fail, when they come back, and at a reload. What counts is what the records say has changed in the table.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { corpus, fixtures } from '../../ipvs/parity/corpus.js';
import { asListed } from '../../ipvs/parity/moved.js';
import { type Moment, moments, readExpected } from '../../ipvs/parity/world.js';
import { root } from '../../support/repository.js';
import { type Found, findKeywords } from './keywords-of-moments.js';

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

/** Not shown at a reload: checkers other than TCP_CHECK and MISC_CHECK, and what stands in them. */
const unseenAtReload = new Set(words('HTTP_GET SSL_GET SMTP_CHECK DNS_CHECK UDP_CHECK PING_CHECK FILE_CHECK'));
const demanded = (moment: Moment, where: string, all: readonly string[]): readonly string[] => {
  if (moment !== 'reload') return all;
  return where === 'a checker' || where === 'a url' ? [] : all.filter((keyword) => !unseenAtReload.has(keyword));
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

describe('ipvs: what keepalived and Mainstay are compared with', function () {
  this.timeout(60_000);
  let found: ReadonlyMap<Moment, Found>;
  before(async () => {
    found = await findKeywords();
  });

  for (const moment of moments) {
    for (const [where, list] of Object.entries(keywords)) {
      const all = demanded(moment, where, list);
      if (all.length === 0) continue;
      it(`${moment}: has every keyword of ${where}: ${all.length}`, () => {
        assert.deepEqual(
          all.filter((keyword) => !found.get(moment)?.get(where)?.has(keyword)),
          [],
        );
      });
    }

    it(`${moment}: has every form of a line in a virtual_server_group: ${Object.keys(forms).length}`, () => {
      const lines = [...(found.get(moment)?.get('a group') ?? [])];
      assert.deepEqual(
        Object.entries(forms).flatMap(([form, pattern]) => (lines.some((line) => pattern.test(line)) ? [] : [form])),
        [],
      );
    });
  }
});

describe('ipvs: the configurations of test/fixtures/ipvs beside keepalived', () => {
  const events = readExpected(readFileSync(join(root, 'test/fixtures/ipvs-events/corpus.txt'), 'utf8'));
  const at = (what: string) => events.get(what)?.keepalived ?? '';

  for (const moment of moments) {
    it(`${moment}: forty and more change the table`, () => {
      // Where there is one server, all have failed when it has.
      const meant: readonly Moment[] = moment === 'all fail' ? ['one fails', 'all fail'] : [moment];
      const steps = corpus.steps.filter((step) => step.moments.some((one) => meant.includes(one))).map(({ what }) => at(what));
      const changed = fixtures.filter((one) => steps.some((text) => one.tableIn(text) !== ''));
      assert.ok(changed.length >= 40, `${changed.length}`);
    });
  }

  for (const one of fixtures) {
    it(`${one.name}: keepalived starts with the table that stands beside it`, () => {
      const text = readFileSync(join(root, 'test/fixtures/ipvs', `${one.name}.txt`), 'utf8');
      assert.equal(one.tableIn(at('start')), asListed(text));
    });
  }
});
