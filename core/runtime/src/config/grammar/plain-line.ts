/**
 * Finds the words of a line that has nothing but plain words and perhaps a brace at its end, as nearly all lines of a large configuration
 * are: without an object for any of them. Whatever means more than itself is left to the grammar. Used by reader.ts.
 */

/** Longer lines may be too long, and have more words than anybody counts here. */
const longest = 340;

/** What a character is: 0 is anything that may mean something. */
const kind = { blank: 1, word: 2, open: 3, close: 4 } as const;
const kinds = new Uint8Array(128);
for (const c of ' \t') kinds[c.charCodeAt(0)] = kind.blank;
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/,+-') kinds[c.charCodeAt(0)] = kind.word;
kinds['{'.charCodeAt(0)] = kind.open;
kinds['}'.charCodeAt(0)] = kind.close;

/** Keywords that the reading itself obeys. */
const obeyed = /^(?:include|random_seed)/;

/** One line after another: what it holds is that of the last. */
export class PlainLine {
  text = '';
  /** Number of words. */
  count = 0;
  /** Where each word begins and ends. */
  readonly starts = new Uint16Array(longest);
  readonly ends = new Uint16Array(longest);
  brace: 'open' | 'close' | undefined;
  braceAt = 0;

  /** False: the line is not of this kind. */
  read(text: string): boolean {
    this.text = text;
    this.count = 0;
    this.brace = undefined;
    if (text.length > longest || !this.#split(text)) return false;
    if (this.brace !== undefined && (this.count === 0) !== (this.brace === 'close')) return false;
    return this.count === 0 || !obeyed.test(text.slice(this.starts[0], this.ends[0]));
  }

  #split(text: string): boolean {
    let isInWord = false;
    for (let i = 0; i < text.length; i++) {
      const what = kinds[text.charCodeAt(i)] ?? 0;
      if (what === kind.word) {
        if (this.brace !== undefined) return false;
        if (!isInWord) this.starts[this.count] = i;
        isInWord = true;
        continue;
      }
      if (isInWord) this.ends[this.count++] = i;
      isInWord = false;
      if (what === kind.blank) continue;
      if (what === 0 || this.brace !== undefined) return false;
      this.brace = what === kind.open ? 'open' : 'close';
      this.braceAt = i;
    }
    if (isInWord) this.ends[this.count++] = text.length;
    return true;
  }
}
