/** @mainstay/checker-udp: keepalived's UDP_CHECK. Registration only. */
import { defineChecker, definePlugin } from '@mainstay/sdk';
import { checkUdp, timeoutMs } from './check.js';
import { fields } from './config.js';

export { silenceMarginMs } from './check.js';
export { bytesOf, firstMismatch, normalHex } from './hex.js';

export const udpCheck = defineChecker({
  keyword: 'UDP_CHECK',
  summary: 'Up where a datagram meets no ICMP error, or gets the reply that is required.',
  fields,
  needs: ['udp'],
  timeoutMs,
  check: checkUdp,
});

export default definePlugin({
  name: 'checker-udp',
  setup(app) {
    app.checkers.define(udpCheck);
  },
});
