/** @mainstay/checker-misc: keepalived's MISC_CHECK. Registration only. */
import {
  type ConfigEntry,
  type ConfigHandle,
  defineChecker,
  definePlugin,
  type GlobalScriptConfig,
  globalScriptKeywords,
  type NamedScript,
  type Plugin,
  reviewScripts,
} from '@mainstay/sdk';
import { MiscChecks, timeoutMs } from './check.js';
import { fields, type MiscConfig } from './config.js';

export { endingMs } from './check.js';

/** As keepalived: what each of two asks for is taken as a difference to the configured weight, and nobody wants the sum. */
function warnOfTwo(entries: readonly ConfigEntry<MiscConfig>[]): void {
  const dynamic = new Set<string>();
  for (const { name, report } of entries.filter(({ value }) => value.misc_dynamic)) {
    const message = `${name}: a second MISC_CHECK sets the weight too (misc_dynamic): what they ask for adds up`;
    if (dynamic.has(name)) report('misc_dynamic').warning('CONFIG_WARNING', message, 'let one of them set the weight');
    dynamic.add(name);
  }
}

function* scriptsIn(entries: readonly ConfigEntry<MiscConfig>[]): Generator<NamedScript> {
  for (const { name, value, at } of entries) {
    const script = { command: value.misc_path, at, ...(value.user === undefined ? {} : { identity: value.user }) };
    yield { where: `${name}: misc_path`, script };
  }
}

export function checkerMisc(): Plugin {
  let global: ConfigHandle<GlobalScriptConfig> | undefined;
  let blocks: ConfigHandle<MiscConfig> | undefined;
  const settings = (): GlobalScriptConfig => global?.value ?? { script_user: undefined, enable_script_security: false };
  const checks = new MiscChecks(settings);
  const miscCheck = defineChecker({
    keyword: 'MISC_CHECK',
    summary: 'Up where a script ends with exit code 0.',
    fields,
    needs: ['process'],
    target: 'none',
    defaults: { retry: 0 },
    timeoutMs,
    check: (context) => checks.check(context),
  });
  return definePlugin({
    name: 'checker-misc',
    setup(app) {
      global = app.config.extend('global_defs', globalScriptKeywords);
      blocks = app.checkers.define(miscCheck);
      app.config.check(() => warnOfTwo(blocks?.entries ?? []));
    },
    verify: (run) => reviewScripts(scriptsIn(blocks?.entries ?? []), settings(), run.ports.process),
    // The words of global_defs are read at each probe.
    reconfigure: () => 'absorbed',
  });
}

export default checkerMisc();
