/** Replies of an SMTP server (RFC 5321 section 4.2), put together from bytes as they come. Pure; used by dialogue.ts. */

export interface Reply {
  readonly code: number;
  /** Texts of its lines, without the code; for messages. */
  readonly text: string;
}

/** RFC 5321 allows 512 octets; servers are known to overdo it. */
export const longestLine = 4096;
export const mostLines = 128;

/** What came is no SMTP: the message says what it was instead. */
export class NotSmtp extends Error {}

const lineFeed = 10;
const shownOctets = 80;

export class ReplyReader {
  private rest: Uint8Array = new Uint8Array(0);
  private lines: string[] = [];
  private code = '';

  /** The replies that are complete with these bytes. Throws NotSmtp. */
  push(bytes: Uint8Array): readonly Reply[] {
    const replies: Reply[] = [];
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, from)) {
      const reply = this.line(this.joined(bytes.subarray(from, end)));
      this.rest = new Uint8Array(0);
      if (reply !== undefined) replies.push(reply);
      from = end + 1;
    }
    this.rest = this.joined(bytes.subarray(from));
    return replies;
  }

  private joined(bytes: Uint8Array): Uint8Array {
    if (this.rest.length + bytes.length > longestLine) throw new NotSmtp(`a line of more than ${longestLine} octets`);
    return this.rest.length === 0 ? bytes.slice() : Buffer.concat([this.rest, bytes]);
  }

  private line(bytes: Uint8Array): Reply | undefined {
    const line = Buffer.from(bytes).toString('latin1').replace(/\r$/, '');
    const [, code, separator, text] = /^([2-5][0-9]{2})([ -]|$)(.*)$/s.exec(line) ?? [];
    if (code === undefined || text === undefined) throw new NotSmtp(`the line "${printable(line)}"`);
    if (this.lines.length > 0 && code !== this.code) throw new NotSmtp(`a reply with the codes ${this.code} and ${code}`);
    this.code = code;
    this.lines.push(text);
    if (this.lines.length > mostLines) throw new NotSmtp(`a reply of more than ${mostLines} lines`);
    if (separator === '-') return undefined;
    const reply = { code: Number(code), text: printable(this.lines.join(' ')) };
    this.lines = [];
    return reply;
  }
}

/** Fit for a log: short, and nothing in it moves a cursor. */
function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '.');
  return clean.length <= shownOctets ? clean : `${clean.slice(0, shownOctets)}...`;
}
