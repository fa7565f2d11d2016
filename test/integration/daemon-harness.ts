/** Runs the real daemon in a private run directory with small plugins of test/fixtures, and reads what it says. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askDaemon, type DaemonReport } from '@mainstay/core';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
export const command = join(repository, 'core/cli/dist/main.js');
const fixtures = join(repository, 'test/fixtures/daemon-plugins');

/** The block that loads a plugin of the fixtures. */
export const plugin = (name: string): string => `plugin ${name} { package ${join(fixtures, name)} }\n`;

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the command to its end. */
export function runCommand(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

export class TestDaemon {
  readonly directory = mkdtempSync(join(tmpdir(), 'mainstay-daemon-'));
  readonly runDirectory = join(this.directory, 'run');
  readonly file = join(this.directory, 'test.conf');
  readonly socket = join(this.runDirectory, 'control.sock');
  output = '';
  #child: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(null);
  readonly #waiting = new Set<() => void>();

  configure(text: string): void {
    // The folder of hooks that a machine may have is not the test's business.
    writeFileSync(this.file, `notify_hooks_dir ${this.directory}/hooks\n${text}`);
  }

  get args(): readonly string[] {
    return ['-f', this.file, '--run-dir', this.runDirectory];
  }

  /** Settles when the daemon says that it has started. */
  async start(...more: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [command, '-nlD', '-G', ...this.args, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const look of [...this.#waiting]) look();
      });
    }
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    await this.said('started; lanes:');
  }

  get pid(): number {
    assert.ok(this.#child?.pid !== undefined);
    return this.#child.pid;
  }

  /** Settles once the output has the text `times` times; rejects when the daemon ends without. */
  said(text: string, times = 1): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.output.split(text).length <= times) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
      void this.#ended.then(() => {
        look();
        if (this.#waiting.delete(look)) reject(new Error(`the daemon ended without "${text}":\n${this.output}`));
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Settles with the exit code when the process and all who write to its output are gone. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async ask<Body>(path: string, method: 'GET' | 'POST' = 'GET'): Promise<Body> {
    return (await askDaemon(this.socket, method, path)).body as Body;
  }

  status(): Promise<DaemonReport> {
    return this.ask<DaemonReport>('/v1/status');
  }

  async lanePid(lane: string): Promise<number> {
    const pid = (await this.status()).lanes.find((one) => one.lane === lane)?.pid;
    assert.ok(pid !== undefined, `the ${lane} lane has no process`);
    return pid;
  }

  async cleanUp(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
