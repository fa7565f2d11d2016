/** mainstay-checker-redis: the checker REDIS_CHECK. A package whose default export is a checker is a plugin of Mainstay. */
import { defineChecker } from '@mainstay/sdk';
import { checkRedis, routine } from './check.js';
import { fields } from './config.js';

export { decodeReply, encodeCommand, longestReply, NotRedis, type Reply } from './resp.js';

export default defineChecker({
  keyword: 'REDIS_CHECK',
  summary: 'Up where a Redis server answers PING, in the role that is wanted.',
  fields,
  needs: ['tcp'],
  check: checkRedis,
  routine,
});
