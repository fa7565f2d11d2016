/**
 * An order as bytes. Forty thousand checks are mostly alike: what several of them share is written once, and what is left of each is
 * its id, its server and a row of numbers. Used by both ends of the way between lanes; whoever passes it on need not understand it.
 */
import { deserialize, serialize } from 'node:v8';
import type { CheckRequest, CheckState, Endpoint } from '@mainstay/sdk';
import { isPlain } from './content.js';
import type { AskedCheck, CheckOrder, SentOrder } from './orders.js';

interface Packed {
  readonly ends: Pick<CheckOrder, 'isFirst' | 'isLast'>;
  readonly drop: readonly string[];
  readonly ids: readonly string[];
  /** Every text once. */
  readonly texts: readonly string[];
  /** Contents and timings, those that are one object once; targets of which there is more to say than address and port. */
  readonly values: readonly unknown[];
  /** For each check as many numbers as `columns` has. */
  readonly rows: Uint32Array;
  /** Of the checks whose flags say so, in their order. */
  readonly known: readonly CheckState[];
  /** Checks that no row can hold. */
  readonly odd: readonly AskedCheck[];
}

/** Texts and values by their index; `virtualHost` and `target` one more, or 0 for none. */
const columns = [
  'checker',
  'virtualServer',
  'realServer',
  'address',
  'port',
  'target',
  'config',
  'virtualHost',
  'timing',
  'flags',
];
const width = columns.length;
const flag = { isDown: 1, isSuspended: 2, logsAllFailures: 4, isSettled: 8, isKnown: 16 } as const;
const largestPort = 65_535;

/** What cannot be written as bytes stays as it is: the channel says what is wrong with it. */
export function packOrder(order: CheckOrder): SentOrder {
  try {
    return serialize(packed(order));
  } catch {
    return order;
  }
}

/** Throws where the bytes are none that `packOrder` made. */
export function unpackOrder(order: SentOrder): CheckOrder {
  return order instanceof Uint8Array ? unpacked(deserialize(order) as Packed) : order;
}

/** What is met again and again gets one number. */
class Numbers<Value> {
  readonly list: Value[] = [];
  readonly #known = new Map<Value, number>();

  of(value: Value): number {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    this.#known.set(value, this.list.length);
    return this.list.push(value) - 1;
  }
}

function packed({ put, drop, ...ends }: CheckOrder): Packed {
  const regular = put.filter(isRegular);
  const texts = new Numbers<string>();
  const values = new Numbers<unknown>();
  const ids: string[] = [];
  const known: CheckState[] = [];
  const rows = new Uint32Array(regular.length * width);
  let at = 0;
  for (const asked of regular) {
    const { id, identity, target, config, virtualHost, timing } = asked.request;
    ids.push(id);
    if (asked.known !== undefined) known.push(asked.known);
    rows[at] = texts.of(identity.checker);
    rows[at + 1] = texts.of(identity.virtualServer);
    rows[at + 2] = texts.of(identity.realServer);
    rows[at + 3] = texts.of(target.address);
    rows[at + 4] = target.port;
    rows[at + 5] = isPlain(target) ? 0 : values.of(target) + 1;
    rows[at + 6] = values.of(config);
    rows[at + 7] = virtualHost === undefined ? 0 : texts.of(virtualHost) + 1;
    rows[at + 8] = values.of(timing);
    rows[at + 9] = flagsOf(asked);
    at += width;
  }
  const odd = regular.length === put.length ? [] : put.filter((asked) => !isRegular(asked));
  return { ends, drop, ids, texts: texts.list, values: values.list, rows, known, odd };
}

/** A request comes from anybody's code. */
function isRegular({ request: { id, identity, target, virtualHost, initial } }: AskedCheck): boolean {
  const texts: readonly unknown[] = [id, identity.checker, identity.virtualServer, identity.realServer, target.address];
  const isPort = Number.isInteger(target.port) && target.port >= 0 && target.port <= largestPort;
  const isHost = virtualHost === undefined || typeof virtualHost === 'string';
  return isPort && isHost && (initial === 'up' || initial === 'down') && texts.every((text) => typeof text === 'string');
}

function flagsOf({ request: { initial, isSuspended, logsAllFailures }, known, isSettled }: AskedCheck): number {
  return (
    (initial === 'down' ? flag.isDown : 0) |
    (isSuspended === true ? flag.isSuspended : 0) |
    (logsAllFailures === true ? flag.logsAllFailures : 0) |
    (isSettled ? flag.isSettled : 0) |
    (known === undefined ? 0 : flag.isKnown)
  );
}

function unpacked({ ends, drop, ids, texts, values, rows, known, odd }: Packed): CheckOrder {
  const put: AskedCheck[] = [];
  let states = 0;
  const text = (place: number) => texts[rows[place] as number] as string;
  for (const [i, id] of ids.entries()) {
    const at = i * width;
    const target = rows[at + 5] as number;
    const virtualHost = rows[at + 7] as number;
    const flags = rows[at + 9] as number;
    const request: { -readonly [K in keyof CheckRequest]: CheckRequest[K] } = {
      id,
      identity: { checker: text(at), virtualServer: text(at + 1), realServer: text(at + 2) },
      target: target === 0 ? { address: text(at + 3), port: rows[at + 4] as number } : (values[target - 1] as Endpoint),
      config: values[rows[at + 6] as number],
      timing: values[rows[at + 8] as number] as CheckRequest['timing'],
      initial: (flags & flag.isDown) === 0 ? 'up' : 'down',
    };
    if (virtualHost > 0) request.virtualHost = texts[virtualHost - 1] as string;
    if ((flags & flag.isSuspended) !== 0) request.isSuspended = true;
    if ((flags & flag.logsAllFailures) !== 0) request.logsAllFailures = true;
    const isSettled = (flags & flag.isSettled) !== 0;
    put.push(
      (flags & flag.isKnown) === 0 ? { request, isSettled } : { request, isSettled, known: known[states++] as CheckState },
    );
  }
  return { ...ends, put: [...put, ...odd], drop };
}
