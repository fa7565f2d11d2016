/** Keywords that name notify hook files. Schema only. */
import { s } from '@mainstay/sdk';

/** Looked at where it exists, without being named. */
export const defaultFolder = '/etc/mainstay/hooks.d';

export const rootKeywords = {
  notify_hook: s.word('a file').repeated().doc('A TypeScript or JavaScript notify hook, relative to the configuration file.'),
  notify_hooks_dir: s
    .word('a folder')
    .default(defaultFolder)
    .doc('Every .ts, .mts, .js and .mjs file in this folder is a notify hook. Names that begin with "." or "_" are left out.'),
};
