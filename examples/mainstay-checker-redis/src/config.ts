/** Keywords of REDIS_CHECK. Schema only. */
import { type Infer, s } from '@mainstay/sdk';

export const fields = {
  password: s.word('a password').secret().optional().doc('What AUTH is sent with, where the server wants a password.'),
  user: s.word('a user').optional().doc('Whom AUTH names; Redis takes its user "default" when absent.'),
  role: s.oneOf('master', 'replica').optional().doc('The server must have this role in its replication.'),
};

export type RedisConfig = { readonly [K in keyof typeof fields]: Infer<(typeof fields)[K]> };
