/** Keywords of SMTP_CHECK. Schema only. */
import { type Infer, networkCheckerFields, s } from '@mainstay/sdk';

const name = () =>
  s.custom<string>({
    syntax: 'NAME',
    json: { type: 'string', minLength: 1 },
    parse(args) {
      const word = args.take() ?? args.fail('the name is missing', { code: 'CONFIG_MISSING_VALUE' });
      // What stands here goes to the server as it is: a line end would begin another command.
      if (word.text === '' || /\p{Cc}/u.test(word.text))
        args.fail('a name has at least one character, and none that is not printable', { at: word.at });
      return word.text;
    },
  });

export const fields = {
  helo_name: name().default('smtpchecker.keepalived.org').doc('Name that HELO gives.'),
  host: s
    .nested(s.block(networkCheckerFields))
    .repeated()
    .deprecated('connect_ip and its kin in SMTP_CHECK itself, and one SMTP_CHECK for each host')
    .doc('Where to connect to instead; of several hosts each must answer.'),
};

const block = s.block(fields);
export type SmtpConfig = Infer<typeof block>;
