/** Keywords of UDP_CHECK. Schema only. */
import { type Args, type Infer, s } from '@mainstay/sdk';
import { normalHex } from './hex.js';

/** Longest reply that a length in the configuration can ask for. */
const longestReply = 65_535;

function takeHex(args: Args, hasWildcards: boolean): string {
  const { at } = args;
  const words: string[] = [];
  for (let word = args.take(); word !== undefined; word = args.take()) words.push(word.text);
  const hex = normalHex(words, { hasWildcards });
  const what = `hexadecimal digits${hasWildcards ? ' or x' : ''}`;
  if (hex !== undefined) return hex;
  return args.fail(`"${words.join(' ')}" is not made of ${what}`, {
    at,
    code: 'CONFIG_BAD_VALUE',
    hint: `write octets of one or two ${what}, such as 00 ff 1${hasWildcards ? 'x' : '2'}`,
  });
}

const payload = () =>
  s.custom<string>({
    syntax: 'HEX...',
    json: { type: 'string' },
    parse(args) {
      if (args.peek() === undefined) args.fail('the payload is missing', { code: 'CONFIG_MISSING_VALUE' });
      return takeHex(args, false);
    },
  });

/** Empty text: any reply will do. */
const requiredReply = () =>
  s.custom<string>({
    syntax: '[HEX...]',
    json: { type: ['string', 'boolean'] },
    parse(args) {
      // Data formats say `require_reply: true`.
      if (args.peek()?.text === 'true') args.take();
      return args.peek() === undefined ? '' : takeHex(args, true);
    },
  });

export const fields = {
  payload: payload().optional().doc('What is sent; 32 octets of ours when absent.'),
  require_reply: requiredReply()
    .optional()
    .doc('A reply must come, and where octets are given, it must begin with them; x stands for any half octet.'),
  min_reply_length: s.int(0, longestReply).default(0).doc('Octets that a reply has at least, where its octets are given.'),
  max_reply_length: s.int(0, longestReply).default(255).doc('Octets that a reply has at most, where its octets are given.'),
};

export type UdpConfig = { readonly [K in keyof typeof fields]: Infer<(typeof fields)[K]> };
