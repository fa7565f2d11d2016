/** Messages quote the configuration and go to terminals and logs: not without end, and nothing that moves the cursor. */

const longest = 400;
const unprintable = /[^\P{C}\u200c\u200d]|[\u2028\u2029]/gu;

export function printable(text: string): string {
  const short = text.length <= longest ? text : `${text.slice(0, longest)}...`;
  return short.replace(unprintable, (c) => `\\x{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
