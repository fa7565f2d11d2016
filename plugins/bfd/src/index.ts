/** The bfd plugin: registers its keywords, status and life cycle. The protocol is in machine.ts, the work in session.ts. */
import { randomInt } from 'node:crypto';
import { type App, type ConfigHandle, definePlugin, type Plugin, type Run } from '@mainstay/sdk';
import { type InstanceValue, instanceBlock } from './config.js';
import { Manager, type ManagerOptions } from './manager.js';
import { explain, objectStatus } from './report.js';
import { sessionConfigs } from './session-config.js';

export { initialState, isSettled, step } from './machine.js';
export { type ControlPacket, type Decoded, decodeControl, encodeControl } from './packet.js';
export type { Effect, Event, MachineConfig, State, Step } from './states.js';

/** From the system's generator: what others could foresee, they could forge (RFC 5880 section 9). */
const unpredictable: ManagerOptions = { draw: (least, most) => randomInt(least, most + 1) };

/** `options`: what is drawn by chance elsewhere comes from a seed in simulations. */
export function createBfdPlugin(options: ManagerOptions = unpredictable): Plugin {
  let instances: ConfigHandle<InstanceValue> | undefined;
  let manager: Manager | undefined;
  /** The host may start the plugin again in the same process. */
  let hasRun = false;
  const configs = () => (instances ? sessionConfigs(instances.entries) : []);

  function setup(app: App): void {
    instances = app.config.named('bfd_instance', instanceBlock);
    app.config.check(() => void configs());
    app.status.objects(() => {
      if (manager === undefined) return [];
      const { all, strays } = manager;
      return all.map((session) => objectStatus(session, strays));
    });
    app.status.explain((name) => {
      const session = manager?.all.find(({ config }) => config.name === name);
      return session && explain(session);
    });
  }

  function start(run: Run): void {
    manager = new Manager(run, options);
    manager.start(configs(), run.facts.isRestart || hasRun);
    hasRun = true;
  }

  async function reconfigure(): Promise<'absorbed'> {
    await manager?.reconfigure(configs());
    return 'absorbed';
  }

  async function stop(): Promise<void> {
    await manager?.stop();
    manager = undefined;
  }

  return definePlugin({ name: 'bfd', setup, start, reconfigure, stop });
}

export default createBfdPlugin();
