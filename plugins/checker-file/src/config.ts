/** The root block `track_file`, and keywords of FILE_CHECK. Schema only. */
import { type Args, type Infer, s } from '@mainstay/sdk';
import type { Weight } from './number.js';

/** Beyond these, keepalived ignores the weight of a track_file, or of a FILE_CHECK. */
const mostOfFile = 254;
const mostOfCheck = 2 ** 31 - 1;
const mostOfNumber = 2 ** 31;

function takeInteger(args: Args, most: number, what: string): number {
  const word = args.take() ?? args.fail(`${what} is missing`, { code: 'CONFIG_MISSING_VALUE' });
  if (!/^[+-]?[0-9]+$/.test(word.text)) {
    args.fail(`"${word.text}" is not a whole number`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
  }
  const number = Number(word.text);
  if (Math.abs(number) <= most) return number === 0 ? 0 : number;
  return args.fail(`${word.text} is out of range: -${most}..${most}`, { at: word.at, code: 'CONFIG_OUT_OF_RANGE' });
}

const weight = (most: number) =>
  s.custom<Weight>({
    syntax: `-${most}..${most} [reverse|noreverse]`,
    json: { type: ['integer', 'string'] },
    parse(args) {
      const factor = takeInteger(args, most, 'the weight');
      const word = args.take();
      if (word === undefined || word.text === 'noreverse') return { factor, isReverse: false };
      if (word.text === 'reverse') return { factor, isReverse: true };
      return args.fail(`"${word.text}" is neither reverse nor noreverse`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
    },
  });

export interface InitFile {
  readonly number: number;
  readonly isOverwrite: boolean;
}

const initFile = () =>
  s.custom<InitFile>({
    syntax: '[NUMBER] [overwrite]',
    json: { type: ['integer', 'string', 'boolean'] },
    parse(args) {
      let number = 0;
      let isOverwrite = false;
      for (let word = args.peek(); word !== undefined; word = args.peek()) {
        if (/^[+-]?[0-9]/.test(word.text)) number = takeInteger(args, mostOfNumber, 'the number');
        else if (word.text === 'overwrite') isOverwrite = args.take() !== undefined;
        // Data formats say `init_file: true`.
        else if (word.text === 'true') args.take();
        else args.fail(`"${word.text}" is neither a number nor overwrite`, { at: word.at, code: 'CONFIG_BAD_VALUE' });
      }
      return { number, isOverwrite };
    },
  });

export const trackFile = s
  .block({
    file: s.word('a path').doc('The file; relative to the folder of the configuration.'),
    weight: weight(mostOfFile)
      .default({ factor: 1, isReverse: false })
      .doc('What its number is multiplied by, where a check does not say it; 0: the number says up or down.'),
    init_file: initFile().optional().doc('Make the file at start, with this number or 0; overwrite: also where it is there.'),
  })
  .doc('A file with a number in it, for checks to follow.');

export type TrackFile = Infer<typeof trackFile>;

const told = () => s.noEffect('a file is watched, not probed: what it says counts at once');

export const fields = {
  track_file: s.word('the name of a track_file').doc('Whose number counts.'),
  weight: weight(mostOfCheck).optional().doc('What the number is multiplied by; that of the track_file when absent.'),
  retry: told(),
  delay_before_retry: told(),
  delay_loop: told(),
  warmup: told(),
  alpha: told(),
  log_all_failures: told(),
};

export interface FileCheck {
  readonly track_file: string;
  readonly weight: Weight | undefined;
}
