/** What a tap may answer. Everything else is a strike and counts as no answer; asked by the guard. */

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** What is wrong with the new value of an adjust or shape hook; undefined when nothing is. */
export function problemWithValue(answer: unknown, before: unknown): string | undefined {
  if (isThenable(answer)) return 'answered with a promise where the value is needed at once';
  if (kindOf(answer) !== kindOf(before)) return `answered with ${kindOf(answer)} where ${kindOf(before)} is expected`;
  return typeof answer === 'number' && !Number.isFinite(answer) ? `answered with ${answer}` : undefined;
}

/** What is wrong with the answer of a guard hook; undefined when nothing is. */
export function problemWithAnswer(answer: unknown): string | undefined {
  if (isThenable(answer)) return 'answered with a promise where the answer is needed at once';
  if (kindOf(answer) !== 'an object') return `answered with ${kindOf(answer)} where an object or undefined is expected`;
  const wrong = Object.entries(answer as object).find(([, v]) => typeof v === 'number' && !Number.isFinite(v));
  return wrong && `answered with ${wrong[0]} = ${wrong[1]}`;
}
