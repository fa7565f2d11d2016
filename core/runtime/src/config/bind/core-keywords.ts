/** Keywords of `global_defs` that the reading of a configuration itself obeys. Everything else there is contributed by plugins. */
import { s } from '@mainstay/sdk';

export const globalKeywords = s
  .block({
    random_seed: s
      .int(0, 2 ** 32 - 1)
      .optional()
      .doc('Makes _RANDOM the same in every run.'),
    include_check: s
      .custom<readonly string[]>({
        syntax: '[[+|-]readable|match|wildcard_match|brace_match]...',
        json: { type: 'string' },
        parse(args) {
          const words: string[] = [];
          for (let word = args.take(); word !== undefined; word = args.take()) words.push(word.text);
          return words;
        },
      })
      .optional()
      .doc('What `include` insists on.'),
  })
  .doc('Settings for the whole daemon.');
