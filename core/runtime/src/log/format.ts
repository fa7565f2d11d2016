/**
 * The forms in which a record is written: a line for people, pino's JSON, the journal's priority prefix, and the datagram of
 * /dev/log (RFC 3164). Pure; called by logger.ts.
 */
import type { LogLevel, LogRecord } from './record.js';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Severities of RFC 5424 table 2. */
const severities: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };
/** Levels of pino. */
const pinoLevels: Readonly<Record<LogLevel, number>> = { error: 50, warn: 40, info: 30, debug: 20 };
/** Field names whose values never reach a log, whoever wrote them. */
const secretName = /pass(word|wd|phrase)?$|secret|auth_?(pass|key|data)|private_?key|token$/i;
const longestLine = 8192;

/** Local time as syslog writes it: `Nov 23 22:01:05`. */
function stamp(at: number): string {
  const d = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = String(d.getDate()).padStart(2, ' ');
  return `${months[d.getMonth()]} ${day} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** One line whatever was said: a message with line breaks or control characters cannot forge a second record. */
export function oneLine(text: string): string {
  const flat = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trimEnd();
  return flat.length > longestLine ? `${flat.slice(0, longestLine)}...` : flat;
}

/** Values of fields by secret-looking names are masked; everything else is kept. */
export function withoutSecrets(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, secretName.test(name) ? '***' : value]));
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** `plugin: message name=value ...` */
export function sentence(record: LogRecord): string {
  const fields = Object.entries(withoutSecrets(record.fields ?? {})).map(([name, value]) => ` ${name}=${fieldText(value)}`);
  const level = record.level === 'info' ? '' : `${record.level === 'warn' ? 'warning' : record.level}: `;
  return oneLine(`${record.plugin}: ${level}${record.message}${fields.join('')}`);
}

/** For people: `Nov 23 22:01:05.123 PLUGIN: (VI_1) Entering MASTER STATE`. */
export function consoleLine(record: LogRecord): string {
  const milliseconds = String(new Date(record.at).getMilliseconds()).padStart(3, '0');
  return `${stamp(record.at)}.${milliseconds} ${sentence(record)}\n`;
}

/** sd-daemon(3): the journal takes time and identity itself, and the severity from `<N>`. */
export function journalLine(record: LogRecord): string {
  return `<${severities[record.level]}>${sentence(record)}\n`;
}

/** A datagram for /dev/log. `facility` is syslog's number (daemon is 3). */
export function syslogDatagram(record: LogRecord, facility: number, ident: string, pid: number): string {
  return `<${facility * 8 + severities[record.level]}>${stamp(record.at)} ${ident}[${pid}]: ${sentence(record)}`;
}

/** One line of pino's JSON, for log shippers that know it. */
export function jsonLine(record: LogRecord, pid: number): string {
  const head = { level: pinoLevels[record.level], time: record.at, pid, plugin: record.plugin };
  try {
    return `${JSON.stringify({ ...withoutSecrets(record.fields ?? {}), ...head, msg: record.message })}\n`;
  } catch {
    return `${JSON.stringify({ ...head, msg: record.message, fields: 'not representable' })}\n`;
  }
}
