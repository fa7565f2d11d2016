/** Keywords of HTTP_GET, SSL_GET and the root block SSL. Schema only. */
import { type Infer, mostRetries, type SourcePosition, s, type Word } from '@mainstay/sdk';
import { type StatusRange, statusRange } from './status-codes.js';

/** What goes into a request as it is: nothing in it may end the line or the word. */
const wordForRequest = (what: string, syntax: string) =>
  s.custom<string>({
    syntax,
    json: { type: 'string', pattern: '^[^\\s\\u0000-\\u001f\\u007f]+$' },
    parse(args) {
      const word = args.take() ?? args.fail(`${what} is missing`, { code: 'CONFIG_MISSING_VALUE' });
      if (word.text === '' || /[\s\p{Cc}]/u.test(word.text)) {
        const hint = 'in a URL, a blank is written %20';
        args.fail(`${what} has no blanks and no control characters, and is not empty`, { at: word.at, hint });
      }
      return word.text;
    },
  });

const statusCodes = () =>
  s.custom<readonly StatusRange[]>({
    syntax: '100..599[-100..599]...',
    json: { type: 'string' },
    parse(args) {
      const ranges: StatusRange[] = [];
      for (let word = args.take(); word !== undefined; word = args.take()) {
        const range = statusRange(word.text);
        if (range === undefined) {
          return args.fail(`"${word.text}" is neither a status code nor a range of them`, {
            at: word.at,
            hint: 'write for instance: status_code 200-299 301 404',
          });
        }
        ranges.push(range);
      }
      if (ranges.length === 0) args.fail('a status code is missing', { code: 'CONFIG_MISSING_VALUE' });
      return ranges;
    },
  });

const digest = () =>
  s.custom<string>({
    syntax: 'MD5',
    json: { type: 'string', pattern: '^[0-9a-fA-F]{32}$' },
    parse(args) {
      const word = args.take() ?? args.fail('the digest is missing', { code: 'CONFIG_MISSING_VALUE' });
      if (!/^[0-9a-fA-F]{32}$/.test(word.text))
        args.fail('an MD5 digest has 32 hexadecimal digits', { at: word.at, hint: 'mainstay genhash prints it' });
      return word.text.toLowerCase();
    },
  });

/** A pattern as written; an object, so that it is known where it stands. */
export interface WrittenPattern {
  readonly source: string;
}

const places = new WeakMap<WrittenPattern, SourcePosition>();

/** Where a pattern stands in the configuration: only known in the process that read it. */
export function placeOfPattern(pattern: WrittenPattern): SourcePosition | undefined {
  return places.get(pattern);
}

const regex = () =>
  s.custom<WrittenPattern>({
    syntax: 'PATTERN',
    json: { type: 'string' },
    lexer: 'command',
    parse(args) {
      const { text, at }: Word = args.take() ?? args.fail('the pattern is missing', { code: 'CONFIG_MISSING_VALUE' });
      const pattern = { source: text };
      places.set(pattern, at);
      return pattern;
    },
  });

/** By PCRE2's names, as keepalived has them. */
export const regexOptions = [
  'allow_empty_class',
  'alt_bsux',
  'alt_circumflex',
  'alt_verbnames',
  'auto_callout',
  'caseless',
  'dollar_endonly',
  'dotall',
  'dupnames',
  'extended',
  'firstline',
  'match_unset_backref',
  'multiline',
  'never_backslash_c',
  'never_ucp',
  'never_utf',
  'no_auto_capture',
  'no_auto_possess',
  'no_dotstar_anchor',
  'no_start_optimize',
  'ucp',
  'ungreedy',
  'use_offset_limit',
  'utf',
] as const;
export type RegexOption = (typeof regexOptions)[number];

