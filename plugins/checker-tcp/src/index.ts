/** @mainstay/checker-tcp: keepalived's TCP_CHECK. The server is up when it accepts a connection; nothing is said on it. */
import { defineChecker, up } from '@mainstay/sdk';

export default defineChecker({
  keyword: 'TCP_CHECK',
  summary: 'Up when the server accepts a TCP connection.',
  needs: ['tcp'],
  fields: {},
  async check({ target, signal, ports }) {
    const connection = await ports.tcp.connect(target, { signal });
    connection.close();
    return up();
  },
  routine: () => ({}),
});
