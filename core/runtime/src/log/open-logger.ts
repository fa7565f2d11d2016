/** Chooses where the log goes, from the command line and from how the process was started. Called by the command. */
import { fstatSync } from 'node:fs';
import { messageOf } from '@mainstay/sdk';
import type { SendDatagram } from './datagram.js';
import { fileWriter, inheritedWriter } from './descriptors.js';
import type { TryWrite } from './line-buffer.js';
import { type LineFormat, Logger } from './logger.js';

export interface LogChoices {
  /** -l, or a terminal in the foreground. */
  readonly console: boolean;
  readonly detail: boolean;
  readonly format: 'text' | 'json';
  readonly file?: string;
  readonly noSyslog: boolean;
  readonly facility: number;
  readonly ident: string;
  readonly send: SendDatagram | undefined;
}

const syslogSocket = '/dev/log';

/** systemd sets JOURNAL_STREAM to device and inode of the stream it gave us: only then standard output is the journal. */
export function isJournal(fd: number, journalStream = process.env.JOURNAL_STREAM): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Throws where the log file cannot be opened: a daemon that was told to write one and cannot must say so. */
export function openLogger(choices: LogChoices): Logger {
  const lines: { write: TryWrite; format: LineFormat }[] = [];
  const plain = choices.format === 'json' ? 'json' : 'console';
  const toJournal = isJournal(1);
  if (toJournal) lines.push({ write: inheritedWriter(1), format: choices.format === 'json' ? 'json' : 'journal' });
  else if (choices.console) lines.push({ write: inheritedWriter(1), format: plain });
  if (choices.file !== undefined) lines.push({ write: openFile(choices.file), format: plain });
  const { send, facility, ident } = choices;
  const wantsSyslog = !choices.noSyslog && !toJournal && send !== undefined;
  return new Logger({
    least: choices.detail ? 'debug' : 'info',
    pid: process.pid,
    now: () => Date.now(),
    lines,
    ...(wantsSyslog && { syslog: { send: (bytes: Uint8Array) => send(syslogSocket, bytes), facility, ident } }),
  });
}

function openFile(path: string): TryWrite {
  try {
    return fileWriter(path);
  } catch (error) {
    throw new Error(`the log file ${path} cannot be opened: ${messageOf(error)}`);
  }
}
