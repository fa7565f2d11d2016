/**
 * Users and groups of the host: /etc/passwd and /etc/group first; `getent` answers for those that live elsewhere (LDAP, systemd).
 * Used by identity.ts.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { messageOf } from '@mainstay/sdk';
import { errnoOf } from './files.js';

/** Fields of a line of passwd(5) or group(5), of which the third is a number. */
export type Entry = readonly string[];
/** Undefined: it is not there. */
export type Lookup = Entry | undefined | { readonly unanswered: string };

type Database = 'passwd' | 'group';
type Text = { readonly text: string } | { readonly unanswered: string };

const patienceMs = 2000;
/**
 * An answer of getent, or that there is none, is good for so long: a thousand scripts of a user that is not there start no thousand
 * programs, and none of them waits where the one before has waited in vain.
 */
const goodForMs = 2000;
/** getent(1): one or more of the keys could not be found. */
const notFound = 2;

const recent = new Map<string, Promise<Text>>();

export async function findEntry(database: Database, matches: (entry: Entry) => boolean, name: string): Promise<Lookup> {
  const file = await read(`/etc/${database}`);
  const found = entryOf(file, matches);
  if (found !== undefined) return found;
  const answer = await getent(database, name);
  return entryOf(answer, matches) ?? [answer, file].find((source) => 'unanswered' in source);
}

async function read(path: string): Promise<Text> {
  try {
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? { text: '' } : { unanswered: messageOf(error) };
  }
}

function entryOf(source: Text, matches: (entry: Entry) => boolean): Entry | undefined {
  return 'text' in source ? entriesOf(source.text).find(matches) : undefined;
}

function entriesOf(text: string): readonly Entry[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(':');
    return fields.length >= 3 && /^[0-9]+$/.test(fields[2] ?? '') ? [fields] : [];
  });
}

function getent(database: Database, name: string): Promise<Text> {
  const key = `${database} ${name}`;
  const known = recent.get(key);
  if (known !== undefined) return known;
  const asked = ask(database, name).finally(() => setTimeout(() => recent.delete(key), goodForMs).unref());
  recent.set(key, asked);
  return asked;
}

/** Never rejects. */
function ask(database: Database, name: string): Promise<Text> {
  return new Promise((resolve) => {
    execFile('getent', [database, '--', name], { timeout: patienceMs, killSignal: 'SIGKILL' }, (error, text) => {
      if (error === null) resolve({ text });
      // Without the program there is no other database than the files.
      else if (error.code === notFound || errnoOf(error) === 'ENOENT') resolve({ text: '' });
      else if (error.killed) resolve({ unanswered: `getent did not answer within ${patienceMs / 1000} s` });
      else resolve({ unanswered: `getent failed: ${messageOf(error).trim().split('\n').join(': ')}` });
    });
  });
}
