/**
 * Writes log records to the sinks that the command line asked for. Lives in the supervisor; lanes send it their records. No
 * sink can hold up the caller: each has a bounded buffer, and what did not fit is counted and said later.
 */

import type { Delivery } from './datagram.js';
import { consoleLine, journalLine, jsonLine, syslogDatagram } from './format.js';
import { LineBuffer, type TryWrite } from './line-buffer.js';
import { isLoud, type LogLevel, type LogRecord } from './record.js';

export type LineFormat = 'console' | 'journal' | 'json';

export interface Syslog {
  /** Sends one datagram to /dev/log. Never blocks. */
  send(datagram: Uint8Array): Delivery;
  /** Syslog's facility number. */
  readonly facility: number;
  readonly ident: string;
}

export interface LoggerOptions {
  readonly least: LogLevel;
  readonly pid: number;
  readonly now: () => number;
  readonly lines: readonly { readonly write: TryWrite; readonly format: LineFormat }[];
  readonly syslog?: Syslog;
  /** How long to wait before a stalled sink is tried again, in milliseconds. Default 50. */
  readonly retryMs?: number;
}

export class Logger {
  readonly #options: LoggerOptions;
  readonly #sinks: readonly { readonly buffer: LineBuffer; readonly format: LineFormat }[];
  #syslogDropped = 0;
  #isSyslogAbsent = false;

  constructor(options: LoggerOptions) {
    this.#options = options;
    const later = (again: () => void) => setTimeout(again, options.retryMs ?? 50).unref();
    this.#sinks = options.lines.map(({ write, format }) => ({ format, buffer: new LineBuffer({ tryWrite: write, later }) }));
  }

  /** Never blocks, never throws. */
  write(record: LogRecord): void {
    if (!isLoud(record.level, this.#options.least)) return;
    for (const sink of this.#sinks) this.#writeTo(sink, record);
    this.#toSyslog(record);
  }

  /** A shorthand for the daemon's own messages. */
  say(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.write({ level, plugin: 'mainstay', message, at: this.#options.now(), ...(fields && { fields }) });
  }

  /** Records lost at all sinks since the start. */
  get dropped(): number {
    return this.#sinks.reduce((sum, sink) => sum + sink.buffer.dropped, this.#syslogDropped);
  }

  /** One last try before the process ends. */
  flush(): void {
    for (const { buffer } of this.#sinks) buffer.flush();
  }

  #writeTo(sink: { readonly buffer: LineBuffer; readonly format: LineFormat }, record: LogRecord): void {
    const lost = sink.buffer.isEmpty ? sink.buffer.takeDropCount() : 0;
    if (lost > 0) {
      const message = `${lost} log lines were lost here: whoever reads this log was too slow`;
      sink.buffer.write(this.#format(sink.format, { level: 'warn', plugin: 'mainstay', message, at: record.at }));
    }
    sink.buffer.write(this.#format(sink.format, record));
  }

  #format(format: LineFormat, record: LogRecord): string {
    switch (format) {
      case 'console':
        return consoleLine(record);
      case 'journal':
        return journalLine(record);
      case 'json':
        return jsonLine(record, this.#options.pid);
      default:
        return format satisfies never;
    }
  }

  #toSyslog(record: LogRecord): void {
    const { syslog, pid } = this.#options;
    if (syslog === undefined) return;
    const datagram = Buffer.from(syslogDatagram(record, syslog.facility, syslog.ident, pid));
    const delivery = deliver(syslog, datagram);
    const wasAbsent = this.#isSyslogAbsent;
    this.#isSyslogAbsent = delivery === 'absent';
    // A host without syslog: nothing is lost where the record stands in another log.
    if (delivery === 'lost' || (delivery === 'absent' && this.#sinks.length === 0)) this.#syslogDropped++;
    if (delivery === 'absent' && !wasAbsent) this.#sayAbsent(record.at);
  }

  #sayAbsent(at: number): void {
    const message = 'there is no system log on this host: nobody listens on /dev/log (-G leaves it out)';
    const record: LogRecord = { level: 'debug', plugin: 'mainstay', message, at };
    if (isLoud(record.level, this.#options.least)) for (const sink of this.#sinks) this.#writeTo(sink, record);
  }
}

function deliver(syslog: Syslog, datagram: Uint8Array): Delivery {
  try {
    return syslog.send(datagram);
  } catch {
    return 'lost';
  }
}
