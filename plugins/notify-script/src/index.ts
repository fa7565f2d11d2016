/** @mainstay/notify-script: keepalived's notify scripts. Registration only. */
import {
  type ConfigHandle,
  defaultScriptIdentity,
  definePlugin,
  type Plugin,
  type ReconfigureAnswer,
  type Run,
} from '@mainstay/sdk';
import { type GlobalConfig, globalKeywords, type InstanceConfig, instanceKeywords } from './config.js';
import { reviewScripts } from './review.js';
import { jobOfLowerPriority, jobOfTransition } from './selection.js';
import { ScriptService, type Settings } from './service.js';

export { type GlobalConfig, globalKeywords, type InstanceConfig, instanceKeywords, type Script } from './config.js';
export { InstanceQueue, outdatedAfterMs, type QueueHost, queueLimit } from './queue.js';
export { type Invocation, type Job, jobOfLowerPriority, jobOfTransition } from './selection.js';
export { Slots } from './slots.js';

interface Handles {
  readonly instances: ConfigHandle<InstanceConfig>;
  readonly global: ConfigHandle<GlobalConfig>;
}

async function settingsOf({ instances, global }: Handles, run: Run): Promise<Settings> {
  return {
    global: global.value,
    instances: new Map(instances.entries.map(({ name, value }) => [name, value])),
    fallback: await defaultScriptIdentity(global.value, run.ports.process),
  };
}

async function logReview({ instances, global }: Handles, run: Run): Promise<void> {
  for (const { severity, message, hint } of await reviewScripts(instances.entries, global.value, run.ports.process)) {
    const text = hint === undefined ? message : `${message} (${hint})`;
    if (severity === 'error') run.log.error(text);
    else run.log.warn(text);
  }
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
        instances: app.config.extend('vrrp_instance', instanceKeywords),
        global: app.config.extend('global_defs', globalKeywords),
      };
      app.taps.observe('vrrp.transitioned', (event) => {
        service?.handle(event.instance, (config) => jobOfTransition(config, event));
      });
      app.taps.observe('vrrp.lowerPriorityReceived', (event) => {
        service?.handle(event.instance, jobOfLowerPriority);
      });
      app.status.objects(() => service?.objects() ?? []);
    },
    verify: (run) => reviewScripts(bound().instances.entries, bound().global.value, run.ports.process),
    async start(run) {
      service = new ScriptService(run, await settingsOf(bound(), run));
      // In the background: a slow user database must not delay the start, and the findings change nothing about it.
      void logReview(bound(), run).catch(() => {});
    },
    async reconfigure(run): Promise<ReconfigureAnswer> {
      service?.configure(await settingsOf(bound(), run));
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
