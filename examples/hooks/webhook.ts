/**
 * Posts every change to or from master to an HTTP endpoint (chat, an incident system, an address API of a cloud).
 *
 * Copy to /etc/mainstay/hooks.d/, set the address, and reload. Only Node's own `fetch` is used: nothing to install.
 */
import { hostname } from 'node:os';
import { defineNotify } from '@mainstay/sdk';

const url = process.env.MAINSTAY_WEBHOOK_URL ?? 'http://127.0.0.1:8080/mainstay';
/** Tries again after a failure: a network that fails over is not a network that works at once. */
const attempts = 4;

export default defineNotify({
  on: ['vrrp.transitioned'],
  // Every instance. `WAN_*` would be those whose names begin with WAN_, `VI_1` that one alone.
  where: { instance: '*' },
  timeoutMs: 30_000,
  async run(event, { log, signal }) {
    if (event.to !== 'master' && event.from !== 'master') return;
    const body = JSON.stringify({
      text: `${hostname()}: ${event.instance} is ${event.to} (was ${event.from}): ${event.detail}`,
      event,
    });
    for (let attempt = 1; ; attempt++) {
      try {
        // The signal ends a request that hangs when the hook's time is over or the daemon stops.
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });
        if (response.ok) return;
        throw new Error(`${url} answered ${response.status}`);
      } catch (error) {
        // A thrown error is logged, counts as a strike, and three in a row park this hook until the next reload.
        if (attempt === attempts || signal.aborted) throw error;
        log.warn(`attempt ${attempt} of ${attempts} failed: ${error instanceof Error ? error.message : error}`);
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
      }
    }
  },
});
