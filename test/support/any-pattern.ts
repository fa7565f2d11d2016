/** Random regular expressions that PCRE, Perl and checker-http read alike, over few characters. Used by test/unit/checker-http. */
import fc from 'fast-check';

export const { pattern: anyPattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom('a', 'b', '\\n', '.', '[ab]', '[^a]', '\\w', '\\s', '\\d', '[[:alpha:]_]', 'B', '\\N', '\\h', '\\x{41}'),
    fc.constantFrom('^', '$', '\\b', '\\B', '\\A', '\\z', '\\Z').map((what) => `(?:${what})`),
    tie('pattern').map((inner) => `(${inner})`),
    tie('pattern').map((inner) => `(?i:${inner})`),
  ),
  pattern: fc
    .array(
      fc.array(
        fc
          .tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,3}', '+?', '*?'))
          .map(([atom, often]) => (/^\(\?:(\^|\$|\\.)\)$/.test(atom) ? atom : atom + often)),
        { maxLength: 4 },
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((choices) => choices.map((items) => items.join('')).join('|')),
}));
