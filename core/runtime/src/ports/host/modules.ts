/**
 * Linux implementation of the `modules` port: TypeScript and JavaScript files of the operator, compiled at load time by jiti.
 * Never on a failover path: plugins call it before they start.
 */
import { isAbsolute } from 'node:path';
import * as sdk from '@mainstay/sdk';
import { MainstayError, type Modules, messageOf } from '@mainstay/sdk';
import { errnoOf } from './files.js';
import { insecureComponent } from './path-security.js';

export function openModules(): Modules {
  return { load: loadModule };
}

async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!isAbsolute(path)) throw failure(path, 'its path is not absolute', 'name it with its full path');
  refuseInsecure(path);
  // Here, not above: most processes never load a module.
  const { createJiti } = await import('jiti');
  // A cache in /tmp, jiti's default, would let whoever writes there run code as us.
  const jiti = createJiti('/', {
    fsCache: false,
    interopDefault: false,
    sourceMaps: true,
    // Found from anywhere, and the same copy for everybody.
    virtualModules: { '@mainstay/sdk': sdk },
  });
  const known = new Set(Object.keys(jiti.cache));
  try {
    return await jiti.import<Record<string, unknown>>(path);
  } catch (error) {
    throw failure(describeWhere(path, error), describeWhat(error), hintFor(error), error);
  } finally {
    // The next load, after an edit and a reload, must see the new text; this one keeps its own instances.
    for (const key of Object.keys(jiti.cache)) if (!known.has(key)) delete jiti.cache[key];
  }
}

/** As root, code is loaded only from where only root may write: the same rule as for scripts. */
function refuseInsecure(path: string): void {
  if (process.geteuid?.() !== 0) return;
  let hole: string | undefined;
  try {
    hole = insecureComponent(path);
  } catch (error) {
    const what = errnoOf(error) === 'ENOENT' ? 'it does not exist' : messageOf(error);
    throw failure(path, what, undefined, error);
  }
  if (hole !== undefined) {
    throw failure(path, `it would run as root, but ${hole}`, 'make every part of its path writable by root alone');
  }
}

function failure(where: string, what: string, hint?: string, cause?: unknown): MainstayError {
  return new MainstayError('MODULE_LOAD_FAILED', `${where}: cannot be loaded: ${what}`, hint, { cause });
}

/** `file:line:column` of a syntax error, `file:line` of a throw, else the file. */
function describeWhere(path: string, error: unknown): string {
  const syntax = /^\s*(\/[^\n]*:\d+:\d+)\s*$/m.exec(isParseError(error) ? messageOf(error) : '');
  if (syntax?.[1] !== undefined) return syntax[1];
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frame = stack.split('\n').find((line) => line.includes(`${path}:`));
  const line = frame?.slice(frame.indexOf(`${path}:`) + path.length + 1).match(/^\d+/)?.[0];
  return line === undefined ? path : `${path}:${line}`;
}

function describeWhat(error: unknown): string {
  const first = messageOf(error).split('\n')[0]?.trim() ?? '';
  return first.replace(/^ParseError: /, 'syntax error: ');
}

function hintFor(error: unknown): string | undefined {
  return errnoOf(error) === 'MODULE_NOT_FOUND' || errnoOf(error) === 'ERR_MODULE_NOT_FOUND'
    ? 'install the package in a node_modules folder beside the file, or above it'
    : undefined;
}

function isParseError(error: unknown): boolean {
  return messageOf(error).startsWith('ParseError');
}
