/** mainstay-plugin-maintenance: lowers the priority of virtual routers while a maintenance window is open. */
import { type ConfigHandle, definePlugin, type ObjectStatus, type Plugin, type Run } from '@mainstay/sdk';
import { type Maintenance, maintenance } from './config.js';
import { isOpen, wallTime } from './window.js';

/** A plugin with a state of its own: a simulation may run it on several hosts at once. */
export function maintenancePlugin(): Plugin {
  let windows: ConfigHandle<Maintenance> | undefined;
  let run: Run | undefined;
  /** Transitions while a window was open, by its name. */
  const transitions = new Map<string, number>();

  const isOpenNow = (window: Maintenance) => run !== undefined && isOpen(window, wallTime(run.clock.wall(), window.utc));

  const openFor = (instance: string) =>
    (windows?.entries ?? []).filter(
      ({ value }) => (value.instances.length === 0 || value.instances.includes(instance)) && isOpenNow(value),
    );

  const objects = (): readonly ObjectStatus[] =>
    (windows?.entries ?? []).map(({ name, value }) => ({
      kind: 'maintenance',
      name,
      state: isOpenNow(value) ? 'open' : 'closed',
      summary: { penalty: value.penalty, transitions: transitions.get(name) ?? 0 },
      detail: { instances: value.instances.length === 0 ? 'all' : value.instances, days: value.days },
    }));

  return definePlugin({
    name: 'maintenance',

    setup(app) {
      windows = app.config.named('maintenance', maintenance);
      app.taps.adjust(
        'vrrp.priority',
        (priority, { instance }) => priority - openFor(instance).reduce((sum, { value }) => sum + value.penalty, 0),
        { phase: 'late' },
      );
      app.taps.observe('vrrp.transitioned', ({ instance, from, to }) => {
        for (const { name } of openFor(instance)) {
          transitions.set(name, (transitions.get(name) ?? 0) + 1);
          run?.log.info(`${instance} went from ${from} to ${to} during maintenance ${name}`, { instance, window: name });
        }
      });
      app.status.objects(objects);
    },

    start(started) {
      run = started;
    },

    // The windows are read from the configuration at each use: there is nothing to do.
    reconfigure: () => 'absorbed',

    stop() {
      run = undefined;
      transitions.clear();
    },
  });
}

export default maintenancePlugin();
