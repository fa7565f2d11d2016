/** Edits of the table as messages, sent in batches; what got no answer, or was not heard, is sent again. Used by the port. */
import { constants } from 'node:os';
import { NativeSocketError } from '@mainstay/pacemaker';
import { type IpvsEdit, messageOf } from '@mainstay/sdk';
import type { Answer } from '../linux/request-channel.js';
import { flag } from '../linux/rtnetlink.js';
import type { Breath } from './breath.js';
import { writeDestination, writeDestinationId } from './destination-format.js';
import type { KernelFamily } from './family.js';
import { type GenericSocket, mostInFlight } from './generic-socket.js';
import type { MessageWriter } from './message-writer.js';
import { command, family as familyFacts } from './numbers.js';
import { writeService, writeServiceId } from './service-format.js';

const mostTries = 3;
const enoent = 2;
const einval = 22;
const enobufs = 105;
const changeFlags = flag.request | flag.ack;

/** What is sent: an edit, or another command that changes something. */
export interface Change {
  readonly command: number;
  write?(out: MessageWriter): void;
}

const commands: Readonly<Record<IpvsEdit['do'], number>> = {
  addService: command.newService,
  editService: command.setService,
  deleteService: command.delService,
  addDestination: command.newDestination,
  editDestination: command.setDestination,
  deleteDestination: command.delDestination,
};

/** Throws UnsoundError where the kernel would misread it. */
export function writeEdit(out: MessageWriter, edit: IpvsEdit): void {
  switch (edit.do) {
    case 'addService':
    case 'editService':
      writeService(out, edit.service);
      break;
    case 'deleteService':
      writeServiceId(out, edit.service);
      break;
    case 'addDestination':
    case 'editDestination':
      writeServiceId(out, edit.service);
      writeDestination(out, edit.destination);
      break;
    case 'deleteDestination':
      writeServiceId(out, edit.service);
      writeDestinationId(out, edit.destination);
      break;
  }
}

export function changeOf(edit: IpvsEdit): Change {
  return { command: commands[edit.do], write: (out) => writeEdit(out, edit) };
}

/**
 * Not every change is answered: Linux says nothing where it was interrupted (it ends so the stop of a sync daemon that has not run
 * yet), and has no memory for the answer now and then. Asked again, it tells how things are.
 *
 * Answers in the order of the changes. Rejects only where the kernel has no IPVS, or does not tell.
 */
export async function carryOut(
  changes: readonly Change[],
  { socket, family, breath }: { readonly socket: GenericSocket; readonly family: KernelFamily; readonly breath: Breath },
): Promise<readonly Answer[]> {
  const answers = new Array<Answer | undefined>(changes.length).fill(undefined);
  for (let tries = 0; tries < mostTries; tries++) {
    const waiting = [...answers.keys()].filter((index) => answers[index] === undefined);
    if (waiting.length === 0) break;
    const id = await family.id(breath);
    for (const batch of batchesOf(changes, waiting)) {
      sendBatch(socket, id, changes, batch, answers);
      await breath.take();
    }
    const unknown = waiting.filter((index) => answers[index]?.errno === enoent);
    if (unknown.length > 0 && (await family.hasMoved(breath))) for (const index of unknown) answers[index] = undefined;
  }
  return answers.map((answer) => answer ?? { errno: enobufs, text: 'the answer of the kernel was lost' });
}

/**
 * The kernel acts on a datagram in one system call, which a signal that kills does not end: a new service and its destinations are in one
 * where they fit into one, and begin one where they do not.
 */
function* batchesOf(changes: readonly Change[], waiting: readonly number[]): Generator<readonly number[]> {
  let begin = 0;
  for (let at = 0; at < waiting.length; ) {
    const end = runEnd(changes, waiting, at);
    if (end - begin > mostInFlight && at > begin) {
      yield waiting.slice(begin, at);
      begin = at;
    }
    for (; end - begin > mostInFlight; begin += mostInFlight) yield waiting.slice(begin, begin + mostInFlight);
    at = end;
  }
  if (begin < waiting.length) yield waiting.slice(begin);
}

/** Where what belongs together with the change at that place ends. */
function runEnd(changes: readonly Change[], waiting: readonly number[], at: number): number {
  const commandAt = (place: number) => changes[waiting[place] ?? -1]?.command;
  let end = at + 1;
  if (commandAt(at) === command.newService) while (commandAt(end) === command.newDestination) end++;
  return end;
}

function sendBatch(
  socket: GenericSocket,
  id: number,
  changes: readonly Change[],
  indices: readonly number[],
  answers: (Answer | undefined)[],
): void {
  try {
    const heard = socket.change(indices.length, (out, i, seq) => {
      const index = indices[i] ?? 0;
      const problem = writeChange(out, id, seq, changes[index] as Change);
      if (problem !== undefined) answers[index] = { errno: einval, text: problem };
    });
    for (const [i, answer] of heard.entries()) answers[indices[i] ?? 0] ??= answer;
  } catch (error) {
    if (!(error instanceof NativeSocketError)) throw error;
    for (const index of indices) answers[index] ??= { errno: numberOf(error.errno), text: messageOf(error) };
  }
}

function numberOf(errno: string): number {
  return constants.errno[errno as keyof typeof constants.errno] ?? enobufs;
}

/** What is wrong with it: then it is not among what is sent. */
function writeChange(out: MessageWriter, id: number, seq: number, change: Change): string | undefined {
  out.begin(id, changeFlags, seq, change.command, familyFacts.version);
  try {
    change.write?.(out);
  } catch (error) {
    out.abandon();
    return messageOf(error);
  }
  out.end();
  return undefined;
}
