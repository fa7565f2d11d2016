/**
 * Writes one line of JSON for each change of state: a record that other tools can read.
 *
 * Copy to /etc/mainstay/hooks.d/ and reload. The file grows without end: let logrotate look after it.
 */
import { appendFile } from 'node:fs/promises';
import { defineNotify } from '@mainstay/sdk';

/** The hook runs as the user of Mainstay's extension lane, who must be able to write here. */
const file = process.env.MAINSTAY_EVENT_LOG ?? '/var/log/mainstay-events.jsonl';

export default defineNotify({
  on: ['vrrp.transitioned', 'vrrp.peerChanged', 'lane.crashed', 'plugin.parked'],
  async run(event) {
    const line = JSON.stringify({ ...event, at: new Date(event.at).toISOString() });
    // One call writes one line whole, so that hooks running at the same time do not mix theirs.
    await appendFile(file, `${line}\n`);
  },
});
