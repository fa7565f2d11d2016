/** @mainstay/checker-udp: keepalived's UDP_CHECK. Registration only. */
import { type ConfigEntry, defineChecker, definePlugin } from '@mainstay/sdk';
import { checkUdp, timeoutMs } from './check.js';
import { fields, type UdpConfig } from './config.js';

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

function checkLengths({ value, report }: ConfigEntry<UdpConfig>): void {
  const { require_reply: reply, min_reply_length: min, max_reply_length: max } = value;
  if (min > max) {
    const message = `no reply has ${min} octets at least and ${max} at most: the server would never be up`;
    report('min_reply_length').error('CONFIG_BAD_VALUE', message, 'raise max_reply_length, or lower min_reply_length');
  } else if ((reply === undefined || reply === '') && (min !== 0 || max !== 255)) {
    const message = 'the length of a reply is looked at only where require_reply has octets';
    report(min !== 0 ? 'min_reply_length' : 'max_reply_length').warning('CONFIG_NO_EFFECT', message);
  }
}

export default definePlugin({
  name: 'checker-udp',
  setup(app) {
    const blocks = app.checkers.define(udpCheck);
    app.config.check(() => {
      for (const entry of blocks.entries) checkLengths(entry);
    });
  },
});
