/** @mainstay/checker-dns: keepalived's DNS_CHECK. Registration only. */
import { defineChecker, definePlugin } from '@mainstay/sdk';
import { checkDns } from './check.js';
import { fields } from './config.js';

export { mostStrays } from './check.js';
export { encodeQuery, mostFollowed, type Reply, readReply } from './message.js';
export { objectionTo, type Question, type Type, types } from './question.js';

export const dnsCheck = defineChecker({
  keyword: 'DNS_CHECK',
  summary: 'Up where a DNS server answers a question without an error.',
  fields,
  needs: ['udp'],
  defaults: { retry: 3, delayBeforeRetryMs: 'delay_loop' },
  check: checkDns,
});

export default definePlugin({
  name: 'checker-dns',
  setup(app) {
    app.checkers.define(dnsCheck);
  },
});
