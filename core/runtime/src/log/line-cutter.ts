/** Cuts text that arrives in pieces into lines of a bounded length: a line without end must not fill the memory. */

export class LineCutter {
  readonly #hear: (line: string) => void;
  readonly #longest: number;
  #rest = '';
  #isCut = false;

  constructor(hear: (line: string) => void, longest = 2000) {
    this.#hear = hear;
    this.#longest = longest;
  }

  push(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#take(text, from, end);
      this.#say();
      from = end + 1;
    }
    this.#take(text, from, text.length);
  }

  /** The last line may lack its end. */
  end(): void {
    if (this.#rest !== '') this.#say();
  }

  #take(text: string, from: number, to: number): void {
    const room = this.#longest - this.#rest.length;
    if (to - from > room) this.#isCut = true;
    if (room > 0) this.#rest += text.slice(from, Math.min(to, from + room));
  }

  #say(): void {
    const line = this.#isCut ? `${this.#rest}...` : this.#rest.replace(/\r$/, '');
    this.#rest = '';
    this.#isCut = false;
    this.#hear(line);
  }
}
