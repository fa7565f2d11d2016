/** The block `maintenance NAME { ... }`: keywords only. */
import { type Infer, s, type ValueSpec } from '@mainstay/sdk';
import { type Day, days } from './window.js';

/** `HH:MM`, as minutes after midnight. `24:00` is the end of the day. */
const timeOfDay: ValueSpec<number> = {
  syntax: 'HH:MM',
  json: { type: 'string', pattern: '^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$' },
  parse(args) {
    const word = args.take() ?? args.fail('a time of day is missing', { code: 'CONFIG_MISSING_VALUE' });
    const [, hours, minutes] = /^([01]?[0-9]|2[0-3]):([0-5][0-9])$|^24:00$/.exec(word.text) ?? [];
    if (word.text === '24:00') return 24 * 60;
    if (hours !== undefined && minutes !== undefined) return Number(hours) * 60 + Number(minutes);
    return args.fail(`"${word.text}" is not a time of day`, {
      at: word.at,
      code: 'CONFIG_BAD_VALUE',
      hint: 'write hours and minutes, such as 02:30',
    });
  },
};

const dayList: ValueSpec<readonly Day[]> = {
  syntax: 'DAY...',
  json: { type: 'array', items: { enum: days } },
  parse(args) {
    const chosen: Day[] = [];
    for (let word = args.take(); word !== undefined; word = args.take()) {
      const { text, at } = word;
      const day = days.find((name) => name === text.toLowerCase());
      chosen.push(day ?? args.fail(`"${text}" is not a day`, { at, code: 'CONFIG_BAD_VALUE', hint: `write ${days.join(', ')}` }));
    }
    return chosen;
  },
};

const names: ValueSpec<readonly string[]> = {
  syntax: 'NAME...',
  json: { type: 'array', items: { type: 'string' } },
  parse(args) {
    const words: string[] = [];
    for (let word = args.take(); word !== undefined; word = args.take()) words.push(word.text);
    return words;
  },
};

export const maintenance = s
  .block({
    from: s.custom(timeOfDay).doc('When the window opens.'),
    to: s.custom(timeOfDay).doc('When it closes; at or before `from`: on the next day.'),
    days: s.custom(dayList).default([]).doc('Days on which the window opens; every day when absent.'),
    penalty: s.int(1, 253).default(50).doc('How much the priority is lowered while the window is open.'),
    instances: s.custom(names).default([]).doc('The vrrp_instances it concerns; all when absent.'),
    utc: s.flag().doc('Times are UTC instead of local time.'),
  })
  .doc('A recurring time in which this host should rather not be master.');

export type Maintenance = Infer<typeof maintenance>;
