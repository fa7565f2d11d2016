/** One shell that runs many commands: where starting a process costs much, one forked by a small shell costs a fraction of Node's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { atExit } from './at-exit.js';

const mark = '-- ended with';

export class Shell {
  readonly #child: ChildProcess;
  readonly #forget: () => void;
  #output = '';
  #waiting: ((output: string) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#child = spawn('/bin/sh', [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#forget = atExit(() => this.#child.kill('SIGKILL'));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      if (this.#output.includes(mark)) this.#waiting?.(this.#output);
    });
  }

  /** What the command printed. Rejects with that where it fails. One command at a time. */
  run(command: string): Promise<string> {
    const result = this.#last.then(() => this.#run(command));
    this.#last = result.catch(() => undefined);
    return result;
  }

  close(): void {
    this.#forget();
    this.#child.stdin?.end();
  }

  async #run(command: string): Promise<string> {
    const text = await new Promise<string>((resolve) => {
      this.#output = '';
      this.#waiting = resolve;
      this.#child.stdin?.write(`{ ${command}\n} 2>&1; echo "${mark} $?"\n`);
    });
    const [output = '', code] = text.split(mark);
    if (code?.trim() === '0') return output;
    throw new Error(`${command}: ${output.trim()} (exit code ${code?.trim()})`);
  }
}
