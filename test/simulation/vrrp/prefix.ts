/** The address of `ADDRESS/LENGTH`. */
export function parsePrefix(prefix: string): string {
  return prefix.split('/')[0] ?? prefix;
}
