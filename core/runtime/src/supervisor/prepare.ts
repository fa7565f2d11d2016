/**
 * Reads and checks a configuration with the plugins that it needs, and plans the lanes. Runs plugin code (their `setup`), so
 * the daemon calls it in a process of its own (prepare-process.ts) and `mainstay check` in itself.
 */
import { dirname, resolve } from 'node:path';
import { type Diagnostic, formatPosition, MainstayError, messageOf, type SourcePosition, type SourceTree } from '@mainstay/sdk';
import { ConfigRegistry, loadConfig } from '../config/index.js';
import { partOfTree, wordsOf } from '../config/packed/packed-tree.js';
import { Host, type HostOptions, type LoadedPlugin } from '../host/index.js';
import type { PlannedPlugin } from '../lanes/messages.js';
import { type Candidate, planLanes } from '../lanes/plan.js';
import { recording } from '../lanes/schema-only.js';
import { findPlugin, importPlugin } from '../plugins/index.js';
import { type DaemonKeywords, declareDaemonKeywords } from './daemon-keywords.js';
import {
  type DaemonSettings,
  type DisabledPart,
  hasErrors,
  type OnOutlook,
  type Outlook,
  type PluginRequest,
  type Prepared,
  type PrepareRequest,
} from './prepared.js';

/** Ports and clock for `verify`; everything else of a preparation does no I/O but reading files. */
export type PrepareContext = Pick<HostOptions, 'clock' | 'portsFor'>;

interface Loaded {
  readonly loaded: LoadedPlugin;
  readonly candidate: Candidate;
}

type Overrides = DaemonKeywords['plugins']['entries'][number];

/** Rejects where the configuration cannot be read; mistakes in it are diagnostics. `onOutlook` is called at most once, before it settles. */
export async function prepare(
  request: PrepareRequest,
  context: PrepareContext,
  onOutlook: OnOutlook = () => {},
): Promise<Prepared> {
  const { tree: whole, diagnostics: reading } = await loadConfig({
    configId: request.configId,
    ...(request.file !== undefined && { file: request.file }),
  });
  const { tree, remarks } = withoutParts(whole, request.disabledParts);
  const configDirectory = dirname(resolve(whole.files[0] ?? request.file ?? '.'));
  const top: SourcePosition = { file: whole.files[0] ?? request.file ?? '', line: 0, column: 0 };
  const diagnostics: Diagnostic[] = [...reading];
  const named = pluginBlocks(tree);
  const all: Loaded[] = [];
  for (const one of wanted(request, named)) {
    try {
      all.push(await load(one.request, one.override, configDirectory, request.daemonDirectory));
    } catch (error) {
      diagnostics.push(diagnosticOf(error, one.override?.at ?? top));
    }
  }
  const host = hostOf(named, request, context, configDirectory);
  let outlook: Outlook = { tree, plans: [], settings: defaultSettings };
  try {
    host.load(all.map(({ loaded }) => loaded));
    if (!hasErrors(diagnostics)) {
      outlook = outlookOf(tree, all, request);
      await onOutlook(outlook);
    }
    diagnostics.push(...host.bind(tree, { unknownKeywords: request.unknownKeywords }));
    if (!hasErrors(diagnostics)) diagnostics.push(...(await examine(host, request.verify)));
  } catch (error) {
    diagnostics.push(diagnosticOf(error, top));
  }
  const found = { diagnostics: inOrder(diagnostics, tree), remarks };
  return hasErrors(diagnostics) ? { tree, plans: [], settings: defaultSettings, ...found } : { ...outlook, ...found };
}

const defaultSettings: DaemonSettings = { childWaitMs: 5000, laneMemoryMiB: 512, laneHeartbeatSeconds: 30, consent: [] };

/** After the plugins' `setup`, which says what each contributes. */
function outlookOf(tree: SourceTree, all: readonly Loaded[], { disabledParts }: PrepareRequest): Outlook {
  const off = new Set(disabledParts.flatMap((part) => part.plugins));
  const candidates = all.map((one) => one.candidate).filter((candidate) => !off.has(candidate.plugin.name));
  return { tree, plans: planLanes(candidates, tree.statements, wordsOf(tree)), settings: settingsOf(tree) };
}

/** Blocks of parts that are switched off are passed over, and said. */
function withoutParts(tree: SourceTree, parts: readonly DisabledPart[]): { tree: SourceTree; remarks: readonly string[] } {
  const remarks: string[] = [];
  const statements = tree.statements.filter(({ keyword, args }) => {
    const part = parts.find(({ keywords }) => keywords.includes(keyword.text));
    if (part === undefined) return true;
    const name = args[0] === undefined ? '' : ` ${args[0].text}`;
    remarks.push(`${formatPosition(keyword.at)}: ${keyword.text}${name} is passed over: ${part.part} is switched off`);
    return false;
  });
  // As it was read it need not be packed again.
  return { tree: remarks.length === 0 ? tree : { ...tree, statements }, remarks };
}

