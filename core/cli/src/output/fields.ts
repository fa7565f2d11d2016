/** The fields of one object for the terminal: one line each, with those of objects within it indented below. Pure; used by status. */
import { clean, moment } from './table.js';

/** `moments`: names of fields that are times, in milliseconds since the epoch; as seen at `now`. */
export interface Times {
  readonly moments: ReadonlySet<string>;
  readonly now: number;
}

/** Each line ends with a newline. */
export function fieldLines(fields: Readonly<Record<string, unknown>>, times: Times, indent = '  '): string {
  return Object.entries(fields)
    .map(([name, value]) => fieldText(name, value, times, indent))
    .join('');
}

function fieldText(name: string, value: unknown, times: Times, indent: string): string {
  const head = `${indent}${clean(name)}:`;
  if (isListOfObjects(value)) return `${head}\n${value.map((one) => itemLines(one, times, `${indent}  `)).join('')}`;
  if (isObject(value) && Object.keys(value).length > 0) return `${head}\n${fieldLines(value, times, `${indent}  `)}`;
  return `${head} ${clean(times.moments.has(name) ? moment(value, times.now) : value)}\n`;
}

/** As YAML writes it: a dash before the first line. */
function itemLines(item: Readonly<Record<string, unknown>>, times: Times, indent: string): string {
  const lines = fieldLines(item, times, `${indent}  `);
  return `${indent}- ${lines.slice(indent.length + 2)}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOfObjects(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => isObject(one) && Object.keys(one).length > 0);
}
