/**
 * An answer in HTTP, put together from octets as they come, whatever they are: status, and the body piece by piece without its
 * chunks. Nothing is kept but the line that is not complete. Pure; used by exchange.ts.
 */
import { type Framing, framingOf, headOf, NotHttp, printable, type ResponseHead } from './framing.js';

export { NotHttp, type ResponseHead } from './framing.js';

/** Of all heads of an answer together, those of interim answers among them. */
export const longestHead = 32_768;
/** Of a chunk's size with its extensions. */
const longestSizeLine = 4096;

type State = 'head' | 'length' | 'size' | 'chunk' | 'chunk end' | 'trailer' | 'end' | 'done';

const lineFeed = 10;
const opening = 'HTTP/';

export class ResponseReader {
  private state: State = 'head';
  private partial: Uint8Array = new Uint8Array(0);
  private lines: string[] = [];
  private linesTaken = 0;
  /** Octets that are left of the body, or of the chunk. */
  private left = 0;
  private found: ResponseHead | undefined;
  private taken = 0;
  private hasInterim = false;
  private rawHead = '';

  /** `body` gets the body in pieces; what it throws goes through. */
  constructor(private readonly body: (bytes: Uint8Array) => void) {}

  get head(): ResponseHead | undefined {
    return this.found;
  }

  /** Octets of the answer so far, its heads among them. */
  get octets(): number {
    return this.taken;
  }

  /** The head in Latin-1, octet for octet, where the answer begins with it; undefined behind interim answers. */
  get rawOpening(): string | undefined {
    return this.found === undefined || this.hasInterim ? undefined : this.rawHead;
  }

  get isComplete(): boolean {
    return this.state === 'done';
  }

  /** The next octets; what follows a complete answer is nobody's. Throws NotHttp. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.state !== 'done') {
      if (this.state === 'length' || this.state === 'chunk' || this.state === 'end') at = this.content(bytes, at);
      else at = this.line(bytes, at);
    }
    this.taken += at;
  }

  /** The connection has ended. Answers what is missing of the answer, where something is. */
  end(): string | undefined {
    if (this.state === 'done' || this.state === 'end') return undefined;
    if (this.state === 'head') return this.linesTaken + this.partial.length === 0 ? 'all of it' : 'the rest of its head';
    return this.state === 'length' ? `${this.left} octets of its body` : 'the last chunk of its body';
  }

  private content(bytes: Uint8Array, at: number): number {
    const end = this.state === 'end' ? bytes.length : Math.min(bytes.length, at + this.left);
    this.body(bytes.subarray(at, end));
    if (this.state === 'end') return end;
    this.left -= end - at;
    if (this.left === 0) this.state = this.state === 'chunk' ? 'chunk end' : 'done';
    return end;
  }

  private line(bytes: Uint8Array, at: number): number {
    const end = bytes.indexOf(lineFeed, at);
    const piece = bytes.subarray(at, end < 0 ? bytes.length : end);
    const isHead = this.state === 'head' || this.state === 'trailer';
    this.linesTaken += isHead ? piece.length + 1 : 0;
    if (isHead ? this.linesTaken > longestHead : this.partial.length + piece.length > longestSizeLine)
      throw new NotHttp(
        isHead ? `a head of more than ${longestHead} octets` : `a chunk's size of more than ${longestSizeLine} octets`,
      );
    this.partial = this.partial.length === 0 && end >= 0 ? piece : Buffer.concat([this.partial, piece]);
    if (this.state === 'head' && this.lines.length === 0) this.refuseOthers();
    if (end < 0) return bytes.length;
    const text = Buffer.from(this.partial).toString('latin1');
    this.partial = new Uint8Array(0);
    if (this.state === 'head') this.rawHead += `${text}\n`;
    this.complete(text.replace(/\r$/, ''));
    return end + 1;
  }

  /** Another protocol shows in its first octets; its line may never end. */
  private refuseOthers(): void {
    const start = Buffer.from(this.partial.subarray(0, opening.length)).toString('latin1');
    if (opening.startsWith(start) || start === opening) return;
    throw new NotHttp(`"${printable(Buffer.from(this.partial.subarray(0, 100)).toString('latin1'))}"`);
  }

  private complete(line: string): void {
    switch (this.state) {
      case 'head':
        if (line !== '') this.lines.push(line);
        else this.begin(headOf(this.lines));
        return;
      case 'size':
        this.left = sizeOf(line);
        this.state = this.left === 0 ? 'trailer' : 'chunk';
        return;
      case 'chunk end':
        if (line !== '') throw new NotHttp('a chunk longer than its size');
        this.state = 'size';
        return;
      case 'trailer':
        if (line === '') this.state = 'done';
        return;
      default:
    }
  }

  private begin(head: ResponseHead): void {
    this.lines = [];
    // Interim answers are followed by the one that counts; 101 would be another protocol, which nobody asked for.
    if (head.status < 200 && head.status !== 101) {
      this.hasInterim = true;
      return;
    }
    this.found = head;
    this.start(framingOf(head));
  }

  private start(framing: Framing): void {
    if (framing.kind === 'length') {
      this.left = framing.octets;
      this.state = framing.octets === 0 ? 'done' : 'length';
    } else this.state = framing.kind === 'none' ? 'done' : framing.kind === 'chunks' ? 'size' : 'end';
  }
}

function sizeOf(line: string): number {
  const [, digits] = /^([0-9a-fA-F]{1,12})[ \t]*(;.*)?$/.exec(line) ?? [];
  if (digits === undefined) throw new NotHttp(`the chunk size "${printable(line)}"`);
  return Number.parseInt(digits, 16);
}
