/**
 * Errors that nobody caught in a lane: whose they are, told from the stack, and whether the lane may go on. Used by main.ts.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LaneKind, messageOf } from '@mainstay/sdk';
import type { PlannedPlugin } from './messages.js';

export interface Culprit {
  readonly plugin: string;
  /** The operator added it: the lane does not depend on it. */
  readonly isAdded: boolean;
}

/** Knows the folders that the plugins of a lane live in. */
export class Attribution {
  readonly #folders: readonly { readonly folder: string; readonly culprit: Culprit }[];

  constructor(plugins: readonly Pick<PlannedPlugin, 'name' | 'entry' | 'origin'>[]) {
    this.#folders = plugins
      .map(({ name, entry, origin }) => ({
        folder: packageFolder(entry) + sep,
        culprit: { plugin: name, isAdded: origin !== 'distribution' },
      }))
      .sort((a, b) => b.folder.length - a.folder.length);
  }

  /** The plugin whose code stands nearest to the top of the stack; undefined where none does, or there is no stack. */
  culpritOf(error: unknown): Culprit | undefined {
    for (const file of filesOf(error)) {
      const found = this.#folders.find(({ folder }) => file.startsWith(folder));
      if (found !== undefined) return found.culprit;
    }
    return undefined;
  }
}

function packageFolder(entry: string): string {
  const real = existsSync(entry) ? realpathSync(entry) : entry;
  let folder = dirname(real);
  while (folder !== dirname(folder) && !existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder === dirname(folder) ? dirname(real) : folder;
}

/** The file of each frame, from the top. */
function filesOf(error: unknown): readonly string[] {
  return framesOf(error).map((frame) => frame.replace(/:\d+:\d+$/, ''));
}

function framesOf(error: unknown): readonly string[] {
  const stack: unknown = error instanceof Error ? error.stack : undefined;
  if (typeof stack !== 'string') return [];
  const places = [...stack.matchAll(/^\s+at (?:.*?[ (])?((?:file:\/\/)?\/.*?:\d+:\d+)\)?$/gm)];
  return places.map(([, place = '']) => (place.startsWith('file:') ? fileURLToPath(place) : place));
}

/** What was thrown and where, in one line: `message (at /FILE:LINE:COLUMN)`. */
export function describeStray(error: unknown): string {
  const [first] = framesOf(error);
  return first === undefined ? messageOf(error) : `${messageOf(error)} (at ${first})`;
}

/**
 * After an exception that nobody caught. The realtime lane goes on when the code is of a plugin that the operator added: a restart
 * would interrupt the service for something that it does not depend on. In every other case whoever threw may be half-way through
 * something, and a new process is the safe answer. (A rejection that nobody handled ends no lane: nothing was interrupted.)
 */
export function maySurvive(laneKind: LaneKind, culprit: Culprit | undefined): boolean {
  return laneKind === 'realtime' && culprit?.isAdded === true;
}
