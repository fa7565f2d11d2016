/** Values of a virtual_server and its real servers that have a syntax of their own. Schema only; used by config.ts. */
import {
  type Args,
  canonicalAddress,
  type Field,
  familyOf,
  type IpvsTunnel,
  prefixOfMask,
  type SourcePosition,
  s,
  type ValueSpec,
} from '@mainstay/sdk';
import type { Forwarding } from './model.js';
import { integerOf, takeAddress, takeInteger, takePort, takeWord } from './words.js';

/** What stands before the brace of a virtual_server. */
export type VirtualServerHeader =
  | { readonly kind: 'address'; readonly address: string; readonly port: number }
  | { readonly kind: 'fwmark'; readonly fwmark: number }
  | { readonly kind: 'group'; readonly group: string };

export const virtualServerHeader: ValueSpec<VirtualServerHeader> = {
  syntax: 'ADDR [PORT] | fwmark N | group NAME',
  json: { type: 'string' },
  parse(args) {
    const first = args.peek()?.text;
    if (first === 'group') {
      args.take();
      return { kind: 'group', group: takeWord(args, 'the name of a virtual_server_group').text };
    }
    if (first === 'fwmark') {
      args.take();
      return { kind: 'fwmark', fwmark: takeInteger(args, 1, 2 ** 32 - 1, 'the firewall mark') };
    }
    const address = takeAddress(args);
    return { kind: 'address', address, port: takePort(args) };
  },
};

export interface ServerAddress {
  readonly address: string;
  /** 0: none is written. */
  readonly port: number;
  /** As written. */
  readonly words: string;
}

export const serverAddress: ValueSpec<ServerAddress> = {
  syntax: 'ADDR [PORT]',
  json: { type: 'string' },
  parse(args) {
    const first = args.peek()?.text;
    const address = takeAddress(args);
    const second = args.peek()?.text;
    return { address, port: takePort(args), words: second === undefined ? (first ?? '') : [first, second].join(' ') };
  },
};

const protocols = ['TCP', 'UDP', 'SCTP'] as const;

/** In capitals or not, as keepalived has it. */
export const protocol: ValueSpec<(typeof protocols)[number]> = {
  syntax: protocols.join('|'),
  json: { enum: [...protocols, ...protocols.map((name) => name.toLowerCase())] },
  parse(args) {
    const { text, at } = takeWord(args, 'the protocol');
    const found = protocols.find((name) => name === text.toUpperCase());
    return found ?? args.fail(`"${text}" is not one of ${protocols.join(', ')}`, { at, code: 'CONFIG_BAD_VALUE' });
  },
};

const checksums = { nocsum: 'none', csum: 'csum', remcsum: 'remcsum' } as const;

/** `[type ipip|gue port N|gre] [nocsum|csum|remcsum]` */
function takeTunnel(args: Args): IpvsTunnel {
  let type: IpvsTunnel['type'] = 'ipip';
  let port: number | undefined;
  if (args.peek()?.text === 'type') {
    args.take();
    const word = takeWord(args, 'the type of the tunnel');
    if (word.text !== 'ipip' && word.text !== 'gue' && word.text !== 'gre') {
      return args.fail(`"${word.text}" is not a type of tunnel`, {
        at: word.at,
        code: 'CONFIG_BAD_VALUE',
        hint: 'known: ipip gue gre',
      });
    }
    type = word.text;
    if (type === 'gue') {
      const keyword = takeWord(args, 'the port of the GUE tunnel');
      if (keyword.text !== 'port')
        args.fail(`"${keyword.text}" is not known here`, {
          at: keyword.at,
          code: 'CONFIG_BAD_VALUE',
          hint: 'write: type gue port N',
        });
      port = takeInteger(args, 1, 65_535, 'the port of the GUE tunnel');
    }
  }
  const checksum = takeChecksum(args, type);
  return { type, ...(port === undefined ? {} : { port }), ...(checksum === undefined ? {} : { checksum }) };
}

function takeChecksum(args: Args, type: IpvsTunnel['type']): IpvsTunnel['checksum'] {
  const word = args.peek();
  if (word === undefined || !Object.hasOwn(checksums, word.text)) return undefined;
  args.take();
  const checksum = checksums[word.text as keyof typeof checksums];
  if (type === 'ipip' || (type === 'gre' && checksum === 'remcsum')) {
    args.fail(`a tunnel of type ${type} has no ${word.text}`, {
      at: word.at,
      code: 'CONFIG_BAD_VALUE',
      hint: type === 'ipip' ? 'checksums are for types gue and gre' : 'remcsum is for type gue',
    });
  }
  return checksum;
}

export const forwarding: ValueSpec<Forwarding> = {
  syntax: 'NAT | DR | TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]',
  json: { type: 'string' },
  parse(args) {
    const word = takeWord(args, 'the forwarding method');
    switch (word.text) {
      case 'NAT':
        return { method: 'nat' };
      case 'DR':
        return { method: 'dr' };
      case 'TUN':
        return { method: 'tun', tunnel: takeTunnel(args) };
      default:
        return args.fail(`"${word.text}" is not a forwarding method`, {
          at: word.at,
          code: 'CONFIG_BAD_VALUE',
          hint: 'known: NAT DR TUN, in capitals',
        });
    }
  },
};

