/** @mainstay/checker-ping: keepalived's PING_CHECK. The check and its registration. */
import { type CheckContext, defineChecker, definePlugin, failure, up, type Verdict } from '@mainstay/sdk';

async function checkPing({ target, signal, ports }: CheckContext<unknown>): Promise<Verdict> {
  const { port: _, localPort: __, ...host } = target;
  try {
    await ports.icmp.echo(host, { signal });
    return up('an echo reply came');
  } catch (error) {
    return failure(error);
  }
}

export const pingCheck = defineChecker({
  keyword: 'PING_CHECK',
  summary: 'Up where an ICMP echo request is answered.',
  fields: {},
  needs: ['icmp'],
  check: checkPing,
});

export default definePlugin({
  name: 'checker-ping',
  setup(app) {
    app.checkers.define(pingCheck);
  },
});
