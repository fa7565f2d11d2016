/** The virtual router that a sync daemon goes by must be there: it would never run, and nobody would say why. Pure; called by the plugin's check. */
import { type ConfigEntry, closest } from '@mainstay/sdk';
import type { GlobalValue } from './config.js';

type Global = ConfigEntry<Pick<GlobalValue, 'lvs_sync_daemon'>>;

/** Where there is no virtual router at all, VRRP may be another daemon's work (option -C), and balancing need not wait for that. */
export function checkSyncRouter(globals: readonly Global[], routers: readonly { readonly name: string }[]): void {
  const names = routers.map(({ name }) => name);
  for (const { value, report } of globals) {
    const name = value.lvs_sync_daemon?.instance;
    if (name === undefined || names.includes(name)) continue;
    const fact = `there is no vrrp_instance ${name}, so lvs_sync_daemon never runs`;
    const at = report('lvs_sync_daemon');
    if (names.length === 0) {
      at.warning(
        'CONFIG_UNKNOWN_NAME',
        fact,
        'run VRRP and load balancing in one daemon, or leave the name out: then both roles run',
      );
      continue;
    }
    const near = closest(name, names);
    const hint = near === undefined ? `known: ${names.slice(0, 8).join(' ')}` : `did you mean "${near}"?`;
    at.error('CONFIG_UNKNOWN_NAME', `${fact}, and a takeover breaks every connection`, hint);
  }
}
