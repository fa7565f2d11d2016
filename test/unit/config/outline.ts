/** Trees as short text, for tables of text -> tree. */
import { loadKeepalivedText } from '@mainstay/core';
import type { Diagnostic, Statement, Word } from '@mainstay/sdk';

export type ReadOptions = Partial<Omit<Parameters<typeof loadKeepalivedText>[1], 'file'>>;

export function readText(text: string, options: ReadOptions = {}) {
  return loadKeepalivedText(text, { file: 'test.conf', configId: 'main', env: {}, ...options });
}

function wordOf({ text, quoted }: Word): string {
  return quoted ? JSON.stringify(text) : text;
}

/** `a b { c "d e" }; f` */
export function outline(statements: readonly Statement[]): string {
  return statements
    .map(({ keyword, args, block }) => {
      const words = [keyword, ...args].map(wordOf).join(' ');
      return block === undefined ? words : `${words} { ${outline(block)} }`.replace('{  }', '{}');
    })
    .join('; ');
}

/** `CODE line:column` */
export function briefly(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ code, at }) => `${code} ${at.line}:${at.column}`);
}
