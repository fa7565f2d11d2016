/** @mainstay/notify-script: keepalived's notify scripts. Registration only. */
import {
  type ConfigHandle,
  type Diagnostic,
  definePlugin,
  type Plugin,
  type ReconfigureAnswer,
  type Run,
  reviewScripts,
  ScriptIdentities,
  uniqueNames,
} from '@mainstay/sdk';
import {
  type GlobalConfig,
  globalKeywords,
  type InstanceConfig,
  instanceKeywords,
  type RealServerConfig,
  realServerKeywords,
  type VirtualServerConfig,
  virtualServerKeywords,
} from './config.js';
import { logFindings, scriptsIn } from './review.js';
import { jobOfLowerPriority, jobOfQuorum, jobOfServer, jobOfTransition } from './selection.js';
import { ScriptService, type Settings } from './service.js';

export { type GlobalConfig, globalKeywords, type InstanceConfig, instanceKeywords, type Script } from './config.js';
export { rememberedMs } from './configured.js';
export { InstanceQueue, outdatedAfterMs, type QueueHost, queueLimit } from './queue.js';
export { mostLogged } from './review.js';
export { type Invocation, type Job, jobOfLowerPriority, jobOfTransition } from './selection.js';
export { Slots } from './slots.js';

interface Handles {
  readonly instances: ConfigHandle<InstanceConfig>;
  readonly virtualServers: ConfigHandle<VirtualServerConfig>;
  readonly realServers: ConfigHandle<RealServerConfig>;
  readonly global: ConfigHandle<GlobalConfig>;
}

/** With one name for each block: several virtual servers may have the same words before their brace. */
function byBlock<Config>({ entries }: ConfigHandle<Config>): ReadonlyMap<string, Config> {
  const names = uniqueNames(entries.map(({ block }) => block));
  return new Map(entries.map(({ value }, i) => [names[i] ?? '', value]));
}

function settingsOf({ instances, virtualServers, realServers, global }: Handles, run: Run): Settings {
  return {
    global: global.value,
    instances: byBlock(instances),
    virtualServers: byBlock(virtualServers),
    realServers: byBlock(realServers),
    identities: new ScriptIdentities(global.value, run.ports.process),
  };
}

function review({ instances, virtualServers, realServers, global }: Handles, run: Run): Promise<readonly Diagnostic[]> {
  const configured = {
    instances: instances.entries,
    virtualServers: virtualServers.entries,
    realServers: realServers.entries,
  };
  return reviewScripts(scriptsIn(configured), global.value, run.ports.process);
}

async function logReview(handles: Handles, run: Run): Promise<void> {
  logFindings(await review(handles, run), run.log);
}

export function notifyScript(): Plugin {
  let handles: Handles | undefined;
  let service: ScriptService | undefined;
  const bound = (): Handles => {
    if (handles === undefined) throw new Error('notify-script was started before its setup');
    return handles;
  };
  return definePlugin({
    name: 'notify-script',
    setup(app) {
      handles = {
        // Each of them runs without the other: a distribution may have no load balancing, or nothing else.
        instances: app.config.extend('vrrp_instance', instanceKeywords, { isOptional: true }),
        virtualServers: app.config.extend('virtual_server', virtualServerKeywords, { isOptional: true }),
        realServers: app.config.extend(['virtual_server', 'real_server'], realServerKeywords, { isOptional: true }),
        global: app.config.extend('global_defs', globalKeywords),
      };
      app.taps.observe('vrrp.transitioned', (event) => {
        service?.handle(event.instance, (config) => jobOfTransition(config, event));
      });
      app.taps.observe('vrrp.lowerPriorityReceived', (event) => {
        service?.handle(event.instance, jobOfLowerPriority);
      });
      app.taps.observe('ipvs.serverChanged', (event) => {
        service?.handleReal(event.block, (config) => jobOfServer(config, event));
      });
      app.taps.observe('ipvs.quorum', (event) => {
        service?.handleVirtual(event.block, (config) => jobOfQuorum(config, event));
      });
      app.status.objects(() => service?.objects() ?? []);
    },
    verify: (run) => review(bound(), run),
    async start(run) {
      service = new ScriptService(run, settingsOf(bound(), run));
      // In the background: a slow user database must not delay the start, and the findings change nothing about it.
      void logReview(bound(), run).catch(() => {});
    },
    async reconfigure(run): Promise<ReconfigureAnswer> {
      service?.configure(settingsOf(bound(), run));
      void logReview(bound(), run).catch(() => {});
      return 'absorbed';
    },
    async stop(_run, why) {
      await service?.stop(why);
      service = undefined;
    },
  });
}

export default notifyScript();
