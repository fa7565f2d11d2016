/**
 * Users and groups by name, for scripts that run as somebody else. /etc/passwd and /etc/group first; `getent` answers for
 * users that live elsewhere (LDAP, systemd). Called by the process port.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { ScriptIdentity } from '@mainstay/sdk';

/** Whom a script runs as. `change` is absent where that is who we are already: no privilege is needed then. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly change?: { readonly uid: number; readonly gid: number };
}

export type IdentityAnswer = Identity | { readonly unknown: string };

export async function resolveIdentity(wanted: ScriptIdentity): Promise<IdentityAnswer> {
  const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const user = wanted.user === undefined ? self : await findUser(wanted.user);
  if (user === undefined) return { unknown: `there is no user "${wanted.user}" on this host` };
  const gid = wanted.group === undefined ? user.gid : await findGroup(wanted.group);
  if (gid === undefined) {
    const what = wanted.group === undefined ? `user ${wanted.user} has no primary group here: name a group` : '';
    return { unknown: what || `there is no group "${wanted.group}" on this host` };
  }
  // Root changes even to itself: that drops the supplementary groups that the daemon was started with.
  const isNeeded = self.uid === 0 || user.uid !== self.uid || gid !== self.gid;
  return { uid: user.uid, gid, ...(isNeeded ? { change: { uid: user.uid, gid } } : {}) };
}

async function findUser(name: string): Promise<{ uid: number; gid: number | undefined } | undefined> {
  const isNumber = /^[0-9]+$/.test(name);
  const fields = await findEntry('passwd', (entry) => entry[0] === name || (isNumber && entry[2] === name), name);
  if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  return isNumber && isId(Number(name)) ? { uid: Number(name), gid: undefined } : undefined;
}

async function findGroup(name: string): Promise<number | undefined> {
  if (/^[0-9]+$/.test(name)) return isId(Number(name)) ? Number(name) : undefined;
  const fields = await findEntry('group', (entry) => entry[0] === name, name);
  return fields && Number(fields[2]);
}

/** 2^32-1 means "no change" to the kernel. */
function isId(id: number): boolean {
  return id < 0xffffffff;
}

async function findEntry(
  database: 'passwd' | 'group',
  matches: (entry: readonly string[]) => boolean,
  name: string,
): Promise<readonly string[] | undefined> {
  const text = await readFile(`/etc/${database}`, 'utf8').catch(() => '');
  const found = entriesOf(text).find(matches);
  return found ?? entriesOf(await getent(database, name)).find(matches);
}

function entriesOf(text: string): readonly (readonly string[])[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(':');
    return fields.length >= 3 && /^[0-9]+$/.test(fields[2] ?? '') ? [fields] : [];
  });
}

function getent(database: string, name: string): Promise<string> {
  return new Promise((resolve) => {
    execFile('getent', [database, '--', name], { timeout: 2000 }, (error, stdout) => resolve(error === null ? stdout : ''));
  });
}
