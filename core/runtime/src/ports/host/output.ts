/**
 * What a script prints, cut into lines within bounds. A script that prints without end must neither fill the log nor eat the
 * processor: past the bound it is read slowly and dropped. Called by the process port, one for each run.
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export const outputLimits = { lines: 100, lineLength: 500, fastBytes: 256 * 1024, slowPauseMs: 50 } as const;

type Hear = (line: string, stream: 'stdout' | 'stderr') => void;

export class ScriptOutput {
  private lines = 0;
  private bytes = 0;
  private readonly flushes: (() => void)[] = [];

  constructor(private readonly hear: Hear) {}

  /** Reads the stream to its end. */
  read(stream: Readable, name: 'stdout' | 'stderr'): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      this.throttle(stream, chunk.length);
      if (this.lines > outputLimits.lines) return;
      const parts = (rest + decoder.write(chunk)).split('\n');
      // A line without end is kept only as far as it will be shown.
      rest = (parts.pop() ?? '').slice(0, outputLimits.lineLength + 1);
      for (const part of parts) this.say(part, name);
    });
    stream.on('error', () => {});
    this.flushes.push(() => {
      if (rest !== '') this.say(rest, name);
      rest = '';
    });
  }

  /** The script has ended: says the unfinished last lines and falls silent, whatever a background child still prints. */
  end(): void {
    for (const flush of this.flushes) flush();
    this.lines = outputLimits.lines + 1;
  }

  private throttle(stream: Readable, length: number): void {
    this.bytes += length;
    if (this.bytes <= outputLimits.fastBytes) return;
    stream.pause();
    setTimeout(() => stream.resume(), outputLimits.slowPauseMs).unref();
  }

  private say(raw: string, name: 'stdout' | 'stderr'): void {
    if (this.lines > outputLimits.lines) return;
    this.lines++;
    const text = raw.replace(/\r$/, '').replace(/\p{Cc}/gu, ' ');
    const cut = text.length > outputLimits.lineLength ? `${text.slice(0, outputLimits.lineLength)}...` : text;
    try {
      this.hear(this.lines > outputLimits.lines ? '(more output was dropped)' : cut, name);
    } catch {
      // Thrown from inside a stream it would end the process, and the listener's bug is not the script's.
    }
  }
}
