/**
 * Keywords that the reading of a configuration itself obeys, and root keywords that are core's business. Everything else is
 * contributed by plugins, which may also take one of these over. Used by contributions.ts.
 */
import { s } from '@mainstay/sdk';

export const globalKeywords = s
  .block({
    random_seed: s
      .int(0, 2 ** 32 - 1)
      .optional()
      .doc('Makes the built-in definition _RANDOM the same in every run, from this line on.'),
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
      .repeated()
      .doc('What an include must find, from this line on; without words: everything.'),
  })
  .doc('Settings for the whole daemon.');

export const rootKeywords = {
  instance: s.notBuilt('instance in the configuration (the option --instance of the command does it)'),
};