const optionList = () =>
  s.custom<readonly RegexOption[]>({
    syntax: 'OPTION...',
    json: { type: 'string' },
    parse(args) {
      const options: RegexOption[] = [];
      for (let word = args.take(); word !== undefined; word = args.take()) {
        const option = regexOptions.find((known) => known === word?.text);
        if (option === undefined)
          return args.fail(`"${word.text}" is no option of regex`, { at: word.at, hint: `there are ${regexOptions.join(', ')}` });
        options.push(option);
      }
      if (options.length === 0) args.fail('an option is missing', { code: 'CONFIG_MISSING_VALUE' });
      return options;
    },
  });

const offset = () => s.int(0, 2 ** 31 - 1);

const isCompliant = () => s.flag().doc('An answer that ends before its length is a failure, not only a line in the log.');

export const urlBlock = s
  .block({
    path: wordForRequest('the path', 'PATH').doc('What is asked for, with its query.'),
    digest: digest().optional().doc('MD5 of the body, as mainstay genhash prints it.'),
    status_code: statusCodes()
      .default([[200, 299]])
      .doc('Status codes of a server that works.'),
    virtualhost: wordForRequest('the name', 'HOST').optional().doc('Host of this URL, before every other virtualhost.'),
    regex: regex().optional().doc('Regular expression that the body must match.'),
    regex_no_match: s.flag().doc('The body must not match.'),
    regex_options: optionList().default([]).doc('Options of the regular expression.'),
    regex_min_offset: offset().default(0).doc('Octets of the body before the first where a match may begin.'),
    regex_max_offset: offset().optional().doc('The last octet of the body where a match may begin.'),
    regex_stack: s.noEffect('matching takes no stack here'),
    tls_compliant: isCompliant(),
  })
  .doc('One URL that is asked for.');

const protocol = () =>
  s.custom<'1.0' | '1.0C' | '1.1'>({
    syntax: '1.0|1.0C|1.1',
    json: { enum: ['1.0', '1.0C', '1.1'] },
    parse(args) {
      const word = args.take() ?? args.fail('the version is missing', { code: 'CONFIG_MISSING_VALUE' });
      const version = (['1.0', '1.0C', '1.1'] as const).find((known) => known === word.text.toUpperCase());
      return version ?? args.fail(`"${word.text}" is not one of 1.0, 1.0C, 1.1`, { at: word.at });
    },
  });

export const httpFields = {
  url: s.nested(urlBlock).repeated().doc('A URL to ask for; at least one.'),
  virtualhost: wordForRequest('the name', 'HOST').optional().doc('Host of all URLs, before that of the real server.'),
  http_protocol: protocol().default('1.0').doc('Version of the request; 1.0C is 1.0 with Connection: close.'),
  fast_recovery: s.bool().default(false).doc('After a failure all URLs are asked for in one probe, not one in each.'),
  tls_compliant: isCompliant(),
  retry: s.int(0, mostRetries).optional().alias('nb_get_retry').doc('More attempts after a failed probe before it counts.'),
};

export const sslFields = {
  ...httpFields,
  enable_sni: s.flag().doc('Send the virtualhost as Server Name Indication.'),
  sni_name: wordForRequest('the name', 'NAME')
    .optional()
    .doc('Name to send as Server Name Indication, instead of the virtualhost.'),
  verify_certificate: s
    .bool()
    .default(false)
    .doc("The server's certificate must be valid for the name that is sent, or the address. keepalived never asks."),
};

export const sslBlock = s
  .block({
    certificate: s.word('a file').optional().doc('Certificate of the client, in PEM.'),
    key: s.word('a file').optional().doc('Its key, in PEM.'),
    password: s.word('a password').secret().optional().doc('Password of the key.'),
    ca: s.word('a file').optional().doc("Certificates of authorities in PEM, instead of the system's, for verify_certificate."),
  })
  .doc('What SSL_GET presents to servers, and whom it trusts.');

const httpBlock = s.block(httpFields);
const sslGetBlock = s.block(sslFields);
export type UrlConfig = Infer<typeof urlBlock>;
export type HttpConfig = Infer<typeof httpBlock>;
export type SslGetConfig = Infer<typeof sslGetBlock>;
export type SslConfig = Infer<typeof sslBlock>;
