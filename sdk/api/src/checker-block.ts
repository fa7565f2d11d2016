/**
 * What stands in every checker's block beside its own keywords, and what the owner of real servers gets of it. Read by core, which
 * plugs the blocks in, and by the balancer, which makes check requests of them.
 */
import type { CheckerDefaults, CheckerSpec } from './checker.js';
import { type Block, type Fields, type Infer, s } from './config/schema.js';
import { canonicalAddress } from './ip.js';

/** The longest delay, seconds: 136 years. keepalived allows 584,942, whose ends no date can name. */
export const longestDelay = 2 ** 32 - 1;
/** The most attempts beside the first one. */
export const mostRetries = 2 ** 32 - 1;

/** The group of `s.plugged` for checkers. */
export const checkerGroup = 'checker';

/** `facts` of a plugged checker. */
export interface CheckerFacts {
  readonly target: 'network' | 'none';
  readonly defaults: CheckerDefaults;
}

const address = () =>
  s.custom<string>({
    syntax: 'ADDR',
    json: { type: 'string' },
    parse(args) {
      const word = args.take() ?? args.fail('an address is missing', { code: 'CONFIG_MISSING_VALUE' });
      return (
        canonicalAddress(word.text) ?? args.fail(`"${word.text}" is not an IP address`, { at: word.at, code: 'CONFIG_BAD_VALUE' })
      );
    },
  });

/** Keywords of every checker's block. */
export const commonCheckerFields = {
  retry: s
    .int(0, mostRetries)
    .optional()
    .doc('More attempts after a failed probe before it counts: as many failures in a row as retry + 1.'),
  rise: s.int(1, 1000).optional().doc('Successes in a row that bring a server up; default 1. Not a keyword of keepalived.'),
  delay_before_retry: s.seconds(0, longestDelay).optional().doc('From a failed attempt to the next; 0: at once.'),
  delay_loop: s.seconds(0.001, longestDelay).optional().doc('From the beginning of one probe to that of the next.'),
  warmup: s.seconds(0, longestDelay).optional().doc('The first probe begins at a random moment within this time.'),
  alpha: s.bool().optional().doc('Down until the first probe succeeds.'),
  log_all_failures: s.bool().optional().doc('Log every failed attempt, not only the one that counts.'),
};

/** More keywords of a checker that connects. */
export const networkCheckerFields = {
  connect_ip: address().optional().doc('Address to connect to; default that of the real server.'),
  connect_port: s.int(1, 65_535).optional().doc('Port to connect to; default that of the real server.'),
  connect_timeout: s.seconds(0.001, 86_400).optional().doc('How long one probe may take; default 5 seconds.'),
  bindto: address().optional().doc('Source address.'),
  bind_port: s.int(1, 65_535).optional().doc('Source port.'),
  bind_if: s.word('an interface').optional().doc('Interface to send by; also the zone of link-local addresses.'),
  fwmark: s
    .int(0, 2 ** 32 - 1)
    .optional()
    .doc('Firewall mark of the packets.'),
};

export type CommonCheckerConfig = { readonly [K in keyof typeof commonCheckerFields]: Infer<(typeof commonCheckerFields)[K]> };
export type NetworkCheckerConfig = { readonly [K in keyof typeof networkCheckerFields]: Infer<(typeof networkCheckerFields)[K]> };

/** There is nothing to count where only changes are told. */
const watchFields = { rise: s.noEffect('this check is told of changes, and the first one counts') };

/** The whole block of a checker. A keyword of its own goes before one that every checker has. */
export function checkerBlock<F extends Fields>(spec: CheckerSpec<F>): Block<Fields> {
  const network = spec.target === 'none' ? {} : networkCheckerFields;
  const watch = spec.watch === undefined ? {} : watchFields;
  return s.block({ ...commonCheckerFields, ...network, ...watch, ...spec.fields }).doc(spec.summary ?? '');
}

export function checkerFacts<F extends Fields>({ target = 'network', defaults = {} }: CheckerSpec<F>): CheckerFacts {
  return { target, defaults };
}
