/** Where the body of an answer ends (RFC 9112 section 6.3), from its head. Pure; used by response.ts. */

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly octets: number }
  | { readonly kind: 'chunks' }
  /** With the connection. */
  | { readonly kind: 'end' };

export interface ResponseHead {
  readonly status: number;
  /** The words behind the status code; for messages. */
  readonly phrase: string;
  /** Values by name in lower case; those of one name joined by commas. */
  readonly fields: ReadonlyMap<string, string>;
}

/** What came is no answer in HTTP; the message goes on after "it sent". */
export class NotHttp extends Error {}

/** `lines`: without the empty one. */
export function headOf(lines: readonly string[]): ResponseHead {
  const [first = '', ...rest] = lines;
  const [, status, phrase = ''] = /^HTTP\/[0-9]\.[0-9] +([1-9][0-9]{2})(?: (.*))?$/.exec(first) ?? [];
  if (status === undefined) throw new NotHttp(`the status line "${printable(first)}"`);
  const fields = new Map<string, string>();
  for (const line of rest) {
    // Lines that are none are not this checker's business.
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const before = fields.get(name.toLowerCase());
    fields.set(name.toLowerCase(), before === undefined ? value.trimEnd() : `${before}, ${value.trimEnd()}`);
  }
  return { status: Number(status), phrase: printable(phrase), fields };
}

export function framingOf({ status, fields }: ResponseHead): Framing {
  if (status < 200 || status === 204 || status === 304) return { kind: 'none' };
  const coding = fields.get('transfer-encoding');
  if (coding !== undefined) return /(^|,)[ \t]*chunked$/i.test(coding) ? { kind: 'chunks' } : { kind: 'end' };
  const length = fields.get('content-length');
  if (length === undefined) return { kind: 'end' };
  const values = new Set(length.split(',').map((value) => value.trim()));
  const [value = ''] = values;
  if (values.size !== 1 || !/^[0-9]{1,15}$/.test(value)) throw new NotHttp(`the length "${printable(length)}"`);
  return { kind: 'length', octets: Number(value) };
}

const shownCharacters = 60;

/** Fit for a log: short, and nothing in it moves a cursor. */
export function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '.');
  return clean.length <= shownCharacters ? clean : `${clean.slice(0, shownCharacters)}...`;
}