export interface SchedulerValue {
  readonly name: string;
  readonly at: SourcePosition;
}

/** Those of the kernel; a name that is not among them may be a module of somebody. */
export const knownSchedulers = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'sh', 'mh', 'dh', 'fo', 'ovf', 'sed', 'nq', 'twos'];

export const scheduler: ValueSpec<SchedulerValue> = {
  syntax: 'rr|wrr|lc|wlc|lblc|lblcr|sh|mh|dh|fo|ovf|sed|nq|twos|NAME',
  json: { type: 'string' },
  parse(args) {
    const { text: name, at } = takeWord(args, 'the scheduler');
    if (Buffer.byteLength(name) > 15)
      args.fail(`"${name}" is too long: the kernel's names of schedulers have at most 15 octets`, {
        at,
        code: 'CONFIG_BAD_VALUE',
      });
    if (!knownSchedulers.includes(name))
      args.warn(`"${name}" is no scheduler that Mainstay knows: without a kernel module ip_vs_${name} the service is refused`, {
        at,
        code: 'IPVS_SCHEDULER',
        hint: `known: ${knownSchedulers.join(' ')}`,
      });
    return { name, at };
  },
};

/** A flag that knows where it stands: before its scheduler it means nothing. */
export function placedFlag(): Field<SourcePosition | undefined> {
  return s
    .custom<SourcePosition | undefined>({
      syntax: '',
      json: { type: 'boolean' },
      parse(args) {
        const { at } = args;
        const word = args.take();
        if (word === undefined || word.text === 'true') return at;
        if (word.text === 'false') return undefined;
        return args.fail('there is one word too many', { at: word.at, code: 'CONFIG_EXTRA_WORD' });
      },
    })
    .optional();
}

/** keepalived's and ipvsadm's default, seconds. */
export const defaultPersistence = 360;
/** The kernel's longest, seconds: 31 days. */
const longestPersistence = 31 * 86_400;

export const persistenceTimeout: ValueSpec<number> = {
  syntax: '[1..2678400 seconds]',
  json: { type: ['integer', 'boolean'], minimum: 1, maximum: longestPersistence },
  parse(args) {
    if (args.peek()?.text === 'true') args.take();
    return args.peek() === undefined
      ? defaultPersistence
      : takeInteger(args, 1, longestPersistence, 'the persistence timeout in seconds');
  },
};

/** Of IPv4 a mask, which may have holes, of IPv6 a prefix length. */
export type Granularity = { readonly family: 4 | 6; readonly prefix: number } | { readonly family: 4; readonly mask: string };

export const persistenceGranularity: ValueSpec<Granularity> = {
  syntax: 'MASK | 1..128',
  json: { type: ['string', 'integer'] },
  parse(args) {
    const word = takeWord(args, 'the mask');
    const length = integerOf(word.text);
    if (length !== undefined && length >= 1 && length <= 128) return { family: 6, prefix: length };
    const mask = canonicalAddress(word.text);
    if (mask !== undefined && familyOf(mask) === 4) {
      const prefix = prefixOfMask(mask);
      return prefix === undefined ? { family: 4, mask } : { family: 4, prefix };
    }
    return args.fail(`"${word.text}" is not a network mask`, {
      at: word.at,
      code: 'CONFIG_BAD_VALUE',
      hint: 'write 255.255.255.0 or the like for IPv4, a prefix length 1..128 for IPv6',
    });
  },
};

export const engine: ValueSpec<string> = {
  syntax: 'NAME',
  json: { type: 'string' },
  parse(args) {
    const { text, at } = takeWord(args, 'the persistence engine');
    return Buffer.byteLength(text) <= 15
      ? text
      : args.fail(`"${text}" is too long: the kernel's names of persistence engines have at most 15 octets`, {
          at,
          code: 'CONFIG_BAD_VALUE',
        });
  },
};

/** Mail is told of, not refused: it changes no service. */
export function mailAlert(): Field<boolean> {
  return s
    .custom<boolean>({
      syntax: '[on|off|true|false|yes|no]',
      json: { type: 'boolean' },
      parse(args) {
        const word = args.take();
        const isOff = ['off', 'false', 'no'].includes(word?.text ?? '');
        const isOn = word === undefined || ['on', 'true', 'yes'].includes(word.text);
        if (!isOn && !isOff)
          args.fail(`"${word.text}" is not a boolean`, { at: word.at, code: 'CONFIG_BAD_VALUE', hint: 'write on or off' });
        if (isOn)
          args.warn('mail is not built yet: no mail will be sent', {
            ...(word && { at: word.at }),
            code: 'CONFIG_NO_EFFECT',
            hint: 'a notify script or a notify hook can send it',
          });
        return isOn;
      },
    })
    .default(false);
}
