/** Core's Host as a lane sees it: loads the plugins of a LaneSetup from disk and runs their lives. Made by main.ts. */
import { type Diagnostic, formatDiagnostic, type HookNameOf, MainstayError, type PortName, type Ports } from '@mainstay/sdk';
import type { CheckChannel } from '../checks/remote-lane.js';
import type { Routines } from '../checks/routines.js';
import { Host, type LoadedPlugin } from '../host/index.js';
import type { LogRecord } from '../log/record.js';
import { checkPlugin } from '../plugins/check-plugin.js';
import { importPlugin } from '../plugins/import.js';
import type { LaneHost } from './lane.js';
import type { LaneSetup, LeaseTerms } from './messages.js';
import { declareSchema } from './schema-only.js';
import { systemClock } from './system-clock.js';

export interface AdapterOptions {
  readonly log: (record: LogRecord) => void;
  readonly portsFor: (plugin: string, needs: readonly PortName[]) => Ports;
  /** Opens what the plugins of this lane need, before any of them runs. */
  readonly openPorts: (needs: ReadonlySet<PortName>) => Promise<void>;
  readonly onObserve: (hook: HookNameOf<'observe'>, key: string, payload: unknown) => void;
  readonly onForget: (hook: HookNameOf<'observe'>, key: string) => void;
  /** What the process has to tell of itself in a report. */
  readonly laneFacts?: () => Readonly<Record<string, unknown>>;
  readonly checkChannel: CheckChannel;
  readonly routines: Routines;
  readonly onLease: (hook: HookNameOf<'adjust'>, key: string, plugin: string, terms: LeaseTerms | undefined) => void;
}

/** Blocks of plugins in other lanes are unknown here, rightly; the whole was checked before. */
const bindOptions = { unknownKeywords: 'ignored' } as const;

interface Ready {
  readonly host: Host;
  readonly loaded: readonly LoadedPlugin[];
}

async function hostFor(setup: LaneSetup, options: AdapterOptions): Promise<Ready> {
  const host = new Host({
    lane: setup.lane,
    laneKind: setup.laneKind,
    clock: systemClock,
    log: options.log,
    portsFor: options.portsFor,
    facts: setup.facts,
    consent: new Set(setup.consent),
    otherPlugins: new Map(setup.elsewhere),
    generation: setup.generation,
    routines: options.routines,
  });
  for (const planned of setup.schemaOf) {
    const { plugin } = await importPlugin(planned, planned.origin);
    checkPlugin(plugin, planned.origin);
    declareSchema(plugin, host.config.schemaPointsFor(plugin.name));
  }
  const loaded: LoadedPlugin[] = [];
  for (const planned of setup.plugins) loaded.push(await importPlugin(planned, planned.origin));
  host.load(loaded);
  refuse(host.bind(setup.tree, bindOptions));
  // The host itself is the port to the checks.
  const needs = setup.plugins.flatMap(({ manifest }) => manifest.needs).filter((need) => need !== 'checks');
  await options.openPorts(new Set(needs));
  await host.expand();
  host.freeze();
  return { host, loaded };
}

function refuse(diagnostics: readonly Diagnostic[]): void {
  const errors = diagnostics.filter((d) => d.severity === 'error');
  if (errors.length > 0) throw new Error(`the configuration was refused: ${errors.map(formatDiagnostic).join('; ')}`);
}

export function laneHost(options: AdapterOptions): LaneHost {
  let made: Ready | undefined;
  const ready = (): Ready => {
    if (made === undefined) throw new MainstayError('CONFIG_NOT_BOUND', 'the lane was asked before it was set up');
    return made;
  };
  return {
    async setUp(setup) {
      made = await hostFor(setup, options);
      const { host } = made;
      host.bus.setRemoteInterest([]);
      host.bus.onObserve(options.onObserve, options.onForget);
      host.leases.onPublish(options.onLease);
      host.checks.connect(options.checkChannel);
    },
    start: () => ready().host.start(),
    async reload(tree, generation) {
      const result = await ready().host.reload(tree, { ...bindOptions, generation });
      if (!result.ok) return { ok: false, diagnostics: result.diagnostics };
      return { ok: true, restarted: result.restarted, failed: result.failed };
    },
    stop: async (why) => made?.host.stop(why),
    withdraw: async () => made !== undefined && (await made.host.withdraw()).length === 0,
    interest: () => ready().host.bus.interest(),
    setRemoteInterest: (interest) => {
      made?.host.bus.setRemoteInterest(interest);
      made?.host.checks.interestChanged();
    },
    deliver: (hook, key, payload, about) => ready().host.bus.deliver(hook, key, payload, about),
    receiveLease: (hook, key, plugin, terms) => made?.host.leases.receive(hook, key, plugin, terms),
    objects: async () => (await made?.host.objects()) ?? [],
    plugins: () => made?.host.plugins() ?? [],
    taps: () => made?.host.taps() ?? [],
    explain: async (name) => (await made?.host.explain(name)) ?? [],
    actions: () => ready().host.actions(),
    act: (verb, name) => ready().host.act(verb, name),
    checkers: () => ready().host.checkers(),
    hearOfChecks: (message) => made?.host.checks.receive(message),
    facts: () => ({ ...options.laneFacts?.(), ...made?.host.checks.facts() }),
    isIdle: () => isIdle(ready()),
  };
}

/** Nothing would ever run: no taps, no actions, no checkers, no plugin that starts, and none found by those that bring others along. */
function isIdle({ host, loaded }: Ready): boolean {
  const hasOffers = host.taps().length > 0 || host.actions().length > 0 || host.checkers().length > 0;
  const isBare = !hasOffers && !host.hasObjects;
  return isBare && host.plugins().length === loaded.length && loaded.every(({ plugin }) => plugin.start === undefined);
}
