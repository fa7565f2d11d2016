/** Keywords of bfd_instance: those of keepalived.conf(5), and those for authentication, which keepalived lacks. Schema only. */
import { canonicalAddress, type Field, type Infer, s } from '@mainstay/sdk';
import { authenticationTypes, type Key } from './authentication.js';

/** An address; of a link-local one the link behind `%`. */
export interface Place {
  readonly address: string;
  readonly link?: string;
}

const place = (what: string): Field<Place> =>
  s.custom<Place>({
    syntax: 'ADDR[%IF]',
    json: { type: 'string' },
    parse(args) {
      const word = args.take() ?? args.fail(`${what} is missing`, { code: 'CONFIG_MISSING_VALUE' });
      const [text = '', link, more] = word.text.split('%');
      const address = canonicalAddress(text);
      if (address === undefined || more !== undefined || link === '') {
        return args.fail(`"${word.text}" is not an IP address`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
      }
      return link === undefined ? { address } : { address, link };
    },
  });

/** Milliseconds, decimals allowed; the value is in microseconds. */
const interval = (least: number): Field<number> =>
  s.custom<number>({
    syntax: `${least}..4294967 milliseconds`,
    json: { type: 'number', minimum: least, maximum: 4_294_967 },
    parse(args) {
      const word = args.take() ?? args.fail('a number of milliseconds is missing', { code: 'CONFIG_MISSING_VALUE' });
      const fail = (message: string, code: string, hint?: string) =>
        args.fail(`"${word.text}" ${message}`, { at: word.at, code, ...(hint !== undefined && { hint }) });
      if (!/^[0-9]*\.?[0-9]+$|^[0-9]+\.$/.test(word.text)) return fail('is not a number of milliseconds', 'CONFIG_BAD_VALUE');
      const ms = Number(word.text);
      const isWithin = ms >= least && ms <= 4_294_967;
      return isWithin
        ? Math.round(ms * 1000)
        : fail(`is out of range: ${least}..4294967 milliseconds`, 'CONFIG_OUT_OF_RANGE', nearest(ms, least));
    },
  });

function nearest(ms: number, least: number): string {
  return `the nearest allowed value is ${ms < least ? least : 4_294_967}`;
}

const number = (least: number, most: number): Field<number> => s.int(least, most);

export interface Weight {
  readonly value: number;
  readonly isReversed: boolean;
}

const weight: Field<Weight> = s.custom<Weight>({
  syntax: '-253..253 [reverse|noreverse]',
  json: { type: 'string' },
  parse(args) {
    const word = args.take() ?? args.fail('a weight is missing', { code: 'CONFIG_MISSING_VALUE' });
    const value = /^[+-]?[0-9]+$/.test(word.text) ? Number(word.text) : Number.NaN;
    if (!(value >= -253 && value <= 253)) {
      return args.fail(`"${word.text}" is not a weight: -253..253`, { at: word.at, code: 'CONFIG_OUT_OF_RANGE' });
    }
    const option = args.take();
    if (option !== undefined && option.text !== 'reverse' && option.text !== 'noreverse') {
      return args.fail(`"${option.text}" is not known here`, {
        at: option.at,
        code: 'CONFIG_BAD_VALUE',
        hint: 'write reverse, noreverse, or nothing',
      });
    }
    return { value, isReversed: option?.text === 'reverse' };
  },
});

const acceptedKey: Field<Key> = s.custom<Key>({
  syntax: '0..255 PASSWORD',
  json: { type: 'string' },
  parse(args) {
    const id = args.take() ?? args.fail('a key id is missing', { code: 'CONFIG_MISSING_VALUE' });
    if (!/^[0-9]{1,3}$/.test(id.text) || Number(id.text) > 255) {
      return args.fail(`"${id.text}" is not a key id: 0..255`, { at: id.at, code: 'CONFIG_OUT_OF_RANGE' });
    }
    const word = args.take() ?? args.fail('the password of the key is missing', { code: 'CONFIG_MISSING_VALUE' });
    return { id: Number(id.text), secret: new TextEncoder().encode(word.text) };
  },
});

/** Who turns round what the Echo function sends. */
export const echoWays = ['forwarding', 'daemon'] as const;
export type EchoWay = (typeof echoWays)[number];

export const instanceBlock = s
  .block({
    neighbor_ip: place('the address of the neighbour').alias('neighbour_ip').doc('The peer; link-local with %interface.'),
    source_ip: place('a source address').optional().doc("Address to speak from. Default: the kernel's choice."),
    min_rx: interval(1).default(10_000).doc('Milliseconds between packets that this side can take. Default 10.'),
    min_tx: interval(1).default(10_000).doc('Milliseconds between packets that this side would like to send. Default 10.'),
    idle_tx: interval(1000).default(1_000_000).doc('Milliseconds between packets while the session is not Up. Default 1000.'),
    multiplier: number(1, 255).default(5).doc('Packets that may be missed by the peer before it takes the session as down.'),
    passive: s.flag().doc('Say nothing before the peer has been heard.'),
    ttl: number(1, 255).optional().doc('TTL or hop limit of what is sent. Default 255.').alias('hoplimit'),
    max_hops: number(-1, 255)
      .optional()
      .doc('Hops that a packet may have come; -1 or 255: any number. Default 0; with multihop any number.'),
    multihop: s.flag().doc('The neighbour is not on the link: UDP port 4784 (RFC 5883).'),
    weight: weight.optional().shared().doc('Default weight for those who track the session.'),
    vrrp: s.flag().shared().doc('Only for tracking by virtual routers, unless checker is written too.'),
    checker: s.flag().shared().doc('Only for checking of servers, unless vrrp is written too.'),
    admin_down: s
      .flag()
      .shared()
      .doc('Keep the session administratively down; the peer is told so. Not a keyword of keepalived.'),
    auth_type: s
      .oneOf(...authenticationTypes)
      .optional()
      .doc('Authentication (RFC 5880 section 6.7). Not a keyword of keepalived.'),
    auth_key_id: number(0, 255).default(1).doc('Number of the key that signs what is sent.'),
    auth_password: s.word('a password').secret().optional().doc('The key: up to 16 bytes, for SHA1 up to 20.'),
    auth_accept: acceptedKey.secret().repeated().doc('Another key that the peer may use: while keys are being replaced.'),
    echo_interval: interval(1)
      .optional()
      .doc('Use the Echo function: milliseconds between echo packets, unless the peer wants fewer. Not a keyword of keepalived.'),
    echo_via: s
      .oneOf(...echoWays)
      .default('forwarding')
      .doc('Who turns echo packets round: the forwarding plane of the peer, or its BFD daemon (FRR over IPv6, Mainstay).'),
    echo_slow_rx: interval(1000)
      .optional()
      .doc('Milliseconds between control packets of the peer while echo packets come back. Default 1000.'),
    min_echo_rx: interval(1)
      .optional()
      .doc('Loop back echo packets of the peer: milliseconds between them that this side can take. Default: not at all.'),
  })
  .doc('A session of Bidirectional Forwarding Detection (RFC 5880) with one neighbour.');

export type InstanceValue = Infer<typeof instanceBlock>;
