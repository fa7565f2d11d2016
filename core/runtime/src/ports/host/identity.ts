/** Whom a script runs as, from the names of a user and a group. Called by the process port. */
import type { ScriptIdentity } from '@mainstay/sdk';
import { type Entry, findEntry, type Lookup } from './user-database.js';

/** Whom a script runs as. `change` is absent where that is who we are already: no privilege is needed then. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly change?: { readonly uid: number; readonly gid: number };
}

/** `isCertain`: it is not there. Otherwise nobody could say, and may say so later. */
export interface Unknown {
  readonly unknown: string;
  readonly isCertain: boolean;
}

export async function resolveIdentity(wanted: ScriptIdentity): Promise<Identity | Unknown> {
  const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const user = wanted.user === undefined ? self : await findUser(wanted.user);
  if ('unknown' in user) return user;
  const gid = wanted.group === undefined ? user.gid : await findGroup(wanted.group);
  if (typeof gid !== 'number') return gid;
  // Root changes even to itself: that drops the supplementary groups that the daemon was started with.
  const isNeeded = self.uid === 0 || user.uid !== self.uid || gid !== self.gid;
  return { uid: user.uid, gid, ...(isNeeded ? { change: { uid: user.uid, gid } } : {}) };
}

async function findUser(name: string): Promise<{ readonly uid: number; readonly gid: number | Unknown } | Unknown> {
  const isNumber = /^[0-9]+$/.test(name);
  const found = await findEntry('passwd', (entry) => entry[0] === name || (isNumber && entry[2] === name), name);
  if (isEntry(found)) return { uid: Number(found[2]), gid: Number(found[3]) };
  const why = unknown('user', name, found);
  if (!isNumber || !isId(Number(name))) return why;
  return { uid: Number(name), gid: why.isCertain ? absent(`user ${name} has no primary group here: name a group`) : why };
}

async function findGroup(name: string): Promise<number | Unknown> {
  if (/^[0-9]+$/.test(name) && isId(Number(name))) return Number(name);
  const found = await findEntry('group', (entry) => entry[0] === name, name);
  return isEntry(found) ? Number(found[2]) : unknown('group', name, found);
}

function isEntry(found: Lookup): found is Entry {
  return Array.isArray(found);
}

function unknown(what: string, name: string, found: Exclude<Lookup, Entry>): Unknown {
  if (found === undefined) return absent(`there is no ${what} "${name}" on this host`);
  return { unknown: `whether there is a ${what} "${name}" is not known now: ${found.unanswered}`, isCertain: false };
}

function absent(why: string): Unknown {
  return { unknown: why, isCertain: true };
}

/** 2^32-1 means "no change" to the kernel. */
function isId(id: number): boolean {
  return id < 0xffffffff;
}
