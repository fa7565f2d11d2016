/** The virtual router that a sync daemon goes by must be there: it would never run, and nobody would say why. Pure; called by the plugin's check. */
import { type ConfigEntry, closest } from '@mainstay/sdk';
import type { GlobalValue } from './config.js';

type Global = ConfigEntry<Pick<GlobalValue, 'lvs_sync_daemon'>>;

export function checkSyncRouter(globals: readonly Global[], routers: readonly { readonly name: string }[]): void {
  for (const { value, report } of globals) {
    const name = value.lvs_sync_daemon?.instance;
    if (name === undefined || routers.some((router) => router.name === name)) continue;
    const names = routers.map((router) => router.name);
    const near = closest(name, names);
    const known = names.length === 0 ? `write: vrrp_instance ${name} { ... }` : `known: ${names.slice(0, 8).join(' ')}`;
    const message = `there is no vrrp_instance ${name}, so lvs_sync_daemon would never run, and a takeover would break every connection`;
    report('lvs_sync_daemon').error('CONFIG_UNKNOWN_NAME', message, near === undefined ? known : `did you mean "${near}"?`);
  }
}
