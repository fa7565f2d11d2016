/** Values of the LVS keywords of global_defs. Schema only; used by config.ts. */
import { type Args, familyOf, type IpvsSyncDaemon, type IpvsTimeouts, longestIpvsTimeout, type ValueSpec } from '@mainstay/sdk';
import { takeAddress, takeInteger, takeWord } from './words.js';

const timeoutNames = { tcp: 'tcp', tcpfin: 'tcpFin', udp: 'udp' } as const;

export const timeouts: ValueSpec<Partial<IpvsTimeouts>> = {
  syntax: '[tcp SECONDS] [tcpfin SECONDS] [udp SECONDS]',
  json: { type: 'string' },
  parse(args) {
    const found: { -readonly [K in keyof IpvsTimeouts]?: number } = {};
    if (args.peek() === undefined)
      args.fail('a timeout is missing', { code: 'CONFIG_MISSING_VALUE', hint: 'such as: lvs_timeouts tcp 900 udp 300' });
    for (let word = args.take(); word !== undefined; word = args.take()) {
      if (!Object.hasOwn(timeoutNames, word.text))
        return args.fail(`"${word.text}" is not a timeout`, {
          at: word.at,
          code: 'CONFIG_BAD_VALUE',
          hint: 'known: tcp tcpfin udp, each with seconds',
        });
      const name = timeoutNames[word.text as keyof typeof timeoutNames];
      const seconds = takeInteger(args, 0, longestIpvsTimeout, `the timeout ${word.text} in seconds`);
      // To the kernel 0 is "as it is": the same as not to name it.
      if (seconds > 0) found[name] = seconds;
      else delete found[name];
    }
    return found;
  },
};

/** What of the table goes at a stop at once. */
export type FlushOnStop = 'all' | 'services';

export const flushOnStop: ValueSpec<FlushOnStop> = {
  syntax: '[VS]',
  json: { type: ['boolean', 'string'] },
  parse(args) {
    const word = args.take();
    if (word === undefined || word.text === 'true') return 'all';
    return word.text === 'VS'
      ? 'services'
      : args.fail(`"${word.text}" is not known here`, { at: word.at, code: 'CONFIG_BAD_VALUE', hint: 'write VS, or nothing' });
  },
};

/** `syncId` absent: that of the virtual router, or 0 without one. */
export interface SyncDaemonValue extends Omit<IpvsSyncDaemon, 'role' | 'syncId'> {
  /** The vrrp_instance whose state its role follows; absent: both roles. */
  readonly instance?: string;
  readonly syncId?: number;
}

type Options = { -readonly [K in keyof SyncDaemonValue]?: SyncDaemonValue[K] };

const options: Readonly<Record<string, (args: Args, value: Options) => void>> = {
  inst: (args, value) => {
    value.instance = takeWord(args, 'the name of a vrrp_instance').text;
  },
  id: (args, value) => {
    value.syncId = takeInteger(args, 0, 255, 'the id of the sync daemon');
  },
  maxlen: (args, value) => {
    value.maxLength = takeInteger(args, 1, 65_507, 'maxlen');
  },
  port: (args, value) => {
    value.port = takeInteger(args, 1, 65_535, 'the port');
  },
  ttl: (args, value) => {
    value.ttl = takeInteger(args, 1, 255, 'the TTL');
  },
  group: (args, value) => {
    const at = args.at;
    value.group = takeAddress(args, 'the multicast group');
    if (!/^(22[4-9]|23[0-9])\./.test(value.group) && !(familyOf(value.group) === 6 && value.group.startsWith('ff')))
      args.fail(`${value.group} is not a multicast group`, { at, code: 'CONFIG_BAD_VALUE' });
  },
};

/** Before there was `id`, the number stood behind the name. */
function takeBareId(args: Args, value: Options): void {
  const { text = '', at } = args.peek() ?? {};
  if (!/^[0-9]/.test(text)) return;
  options.id?.(args, value);
  args.warn(`the id of the sync daemon without "id" in front of it is deprecated`, {
    ...(at && { at }),
    code: 'CONFIG_DEPRECATED',
    hint: `write id ${text}`,
  });
}

export const syncDaemon: ValueSpec<SyncDaemonValue> = {
  syntax: 'IF [[inst] VRRP_INSTANCE] [id 0..255] [maxlen 1..65507] [port 1..65535] [ttl 1..255] [group ADDR]',
  json: { type: 'string' },
  parse(args) {
    const link = takeWord(args, 'the interface').text;
    const value: Options = {};
    for (let word = args.take(), isFirst = true; word !== undefined; word = args.take(), isFirst = false) {
      const option = Object.hasOwn(options, word.text) ? options[word.text] : undefined;
      if (option !== undefined) option(args, value);
      // keepalived takes the name without "inst" for the sake of old configurations.
      else if (isFirst) {
        value.instance = word.text;
        takeBareId(args, value);
      } else
        args.fail(`"${word.text}" is not an option of the sync daemon`, {
          at: word.at,
          code: 'CONFIG_BAD_VALUE',
          hint: `known: ${Object.keys(options).join(' ')}`,
        });
    }
    return { link, ...value };
  },
};
