/** The vrrp plugin: registers its keywords, status and life cycle. The protocol is in machine.ts, the work in instance.ts. */
import { type App, type ConfigHandle, definePlugin, type Plugin, type Run } from '@mainstay/sdk';
import {
  type GlobalValue,
  globalKeywords,
  type InstanceValue,
  instanceBlock,
  type SessionValue,
  sessionKeywords,
} from './config.js';
import type { AllSessionTerms } from './instance-config.js';
import { step } from './machine.js';
import { instanceConfigs, Manager } from './manager.js';
import { explain, objectStatus } from './report.js';
import { Sessions } from './sessions.js';
import { takeBack } from './take-back.js';

export { type Effect, type Event, initialState, type MachineConfig, type State, type Step, step } from './machine.js';
export { type Advert, type ChecksumForm, type Decoded, decodeAdvert, encodeAdvert, noAuthentication } from './packet.js';

interface Parts {
  readonly instances: ConfigHandle<InstanceValue>;
  readonly global: ConfigHandle<GlobalValue>;
  readonly sessions: ConfigHandle<SessionValue>;
}

function termsOf({ sessions }: Parts): AllSessionTerms {
  return new Map(
    sessions.entries.map(({ name, value: { vrrp, checker, weight, admin_down: isShut } }) => {
      return [name, { servesVrrp: vrrp || !checker, isShut, ...(weight !== undefined && { weight }) }];
    }),
  );
}

/** The plugin around a machine: `step` is replaced only by tests that show a broken machine being noticed. */
export function createVrrpPlugin(machine: typeof step = step): Plugin {
  let parts: Parts | undefined;
  let manager: Manager | undefined;
  const sessions = new Sessions();
  const configs = () => (parts ? instanceConfigs(parts.instances.entries, parts.global.value, termsOf(parts)) : []);

  function setup(app: App): void {
    parts = {
      instances: app.config.named('vrrp_instance', instanceBlock),
      global: app.config.extend('global_defs', globalKeywords),
      sessions: app.config.extend('bfd_instance', sessionKeywords, { isOptional: true }),
    };
    app.taps.observe(
      'bfd.decided',
      (decided) => {
        const change = sessions.hear(decided);
        manager?.onSession(decided, change);
      },
      { remind: true },
    );
    app.config.check(() => void configs());
    app.status.objects(() => {
      if (manager === undefined) return [];
      const { all, strays, acceptance } = manager;
      return all.map((instance) => acceptance.shownIn(objectStatus(instance, strays), instance.config));
    });
    app.status.explain((name) => {
      const instance = manager?.all.find(({ config }) => config.name === name);
      return instance && explain(instance);
    });
    app.actions.declare({
      verb: 'handover',
      object: 'vrrp_instance',
      doc: 'Gives mastership to another router, without a gap for clients.',
      run: async (name) => {
        const instance = manager?.all.find(({ config }) => config.name === name);
        return instance?.handOver() ?? { ok: false, unknown: true, message: `there is no vrrp_instance ${name}` };
      },
    });
  }

  async function start(run: Run): Promise<void> {
    const global = parts?.global.value;
    manager = new Manager(run, {
      logUnknownVrids: global?.log_unknown_vrids ?? false,
      startupDelayMs: global?.vrrp_startup_delay ?? 0,
      step: machine,
      sessions,
    });
    await manager.start(configs());
  }

  async function reconfigure(): Promise<'absorbed'> {
    sessions.keepOnly(new Set(parts?.sessions.entries.map(({ name }) => name)));
    await manager?.reconfigure(configs());
    return 'absorbed';
  }

  async function stop(run: Run): Promise<void> {
    await manager?.stop(run.facts.keepAddressesAtExit);
    manager = undefined;
  }

  /** A master that died has not resigned: another one took over, and this host must not answer for its addresses any longer. */
  async function withdraw(run: Run): Promise<void> {
    if (!run.facts.keepAddressesAtExit) await takeBack(run, configs());
  }

  return definePlugin({ name: 'vrrp', setup, start, reconfigure, stop, withdraw });
}

export default createVrrpPlugin();
