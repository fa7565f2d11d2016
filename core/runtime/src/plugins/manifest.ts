/** Reads the `mainstay` block of a plugin's package.json: everything that is wrong with it in one error. No code of it runs. */
import { laneKinds, MainstayError, type Manifest, portNames, sdkVersion } from '@mainstay/sdk';
import semver from 'semver';
import { didYouMean } from '../hooks/index.js';

const keys = ['api', 'lane', 'isolated', 'needs', 'commands', 'leaves'];

/** `packageName` is for messages. Throws PLUGIN_BAD_MANIFEST or PLUGIN_API_MISMATCH. */
export function readManifest(block: unknown, packageName: string): Manifest {
  if (block === undefined) {
    const message = `${packageName} is not a Mainstay plugin: its package.json has no "mainstay" block`;
    throw new MainstayError('PLUGIN_BAD_MANIFEST', message, 'check the name of the package');
  }
  if (!isRecord(block)) {
    throw new MainstayError('PLUGIN_BAD_MANIFEST', `the "mainstay" block of ${packageName} is not an object`);
  }
  // First: a plugin for another SDK may rightly say things that this one does not know.
  if (isRange(block.api)) checkApi(block.api, packageName);
  const problems = [
    ...unknownKeys(block),
    ...wrongApi(block.api),
    ...wrongLane(block),
    ...wrongNeeds(block.needs),
    ...wrongCommands(block.commands),
    ...wrongLeaves(block.leaves),
  ];
  if (problems.length > 0) {
    const message = `the "mainstay" block of ${packageName} is not valid: ${problems.join('; ')}`;
    throw new MainstayError('PLUGIN_BAD_MANIFEST', message);
  }
  const { api, lane, isolated, needs, commands, leaves } = block as unknown as Manifest;
  return Object.freeze({
    api,
    lane,
    needs: Object.freeze([...needs]),
    ...(isolated === undefined ? {} : { isolated }),
    ...(commands === undefined ? {} : { commands: Object.freeze({ ...commands }) }),
    ...(leaves === undefined ? {} : { leaves }),
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRange(api: unknown): api is string {
  return typeof api === 'string' && api.trim() !== '' && semver.validRange(api) !== null;
}

/** Throws PLUGIN_API_MISMATCH where the range does not cover this SDK. Says who must upgrade. */
function checkApi(range: string, packageName: string): void {
  if (semver.satisfies(sdkVersion, range, { includePrerelease: true })) return;
  const message = `${packageName} is made for @mainstay/sdk ${range}, and this is ${sdkVersion}`;
  const hint = semver.gtr(sdkVersion, range) ? `install a newer version of ${packageName}` : 'upgrade Mainstay';
  throw new MainstayError('PLUGIN_API_MISMATCH', message, hint);
}

function unknownKeys(block: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(block)
    .filter((key) => !keys.includes(key))
    .map((key) => withHint(`"${key}" is unknown`, didYouMean(key, keys)));
}

function wrongApi(api: unknown): readonly string[] {
  if (api === undefined) return [`"api" is missing: the range of @mainstay/sdk, such as "^${sdkVersion}"`];
  return isRange(api) ? [] : [`"api" is ${JSON.stringify(api)}, which is not a semver range`];
}

function wrongLane({ lane, isolated }: Readonly<Record<string, unknown>>): readonly string[] {
  const problems: string[] = [];
  if (lane === undefined) problems.push(`"lane" is missing: one of ${laneKinds.join(', ')}`);
  else if (!laneKinds.some((kind) => kind === lane)) {
    problems.push(
      withHint(`"lane" is ${JSON.stringify(lane)}, not one of ${laneKinds.join(', ')}`, didYouMean(String(lane), laneKinds)),
    );
  }
  if (isolated !== undefined && typeof isolated !== 'boolean') problems.push('"isolated" is neither true nor false');
  return problems;
}

function wrongNeeds(needs: unknown): readonly string[] {
  if (needs === undefined) return ['"needs" is missing: the list of ports, which may be empty'];
  if (!Array.isArray(needs)) return ['"needs" is not a list of ports'];
  return needs
    .filter((need) => !portNames.some((port) => port === need))
    .map((need) => withHint(`"needs" names the unknown port ${JSON.stringify(need)}`, didYouMean(String(need), portNames)));
}

const commandName = /^[a-z][a-z-]*$/;

function wrongCommands(commands: unknown): readonly string[] {
  if (commands === undefined) return [];
  if (!isRecord(commands)) return ['"commands" is not an object of names and modules'];
  return Object.entries(commands).flatMap(([name, module]) => [
    ...(commandName.test(name) ? [] : [`the command ${JSON.stringify(name)} must be lower-case letters and hyphens`]),
    ...(typeof module === 'string' && module.startsWith('./') && !module.split('/').includes('..')
      ? []
      : [`the module of the command ${JSON.stringify(name)} is not a path that begins with ./ and stays in the package`]),
  ]);
}

/** It becomes part of one line of the log. */
function wrongLeaves(leaves: unknown): readonly string[] {
  if (leaves === undefined || (typeof leaves === 'string' && /^\P{Cc}+$/u.test(leaves))) return [];
  return ['"leaves" is not a line of text: what may stay in the kernel, and how it is cleared by hand'];
}

function withHint(problem: string, hint: string | undefined): string {
  return hint === undefined ? problem : `${problem}, ${hint}`;
}
