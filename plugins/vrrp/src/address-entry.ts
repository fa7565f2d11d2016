/** One line of `virtual_ipaddress` and `virtual_ipaddress_excluded`: ADDR[/LEN] and keepalived's options. Used by config.ts. */
import {
  type AddressScope,
  type Args,
  canonicalAddress,
  type Family,
  familyOf,
  isLinkLocal,
  type ValueSpec,
  type Word,
} from '@mainstay/sdk';

/** A virtual address as configured; the link is a name, because it may not exist yet. */
export interface VirtualAddress {
  readonly address: string;
  readonly family: Family;
  readonly prefixLength: number;
  /** Absent: the instance's interface. */
  readonly dev?: string;
  readonly broadcast?: string;
  readonly scope: AddressScope | number;
  readonly label?: string;
  readonly peer?: string;
  readonly home: boolean;
  /** keepalived's `-nodad`: let IPv6 duplicate address detection run, which virtual addresses otherwise skip. */
  readonly detectsDuplicates: boolean;
  readonly manageTemporary: boolean;
  readonly noPrefixRoute: boolean;
  readonly autoJoin: boolean;
  /** Seconds; 0: never chosen as a source address. Absent: for ever. */
  readonly preferredLifetime?: number;
  /** keepalived's `no_track`: somebody else may remove it without consequence. */
  readonly isTracked: boolean;
}

type Draft = { -readonly [K in keyof VirtualAddress]: VirtualAddress[K] };

const scopes: Readonly<Record<string, AddressScope>> = { global: 'global', site: 'site', link: 'link', host: 'host' };

function need(args: Args, what: string): Word {
  return args.take() ?? args.fail(`${what} is missing`, { code: 'CONFIG_MISSING_VALUE' });
}

