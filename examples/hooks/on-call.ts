/**
 * What one wants to know on call, and nothing else: a router that flaps, a router that cannot serve, and two routers that
 * both believe to be master. Writes to the log at a level that alerting can look for; replace `alert` by your own channel.
 *
 * Copy to /etc/mainstay/hooks.d/ and reload.
 */
import { defineNotify } from '@mainstay/sdk';

/** More changes than this within the time are flapping. */
const flapping = { changes: 4, withinMs: 60_000 };
/** One alert of a kind for one instance in this time. */
const quietMs = 300_000;

// Kept in memory: a hook is loaded once and lives until the next reload.
const changes = new Map<string, number[]>();
const lastAlert = new Map<string, number>();

export default defineNotify({
  on: ['vrrp.transitioned', 'vrrp.lowerPriorityReceived'],
  run(event, { log }) {
    const alert = (kind: string, text: string) => {
      const key = `${event.instance} ${kind}`;
      if (event.at - (lastAlert.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
      lastAlert.set(key, event.at);
      log.error(`ALERT ${key}: ${text}`);
    };
    // The name of the event decides which fields it has.
    switch (event.name) {
      case 'vrrp.lowerPriorityReceived':
        return alert('two-masters', `${event.peer} (priority ${event.peerPriority}) sends as master too: do adverts reach it?`);
      case 'vrrp.transitioned': {
        if (event.to === 'fault') alert('fault', `cannot serve: ${event.detail}`);
        const recent = (changes.get(event.instance) ?? []).filter((at) => event.at - at < flapping.withinMs);
        recent.push(event.at);
        changes.set(event.instance, recent);
        if (recent.length > flapping.changes) alert('flapping', `${recent.length} changes of state in a minute`);
      }
    }
  },
});
