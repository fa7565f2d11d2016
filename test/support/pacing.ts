/** What tests of the pacemaker thread share: its clock, frames on loopback, children that are blocked or stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { type HeardPacket, type LineOptions, type PacemakerLine, PacemakerThread } from '@mainstay/pacemaker';
import { atExit } from './at-exit.js';
import { until } from './command.js';

export const loopback = 1;
export const nothing = Buffer.alloc(0);
const entry = createRequire(import.meta.url).resolve('@mainstay/pacemaker');
const limitMs = 20_000;
/** Of this process alone: other test runs use loopback too. */
export const etherType = 0xa000 + (process.pid % 0x4000);
export const udpPort = 10_000 + (process.pid % 5000) * 4;

/** The thread's clock. */
export function clockUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** JavaScript does nothing else for so long. */
export function block(ms: number): void {
  const end = clockUs() + ms * 1000;
  while (clockUs() < end);
}

export function eventually(what: string, check: () => boolean): Promise<boolean> {
  return until(what, limitMs, check);
}

/** A frame of the type with a key at offset 14 and a text behind it. */
export function frame(etherType: number, key: number, text: string): Buffer {
  const head = Buffer.alloc(15);
  head.writeUInt16BE(etherType, 12);
  head[14] = key;
  return Buffer.concat([head, Buffer.from(text.padEnd(45))]);
}

/** The text of a frame that `frame` made. */
export function textOf(packet: { readonly payload: Uint8Array }): string {
  return Buffer.from(packet.payload).toString('utf8', 15).trim();
}

/** A frame as a watch expects it. */
export function expected(payload: Buffer): Omit<HeardPacket, 'interfaceIndex' | 'receivedAt'> {
  return { source: nothing, destination: nothing, sourcePort: 0, hopLimit: 0, payload };
}

/** Lines of frames on loopback, keyed by the byte at 14, that a test closes together. */
export class Lines {
  readonly thread = PacemakerThread.start();
  readonly #open: PacemakerLine[] = [];

  frames(etherType: number, options: Partial<LineOptions> = {}): PacemakerLine {
    return this.open({ transport: { kind: 'frames', etherType }, key: { offset: 14, length: 1 }, ...options });
  }

  open(options: Pick<LineOptions, 'transport'> & Partial<LineOptions>): PacemakerLine {
    const onError = (error: Error) => {
      throw error;
    };
    const line = this.thread.openLine({ interfaceIndex: loopback, onPacket() {}, onError, ...options });
    this.#open.push(line);
    return line;
  }

  close(): void {
    for (const line of this.#open.splice(0)) line.close();
  }
}

/** Runs a script beside this process; it finds the package's exports, `clockUs`, `block` and `frame` in scope. */
export class PacingChild {
  output = '';
  errors = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(script: string) {
    const source = `
      const { PacemakerThread } = await import('${entry}');
      const { clockUs, block, frame } = await import('${import.meta.url}');
      ${script}`;
    this.#child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    const forget = atExit(() => this.#child.kill('SIGKILL'));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code) => {
        forget();
        resolve(code);
      }),
    );
  }

  saw(text: string): Promise<boolean> {
    return eventually(`the child says ${text}; it says ${this.output}${this.errors}`, () => this.output.includes(text));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the input of a child that waits for that. */
  release(): void {
    this.#child.stdin?.end();
  }
}