function needAddress(args: Args, family: Family, what: string): string {
  const word = need(args, what);
  const address = canonicalAddress(word.text);
  if (address !== undefined && familyOf(address) === family) return address;
  return args.fail(`"${word.text}" is not an IPv${family} address`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
}

function prefixOf(word: Word, args: Args): { address: string; family: Family; prefixLength: number } {
  const [text = '', length, ...more] = word.text.split('/');
  const address = canonicalAddress(text);
  if (address === undefined || more.length > 0) {
    return args.fail(`"${word.text}" is not an IP address`, {
      at: word.at,
      code: 'CONFIG_BAD_VALUE',
      hint: 'write ADDRESS or ADDRESS/LENGTH',
    });
  }
  const family = familyOf(address);
  const most = family === 4 ? 32 : 128;
  const prefixLength = length === undefined ? most : Number(length);
  if (length !== undefined && (!/^[0-9]{1,3}$/.test(length) || prefixLength > most)) {
    return args.fail(`"/${length}" is not a prefix length of IPv${family}: 0..${most}`, {
      at: word.at,
      code: 'CONFIG_OUT_OF_RANGE',
    });
  }
  return { address, family, prefixLength };
}

/** The broadcast address of an IPv4 network; `+` sets the host bits, `-` clears them (ip-address(8)). */
function broadcastOf(address: string, prefixLength: number, sign: '+' | '-'): string {
  const bytes = address.split('.').map(Number);
  return bytes
    .map((byte, i) => {
      const hostBits = Math.min(8, Math.max(0, 8 * (i + 1) - prefixLength));
      const mask = (1 << hostBits) - 1;
      return sign === '+' ? byte | mask : byte & ~mask;
    })
    .join('.');
}

type Option = (draft: Draft, args: Args, word: Word) => void;

const onlyIpv6 = (name: string, set: (draft: Draft) => void): Option => {
  return (draft, args, word) => {
    if (draft.family === 4)
      args.warn(`${name} has no meaning for IPv4 and is ignored`, { at: word.at, code: 'VRRP_ADDRESS_OPTION' });
    else set(draft);
  };
};

const notBuilt = (feature: string): Option => {
  return (_draft, args, word) => args.fail(`${feature} is not built yet`, { at: word.at, code: 'CONFIG_NOT_BUILT' });
};

const options: Readonly<Record<string, Option>> = {
  dev(draft, args) {
    draft.dev = need(args, 'an interface name').text;
  },
  brd(draft, args, word) {
    if (draft.family === 6) args.fail('an IPv6 address has no broadcast address', { at: word.at, code: 'CONFIG_BAD_VALUE' });
    const next = args.peek()?.text;
    if (next === '+' || next === '-') {
      args.take();
      draft.broadcast = broadcastOf(draft.address, draft.prefixLength, next);
    } else draft.broadcast = needAddress(args, 4, 'a broadcast address');
  },
  scope(draft, args, keyword) {
    const word = need(args, 'a scope');
    const scope =
      scopes[word.text] ?? (/^[0-9]{1,3}$/.test(word.text) && Number(word.text) < 256 ? Number(word.text) : undefined);
    if (scope === undefined) {
      args.fail(`"${word.text}" is not a scope`, {
        at: word.at,
        code: 'CONFIG_BAD_VALUE',
        hint: 'write global, site, link, host or 0..255',
      });
    } else if (draft.family === 6) {
      args.warn('scope has no meaning for IPv6 and is ignored', { at: keyword.at, code: 'VRRP_ADDRESS_OPTION' });
    } else draft.scope = scope;
  },
  label(draft, args, keyword) {
    const word = need(args, 'a label');
    if (word.text.length > 15)
      args.fail(`the label "${word.text}" is longer than 15 characters`, { at: word.at, code: 'CONFIG_OUT_OF_RANGE' });
    if (draft.family === 6)
      args.warn('label has no meaning for IPv6 and is ignored', { at: keyword.at, code: 'VRRP_ADDRESS_OPTION' });
    else draft.label = word.text;
  },
  peer(draft, args) {
    const word = need(args, 'a peer address');
    const peer = prefixOf(word, args);
    if (peer.family !== draft.family)
      args.fail(`the peer is not an IPv${draft.family} address`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
    draft.peer = peer.address;
    if (word.text.includes('/')) draft.prefixLength = peer.prefixLength;
  },
  home: onlyIpv6('home', (draft) => {
    draft.home = true;
  }),
  '-nodad': onlyIpv6('-nodad', (draft) => {
    draft.detectsDuplicates = true;
  }),
  mngtmpaddr: onlyIpv6('mngtmpaddr', (draft) => {
    draft.manageTemporary = true;
  }),
  noprefixroute(draft) {
    draft.noPrefixRoute = true;
  },
  autojoin(draft) {
    draft.autoJoin = true;
  },
  no_track(draft) {
    draft.isTracked = false;
  },
  preferred_lft(draft, args) {
    const word = need(args, 'a lifetime');
    if (word.text === 'forever') delete draft.preferredLifetime;
    else if (/^[0-9]+$/.test(word.text) && Number(word.text) < 2 ** 32 - 1) draft.preferredLifetime = Number(word.text);
    else args.fail(`"${word.text}" is not a number of seconds or forever`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
  },
  use_vmac: notBuilt('use_vmac (a virtual MAC address)'),
  track_group: notBuilt('track_group'),
};

/** A virtual address with its options; the device may also follow the address directly, as in old configurations. */
export const addressEntry: ValueSpec<VirtualAddress> = {
  syntax:
    'ADDR[/LEN] [brd ADDR|+|-] [dev IF] [scope SCOPE] [label LABEL] [peer ADDR] [home] [-nodad] [mngtmpaddr] [noprefixroute] [autojoin] [no_track] [preferred_lft SECONDS|forever]',
  json: { type: 'string' },
  parse(args) {
    const prefix = prefixOf(need(args, 'an IP address'), args);
    const draft: Draft = {
      ...prefix,
      scope: prefix.family === 6 && isLinkLocal(prefix.address) ? 'link' : 'global',
      home: false,
      detectsDuplicates: false,
      manageTemporary: false,
      noPrefixRoute: false,
      autoJoin: false,
      isTracked: true,
      // A virtual IPv6 host address must not become the source of this host's own connections.
      ...(prefix.family === 6 && prefix.prefixLength === 128 && { preferredLifetime: 0 }),
    };
    for (let word = args.take(); word !== undefined; word = args.take()) {
      const option = options[word.text];
      if (option === undefined)
        return args.fail(`"${word.text}" is not an option of an address`, {
          at: word.at,
          code: 'CONFIG_BAD_VALUE',
          hint: `known: ${Object.keys(options).join(' ')}`,
        });
      option(draft, args, word);
    }
    return draft;
  },
};