/** The `plugin` blocks, bound on their own: which plugins to load must be known before the whole can be bound. */
function pluginBlocks(tree: SourceTree): readonly Overrides[] {
  return daemonKeywords(tree, ['plugin'])?.plugins.entries ?? [];
}

/** What is said about the daemon, bound on its own. Where there is a mistake in it, the binding of the whole reports it. */
function settingsOf(tree: SourceTree): DaemonSettings {
  return daemonKeywords(tree)?.settings() ?? defaultSettings;
}

/** Undefined where there is a mistake. `only`: of the top level, these keywords. */
function daemonKeywords(tree: SourceTree, only?: readonly string[]): DaemonKeywords | undefined {
  const registry = new ConfigRegistry();
  const keywords = declareDaemonKeywords(registry.pointsFor('mainstay'));
  const part = partOfTree(tree, only && new Set(only));
  return hasErrors(registry.bind(part, { unknownKeywords: 'ignored' })) ? undefined : keywords;
}

/** The distribution's plugins, each with the operator's word about it, then those that only the operator names. */
function wanted(request: PrepareRequest, named: readonly Overrides[]) {
  const isFor = (entry: Overrides, plugin: PluginRequest) =>
    entry.value.package === plugin.reference || plugin.reference === entry.name || plugin.reference.endsWith(`/${entry.name}`);
  const known = request.plugins.map((plugin) => ({ request: plugin, override: named.find((entry) => isFor(entry, plugin)) }));
  const more = named
    .filter((entry) => !request.plugins.some((plugin) => isFor(entry, plugin)))
    .map((entry) => ({
      request: { reference: entry.value.package ?? entry.name, origin: formatPosition(entry.at) },
      override: entry,
    }));
  return [...known, ...more];
}

async function load(
  request: PluginRequest,
  override: Overrides | undefined,
  configDirectory: string,
  daemonDirectory: string | undefined,
): Promise<Loaded> {
  const options = { configDirectory, ...(daemonDirectory !== undefined && { daemonDirectory }) };
  const found = request.module ?? findPlugin(request.reference, options);
  const { lane, isolated } = override?.value ?? {};
  const manifest = { ...found.manifest, ...(lane !== undefined && { lane }), ...(isolated !== undefined && { isolated }) };
  const imported = await importPlugin({ packageName: request.reference, ...found, manifest }, request.origin);
  const { plugin, contribution } = recording(imported.plugin);
  const planned: PlannedPlugin = {
    name: plugin.name,
    entry: found.entry,
    version: found.version,
    manifest,
    origin: request.origin,
  };
  return { loaded: { ...imported, plugin }, candidate: { plugin: planned, contribution, isNamed: override !== undefined } };
}

function hostOf(named: readonly Overrides[], request: PrepareRequest, context: PrepareContext, configDirectory: string) {
  const host = new Host({
    lane: 'check',
    laneKind: 'extension',
    clock: context.clock,
    portsFor: context.portsFor,
    log: () => {},
    facts: { isRestart: false, keepAddressesAtExit: false, configDirectory },
    consent: new Set(named.filter(({ value }) => value.allow_guards).map(({ name }) => name)),
    reserved: new Map(request.reserved),
  });
  declareDaemonKeywords(host.config.pointsFor('mainstay'));
  return host;
}

/** What goes beyond single values: the order and rights of taps, and what only this machine can tell. */
async function examine(host: Host, verify: boolean): Promise<readonly Diagnostic[]> {
  host.freeze();
  return verify ? host.verify() : [];
}

function diagnosticOf(error: unknown, at: SourcePosition): Diagnostic {
  if (!(error instanceof MainstayError)) return { severity: 'error', code: 'INTERNAL', message: messageOf(error), at };
  const { code, hint } = error;
  const message = hint === undefined ? error.message : error.message.replace(` (${hint})`, '');
  return { severity: 'error', code, message, at, ...(hint !== undefined && { hint }) };
}

/** By file in the order of reading, then by place. */
function inOrder(diagnostics: readonly Diagnostic[], tree: SourceTree): readonly Diagnostic[] {
  const rank = (d: Diagnostic) => tree.files.indexOf(d.at.file);
  return [...diagnostics].sort((a, b) => rank(a) - rank(b) || a.at.line - b.at.line || a.at.column - b.at.column);
}
