/** The command line of `npm run bench`. Read by main.ts; handed to every benchmark. */
import { parseArgs } from 'node:util';
import { type Kind, kinds, programs } from './router.js';

export interface Options {
  readonly names: readonly string[];
  readonly kinds: readonly Kind[];
  /** Intervals that are measured, milliseconds; each benchmark has its own when absent. */
  readonly intervals: readonly number[] | undefined;
  /** Runs of `silent`, and of each case of `outage`. */
  readonly silentRuns: number;
  readonly outageRuns: number;
  /** Runs with the same pair of daemons before the next program has its turn. */
  readonly block: number;
  /** Seconds of adverts that `jitter` looks at, in how many turns. */
  readonly jitterSeconds: number;
  readonly jitterRounds: number;
  /** Seconds of steady state, of the load after a reload, and virtual routers per link (of four) of `scale`. */
  readonly steadySeconds: number;
  readonly reloadSeconds: number;
  readonly perLink: number;
  readonly scaleRounds: number;
  /** Deaths of a neighbour that `bfd-detection` measures for each interval. */
  readonly detectionRuns: number;
  readonly soakSeconds: number;
  /** Sessions of `bfd-scale`, seconds of steady state of each program, and how long Mainstay has to hold them. */
  readonly bfdSessions: number;
  readonly bfdSeconds: number;
  readonly holdSeconds: number;
  /** Real servers of `checks`, seconds of looking at them, and turns. */
  readonly checkedServers: number;
  readonly checkSeconds: number;
  readonly checkRounds: number;
  /** Virtual servers of `tables`, turns, and whether it boots the lab's guest, too. */
  readonly virtualServers: number;
  readonly tableRounds: number;
  readonly hasGuest: boolean;
  /** Where the results go. */
  readonly output: string;
  readonly isQuick: boolean;
}

const numbers = {
  'silent-runs': [50, 4],
  'outage-runs': [10, 1],
  block: [5, 2],
  'jitter-seconds': [30, 4],
  'jitter-rounds': [3, 1],
  'steady-seconds': [60, 12],
  'reload-seconds': [6, 4],
  'per-link': [250, 50],
  'scale-rounds': [1, 1],
  'detection-runs': [56, 8],
  'soak-seconds': [600, 20],
  'bfd-sessions': [1000, 100],
  'bfd-seconds': [30, 8],
  'hold-seconds': [300, 8],
  'checked-servers': [10_000, 400],
  'check-seconds': [20, 4],
  'check-rounds': [1, 1],
  'virtual-servers': [1000, 20],
  'table-rounds': [1, 1],
} as const;
type NumberName = keyof typeof numbers;

export const usage = `npm run bench [-- [OPTION]... [NAME]...]

NAME: silent, outage, outage-bfd, jitter, scale, bfd-detection, bfd-soak, bfd-scale, checks, tables; all when none is named.

  --quick             few and short runs, to see that everything works; results go to build/bench
  --kinds LIST        of ${programs.join(',')}; default: those that a benchmark is for
  --intervals LIST    intervals of adverts to measure, in milliseconds
  --no-guest          tables: only on this machine's kernel, without the guest of test/lab
  --output DIR        where latest.json and latest.md go; default test/bench/results
${(Object.keys(numbers) as NumberName[]).map((name) => `  --${`${name} N`.padEnd(18)}default ${numbers[name][0]}, quick ${numbers[name][1]}`).join('\n')}
`;

export function readOptions(args: readonly string[]): Options & { readonly hasKinds: boolean; readonly isHelp: boolean } {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...(Object.fromEntries(Object.keys(numbers).map((name) => [name, text])) as Record<NumberName, typeof text>),
      kinds: text,
      intervals: text,
      output: text,
      quick: flag,
      'no-guest': flag,
      help: flag,
    },
  });
  const isQuick = values.quick === true;
  const number = (name: NumberName) => positive(name, values[name] ?? String(numbers[name][isQuick ? 1 : 0]));
  return {
    names: positionals,
    kinds: values.kinds === undefined ? kinds : values.kinds.split(',').map(kindOf),
    hasKinds: values.kinds !== undefined,
    intervals: values.intervals?.split(',').map((one) => positive('intervals', one)),
    silentRuns: number('silent-runs'),
    outageRuns: number('outage-runs'),
    block: number('block'),
    jitterSeconds: number('jitter-seconds'),
    jitterRounds: number('jitter-rounds'),
    steadySeconds: number('steady-seconds'),
    reloadSeconds: number('reload-seconds'),
    perLink: Math.min(250, number('per-link')),
    scaleRounds: number('scale-rounds'),
    detectionRuns: number('detection-runs'),
    soakSeconds: number('soak-seconds'),
    bfdSessions: Math.min(1000, number('bfd-sessions')),
    bfdSeconds: number('bfd-seconds'),
    holdSeconds: number('hold-seconds'),
    checkedServers: number('checked-servers'),
    checkSeconds: number('check-seconds'),
    checkRounds: number('check-rounds'),
    virtualServers: number('virtual-servers'),
    tableRounds: number('table-rounds'),
    hasGuest: values['no-guest'] !== true,
    output: values.output ?? (isQuick ? 'build/bench' : 'test/bench/results'),
    isQuick,
    isHelp: values.help === true,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} wants a number above 0, not "${text}"`);
  return value;
}

function kindOf(text: string): Kind {
  const kind = programs.find((one) => one === text);
  if (kind === undefined) throw new Error(`--kinds knows ${programs.join(', ')}, not "${text}"`);
  return kind;
}
