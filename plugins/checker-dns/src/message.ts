/**
 * Messages of DNS (RFC 1035), by the codec dns-packet: a query, and of a reply the header, the question and where its answers are. What
 * is in the answers is not decoded: the codec refuses some that servers may send. Pure; called by check.ts.
 */
import { messageOf } from '@mainstay/sdk';
import codec from 'dns-packet';
import { objectionTo, type Question } from './question.js';

/** Octets of a header (RFC 1035 section 4.1.1); where its flags and its counts of questions and answers are. */
const header = { length: 12, counts: 4, questions: 4, answers: 6 } as const;
/** Octets between the name of a record and its data: type, class, TTL and the length of the data (section 4.1.3). */
const recordHead = 10;
/** Answers are followed so far. Without EDNS a reply has at most 512 octets (section 4.2.1); more is a matter of patience, not of work. */
export const mostFollowed = 1232;

export interface Reply {
  /** `NOERROR`, `SERVFAIL`, `RCODE_12`. */
  readonly code: string;
  readonly isTruncated: boolean;
  /** Records in the answer section. */
  readonly answers: number;
  /** Why this is no reply that a name server sends; only with the code NOERROR. */
  readonly damage?: string;
}

/** Throws RangeError for a name that `objectionTo` refuses. */
export function encodeQuery(id: number, { name, type }: Question): Uint8Array {
  const objection = objectionTo(name);
  if (objection !== undefined) throw new RangeError(`${name}: ${objection}`);
  return codec.encode({ type: 'query', id, flags: codec.RECURSION_DESIRED, questions: [{ name, type }] });
}

/** Undefined where the datagram does not answer this question; never throws, and its work has a bound. */
export function readReply(bytes: Uint8Array, id: number, asked: Question): Reply | undefined {
  if (bytes.length < header.length) return undefined;
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { id: itsId, type, flags, rcode: code } = codec.decode(headOf(message));
  if (itsId !== id || type !== 'response') return undefined;
  const answers = message.readUInt16BE(header.answers);
  const reply = { code, answers, isTruncated: (flags & codec.TRUNCATED_RESPONSE) !== 0 };
  if (code !== 'NOERROR') return reply;
  try {
    return follow(message, asked, reply);
  } catch (error) {
    return { ...reply, damage: error instanceof RangeError ? 'it ends too soon' : messageOf(error) };
  }
}

/** The header alone: a message with nothing in its sections. */
function headOf(message: Buffer): Buffer {
  return Buffer.from(message.subarray(0, header.length)).fill(0, header.counts);
}

function follow(message: Buffer, asked: Question, reply: Reply): Reply | undefined {
  const questions = message.readUInt16BE(header.questions);
  if (questions > 1) throw new Error(`it has ${questions} questions`);
  let at: number = header.length;
  if (questions === 1) {
    if (!isSame(codec.question.decode(message, at), asked)) return undefined;
    at += codec.question.decode.bytes;
  }
  // What was cut off may end anywhere.
  for (let n = 0; n < reply.answers && at < mostFollowed && !reply.isTruncated; n++) at = behindRecord(message, at);
  return reply;
}

function behindRecord(message: Buffer, at: number): number {
  codec.name.decode(message, at);
  const data = at + codec.name.decode.bytes + recordHead;
  const end = data <= message.length ? data + message.readUInt16BE(data - 2) : data;
  if (end > message.length) throw new RangeError('a record beyond the end');
  return end;
}

/** Case of letters says nothing (RFC 4343). */
function isSame(question: { readonly name: string; readonly type: string }, { name, type }: Question): boolean {
  const plain = (text: string) => (text === '.' ? text : text.replace(/\.$/, '').toLowerCase());
  return question.type === type && plain(question.name) === plain(name);
}
