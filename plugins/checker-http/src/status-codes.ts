/** Lists of status codes: `200-299 301`. Pure; used by the schema and by judge.ts. */

/** First and last. */
export type StatusRange = readonly [number, number];

const lowest = 100;
const highest = 599;

/** Of one word; undefined where it is none. */
export function statusRange(text: string): StatusRange | undefined {
  const [, first, last] = /^([0-9]{3})(?:-([0-9]{3}))?$/.exec(text) ?? [];
  if (first === undefined) return undefined;
  const range: StatusRange = [Number(first), Number(last ?? first)];
  return range[0] >= lowest && range[1] <= highest && range[0] <= range[1] ? range : undefined;
}

export function isAmong(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(([first, last]) => status >= first && status <= last);
}

export function shown(ranges: readonly StatusRange[]): string {
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(' ');
}
