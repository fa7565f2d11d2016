/** The ipvs plugin: registers its keywords, status and life cycle. What it keeps in the kernel is in keeper.ts, the work in manager.ts. */
import { type App, type ConfigHandle, definePlugin, type Headed, type Plugin, type Run } from '@mainstay/sdk';
import {
  type GlobalValue,
  type GroupValue,
  globalKeywords,
  groupBlock,
  type VirtualServerValue,
  virtualServerBlock,
} from './config.js';
import { explain } from './explain.js';
import { Manager } from './manager.js';
import type { VirtualServer } from './model.js';
import { objects } from './report.js';
import { checkSyncRouter } from './sync-router.js';
import { type VirtualServerHeader, virtualServerHeader } from './values.js';
import { virtualServers } from './virtual-server.js';

interface Parts {
  readonly servers: ConfigHandle<Headed<VirtualServerHeader, VirtualServerValue>>;
  readonly groups: ConfigHandle<GroupValue>;
  readonly global: ConfigHandle<GlobalValue>;
}

export function createIpvsPlugin(): Plugin {
  let parts: Parts | undefined;
  let manager: Manager | undefined;
  let running: Run | undefined;
  /** The host may start the plugin again in the same process. */
  let hasRun = false;
  let made: { readonly from: readonly unknown[]; readonly configs: readonly VirtualServer[] } | undefined;

  /** The check of a configuration has made them already when the work begins with it. */
  function configs({ servers, groups, global }: Parts): readonly VirtualServer[] {
    const from = [servers.entries, groups.entries, global.value];
    if (made === undefined || from.some((part, i) => part !== made?.from[i]))
      made = { from, configs: virtualServers(servers.entries, groups.entries, global.value) };
    return made.configs;
  }

  const bound = (): Parts => {
    if (parts === undefined) throw new Error('ipvs was started before its setup');
    return parts;
  };

  function setup(app: App): void {
    const own: Parts = {
      servers: app.config.headed('virtual_server', virtualServerHeader, virtualServerBlock),
      groups: app.config.named('virtual_server_group', groupBlock),
      global: app.config.extend('global_defs', globalKeywords),
    };
    parts = own;
    // Only their names: which of them there are.
    const routers = app.config.extend('vrrp_instance', {}, { isOptional: true });
    app.config.check(() => {
      configs(own);
      checkSyncRouter(own.global.entries, routers.entries);
    });
    app.status.objects(() => (manager === undefined ? [] : objects(manager)));
    app.status.explain((name) => (manager === undefined || running === undefined ? undefined : explain(manager, name, running)));
    // It may start when the virtual routers have long been what they are.
    app.taps.observe('vrrp.transitioned', (event) => manager?.onTransition(event), { remind: true });
  }

  async function start(run: Run): Promise<void> {
    running = run;
    manager = new Manager(run, bound().global.value);
    const isOurs = run.facts.isRestart || hasRun;
    hasRun = true;
    await manager.start(configs(bound()), isOurs);
  }

  async function reconfigure(): Promise<'absorbed'> {
    await manager?.reconfigure(configs(bound()), bound().global.value);
    return 'absorbed';
  }

  /** A lane that is only started anew leaves the kernel at work. */
  async function stop(run: Run, why: 'shutdown' | 'restart'): Promise<void> {
    await manager?.stop(why === 'restart' || run.facts.keepServicesAtExit === true);
    manager = undefined;
  }

  /** What an earlier life left in the kernel: it was not there to see the stop. */
  async function withdraw(run: Run): Promise<void> {
    if (run.facts.keepServicesAtExit === true) return;
    await new Manager(run, bound().global.value).withdraw(configs(bound()));
  }

  return definePlugin({ name: 'ipvs', setup, start, reconfigure, stop, withdraw });
}

export default createIpvsPlugin();
