/** Things that several users share: made for the first, closed after the last. */

export class SharedUse<Thing extends { close(): void }> {
  readonly #uses = new Map<string, { readonly thing: Thing; users: number }>();

  take(key: string, make: () => Thing): Thing {
    let use = this.#uses.get(key);
    if (use === undefined) {
      use = { thing: make(), users: 0 };
      this.#uses.set(key, use);
    }
    use.users++;
    return use.thing;
  }

  release(key: string): void {
    const use = this.#uses.get(key);
    if (use === undefined || --use.users > 0) return;
    this.#uses.delete(key);
    use.thing.close();
  }

  close(): void {
    for (const { thing } of this.#uses.values()) thing.close();
    this.#uses.clear();
  }
}
