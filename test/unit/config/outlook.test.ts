/** What a preparation tells before it has checked every value: which lanes will run. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OnOutlook, type Outlook, type PrepareReply, prepare, replyTo, systemClock } from '@mainstay/core';
import { prepareRequest } from 'mainstay';
import { afterEach, beforeEach, describe, it } from 'mocha';

describe('the outlook of a preparation', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-outlook-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const router = (routerId: string) =>
    `vrrp_instance a {\n  interface lo\n  virtual_router_id ${routerId}\n  virtual_ipaddress {\n    10.0.0.1/24\n  }\n}\n`;
  const limited = 'lanes {\n  memory_limit 640\n}\n';

  function preparing(text: string, heard: Outlook[]) {
    const file = join(folder, 'keepalived.conf');
    writeFileSync(file, text);
    const request = prepareRequest({ file, only: new Set(), noBfd: false, unknownKeywords: 'error', verify: false });
    const portsFor = () => assert.fail('no port is used');
    return prepare(request, { clock: systemClock, portsFor }, (outlook) => void heard.push(outlook));
  }

  it('is the very plans, settings and tree that are answered where nothing is wrong', async () => {
    const heard: Outlook[] = [];
    const { plans, settings, tree } = await preparing(router('7') + limited, heard);
    assert.equal(heard.length, 1);
    assert.deepEqual([heard[0]?.plans === plans, heard[0]?.tree === tree], [true, true]);
    assert.deepEqual(settings, { childWaitMs: 5000, laneMemoryMiB: 640, laneHeartbeatSeconds: 30, consent: [] });
    assert.deepEqual(heard[0]?.settings, settings);
    assert.deepEqual(
      plans.flatMap(({ plugins }) => plugins.map(({ name }) => name)).filter((name) => name === 'vrrp'),
      ['vrrp'],
    );
  });

  it('is taken back by the answer where a value is wrong', async () => {
    const heard: Outlook[] = [];
    const { plans, diagnostics } = await preparing(router('700') + limited, heard);
    assert.equal(heard.length, 1);
    assert.deepEqual(plans, []);
    assert.deepEqual(
      diagnostics.map(({ severity, at }) => [severity, at.line]),
      [['error', 3]],
    );
  });

  it('is not told where the text itself is wrong', async () => {
    const heard: Outlook[] = [];
    await preparing(`${router('7')}}\n`, heard);
    assert.deepEqual(heard, []);
  });

  it('goes to the daemon first, and with the last word only where it is another', async () => {
    const told = async (text: string) => {
      const said: PrepareReply[] = [];
      const heard: Outlook[] = [];
      const work = async (onOutlook: OnOutlook) => {
        const prepared = await preparing(text, heard);
        for (const outlook of heard) await onOutlook(outlook);
        return prepared;
      };
      const last = await replyTo(work, async (reply) => void said.push(reply));
      return [...said, last].map(
        (reply) => `${reply.kind}${'outlook' in reply ? ` of ${reply.outlook?.plans.length} lanes` : ''}`,
      );
    };
    assert.deepEqual(await told(router('7')), ['outlook of 2 lanes', 'prepared']);
    assert.deepEqual(await told(router('700')), ['outlook of 2 lanes', 'prepared of 0 lanes']);
    assert.deepEqual(await told(`${router('7')}}\n`), ['prepared of 0 lanes']);
  });
});
