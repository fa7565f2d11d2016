/** @mainstay/checker-smtp: keepalived's SMTP_CHECK. Registration only. */
import { defineChecker } from '@mainstay/sdk';
import { check, timeoutMs } from './check.js';
import { fields } from './config.js';

export default defineChecker({
  keyword: 'SMTP_CHECK',
  summary: 'Up when a mail server greets and accepts HELO.',
  needs: ['tcp'],
  fields,
  timeoutMs,
  check,
});
