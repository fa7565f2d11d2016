/** Keywords of DNS_CHECK. Schema only. */
import { closest, s } from '@mainstay/sdk';
import { objectionTo, type Question, type Type, types } from './question.js';

/** keepalived takes them in either case. */
const type = () =>
  s.custom<Type>({
    syntax: types.join('|'),
    json: { enum: types },
    parse(args) {
      const word = args.take() ?? args.fail('the type is missing', { code: 'CONFIG_MISSING_VALUE' });
      const found = types.find((name) => name === word.text.toUpperCase());
      if (found !== undefined) return found;
      const near = closest(word.text, types);
      return args.fail(`"${word.text}" is not a type that can be asked for`, {
        at: word.at,
        code: 'CONFIG_BAD_VALUE',
        hint: near === undefined ? `write one of ${types.join(', ')}` : `did you mean "${near}"?`,
      });
    },
  });

const domainName = () =>
  s.custom<string>({
    syntax: 'NAME',
    json: { type: 'string' },
    parse(args) {
      const word =
        args.take() ?? args.fail('the name is missing', { code: 'CONFIG_MISSING_VALUE', hint: 'the root is written "."' });
      const objection = objectionTo(word.text);
      if (objection === undefined) return word.text;
      return args.fail(`"${word.text}" is not a domain name: ${objection}`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
    },
  });

export const fields = {
  type: type().default('SOA').doc('What is asked for.'),
  name: domainName().default('.').doc('Whose record is asked for; the root when absent.'),
};

export type DnsConfig = Question;
