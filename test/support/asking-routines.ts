/**
 * Routines in JavaScript over any port `tcp`, for tests of the checking loop with servers that do as they like. The addon's are tried by
 * themselves (test/contract/routines-linux.test.ts).
 */
import type { Departed, RoutineFacts, RoutineQuestion, Routines, RunningRoutine } from '@mainstay/core';
import type { Clock, Connection, Routine, TcpPort, Timer } from '@mainstay/sdk';

export class AskingRoutines implements Routines {
  /** Rounds that were answered as before. */
  rounds = 0;

  constructor(
    private readonly clock: Clock,
    private readonly tcp: TcpPort,
  ) {}

  begin(question: RoutineQuestion, departed: (departed: Departed) => void): RunningRoutine {
    return new Asking(this.clock, this.tcp, question, departed, () => this.rounds++);
  }

  close(): void {}
}

/** What a round found that is not as before. */
type Found = { readonly connection: Connection; readonly answer: Uint8Array } | { readonly error: unknown };

class Asking implements RunningRoutine {
  #rounds = 0;
  #lastBeganAt = 0;
  #lastTookMs = 0;
  #dueAt: number;
  #timer: Timer;
  #round: AbortController | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly tcp: TcpPort,
    private readonly question: RoutineQuestion,
    private readonly departed: (departed: Departed) => void,
    private readonly counted: () => void,
  ) {
    this.#dueAt = clock.now() + question.dueInMs;
    this.#timer = clock.at(this.#dueAt, () => void this.#ask());
  }

  facts(): RoutineFacts {
    return { ...this.#history(), dueInMs: this.#dueAt - this.clock.now(), isUnderWay: this.#round !== undefined };
  }

  end(): RoutineFacts {
    const facts = this.facts();
    this.#timer.cancel();
    const round = this.#round;
    this.#round = undefined;
    round?.abort(new Error('not wanted any more'));
    return facts;
  }

  async #ask(): Promise<void> {
    const { target, routine, timeoutMs, delayLoopMs } = this.question;
    const round = new AbortController();
    const beganAt = this.clock.now();
    this.#round = round;
    this.#timer = this.clock.after(timeoutMs, () => {
      if (this.#round === round) this.#depart(beganAt, 'late');
      round.abort(new Error('late'));
    });
    const found = await converse(this.tcp, target, routine, round.signal).catch((error: unknown): Found => ({ error }));
    if (this.#round !== round) {
      if (found !== undefined && 'connection' in found) found.connection.close();
      return;
    }
    this.#timer.cancel();
    if (found !== undefined) return this.#depart(beganAt, outcomeOf(found, routine));
    this.#round = undefined;
    this.#rounds++;
    this.counted();
    this.#lastBeganAt = beganAt;
    this.#lastTookMs = this.clock.now() - beganAt;
    while (this.#dueAt <= this.clock.now()) this.#dueAt += delayLoopMs;
    this.#timer = this.clock.at(this.#dueAt, () => void this.#ask());
  }

  #depart(beganAt: number, outcome: Departed['outcome']): void {
    this.#round = undefined;
    const now = this.clock.now();
    this.departed({ ...this.#history(), dueAgoMs: now - this.#dueAt, beganAgoMs: now - beganAt, hadPause: false, outcome });
  }

  #history() {
    return { rounds: this.#rounds, lastBeganAgoMs: this.clock.now() - this.#lastBeganAt, lastTookMs: this.#lastTookMs };
  }
}

/** undefined: as before. Throws where there is no connection. */
async function converse(
  tcp: TcpPort,
  target: RoutineQuestion['target'],
  { send = '', answer: expected }: Routine,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const connection = await tcp.connect(target, { signal });
  let answer: Uint8Array = new Uint8Array(0);
  const asBefore = () => {
    connection.close();
    return undefined;
  };
  if (expected === undefined) return asBefore();
  connection.write(send).catch(() => {});
  const { octets, parts, isEnded = false } = expected;
  for (;;) {
    const bytes = await connection.read();
    if (bytes === undefined) return isEnded && answer.length === octets ? asBefore() : { connection, answer };
    answer = Buffer.concat([answer, bytes]);
    const isOther = parts.some(({ at, text }) => {
      const there = Buffer.from(answer).subarray(at, at + Buffer.byteLength(text as Uint8Array));
      return Buffer.compare(there, Buffer.from(text as Uint8Array).subarray(0, there.length)) !== 0;
    });
    if (answer.length > octets || isOther) return { connection, answer };
    if (answer.length === octets && !isEnded) return asBefore();
  }
}

function outcomeOf(found: Found, { send = '' }: Routine): Exclude<Departed['outcome'], 'late'> {
  if ('error' in found) return { take: () => Promise.reject(found.error), discard: () => {} };
  const { connection } = found;
  let sent = Buffer.byteLength(send as Uint8Array);
  let answer: Uint8Array | undefined = found.answer.length > 0 ? found.answer : undefined;
  return {
    async take({ signal }) {
      signal.addEventListener('abort', () => connection.close());
      return {
        async write(data) {
          const bytes = Buffer.from(data as Uint8Array);
          const known = Math.min(sent, bytes.length);
          sent -= known;
          if (bytes.length > known) await connection.write(bytes.subarray(known));
        },
        async read() {
          const own = answer;
          answer = undefined;
          return own ?? connection.read();
        },
        end: () => connection.end(),
        close: () => connection.close(),
      };
    },
    discard: () => connection.close(),
  };
}
