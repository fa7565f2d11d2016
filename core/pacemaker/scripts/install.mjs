/**
 * The install script of the package: keeps a prebuilt binary that loads, or builds one here. Never fails: a distribution installs
 * and checks configurations without the native part, and the first use of it says NATIVE_MISSING.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const loader = new URL('../dist/native.js', import.meta.url);

/** In a process of its own, as a binary that does not fit may end the process that loads it. Undefined: it loads. */
function refusal(code) {
  if (!existsSync(loader)) return 'the package is not compiled yet';
  const script = `import(${JSON.stringify(loader.href)}).then((m) => { ${code} }).catch((e) => { console.log(e.message); process.exit(1) })`;
  const { status, signal, error, stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 60_000 });
  if (status === 0) return undefined;
  return stdout?.trim() || `node ended with ${signal ?? status ?? error?.message}`;
}

function build() {
  const { status, error } = spawnSync('node-gyp configure build', { cwd: here, shell: true, stdio: 'inherit' });
  return status === 0 && error === undefined;
}

/** A binary that was built here is built again: it would be loaded in preference, and whoever built it had a reason. */
const builtHere = existsSync(new URL('../build/Release/pacemaker.node', import.meta.url));
const wantsBuild = builtHere || process.env.npm_config_build_from_source === 'true';

if (wantsBuild || refusal('m.load(m.prebuilt())') !== undefined) {
  const built = build();
  // A build that failed may leave a binary that came with the package, or an earlier one.
  if (!built && refusal('m.native()') !== undefined)
    console.error(
      `mainstay: no native part for ${process.platform} ${process.arch} in ${dirname(fileURLToPath(loader))}: no prebuilt binary ` +
        'fits and none could be built. `mainstay check` works, `mainstay run` will not. Install a C compiler, make and python3, ' +
        'then `npm rebuild @mainstay/pacemaker`',
    );
}
