/** Keywords of MISC_CHECK. Schema only. */
import { type Infer, s, scriptCommandValue, scriptUserValue } from '@mainstay/sdk';

export const fields = {
  misc_path: s.custom(scriptCommandValue).doc('The script: its exit code 0 says that the server is up.'),
  misc_timeout: s
    .seconds(0, 86_400)
    .default(0)
    .doc('How long it may run; delay_loop when absent or 0. Then it is ended, and the server is down.'),
  misc_dynamic: s.flag().doc('Exit codes 2 to 255 say that the server is up, and set its weight to the code less 2.'),
  user: s.custom(scriptUserValue).optional().doc('Who runs it; script_user of global_defs when absent.'),
};

export type MiscConfig = { readonly [K in keyof typeof fields]: Infer<(typeof fields)[K]> };
