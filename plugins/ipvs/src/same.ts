/**
 * Of values that come one after another and say the same, one object: forty thousand servers are mostly alike, and what is one object is
 * kept once, and sent once in each message. Used where a table is made and kept.
 */

export class Same<Value extends object> {
  #last: Value | undefined;

  of(value: Value): Value {
    if (this.#last === undefined || !isShallowlyEqual(this.#last, value)) this.#last = value;
    return this.#last;
  }
}

function isShallowlyEqual<Value extends object>(a: Value, b: Value): boolean {
  if (a === b) return true;
  let keys = 0;
  for (const key in a) {
    if (!Object.is(a[key], b[key]) || !(key in b)) return false;
    keys++;
  }
  for (const _ in b) keys--;
  return keys === 0;
}
