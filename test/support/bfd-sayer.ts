/** Stands in for the bfd plugin, and says of its sessions what a test wants it to. For the tests of those who follow sessions. */
import { definePlugin, type HookCalls, s } from '@mainstay/sdk';

export const peer = '192.0.2.2';

export function sayer() {
  let hooks: HookCalls | undefined;
  const block = s.block({
    neighbor_ip: s.word(),
    weight: s
      .custom({
        syntax: 'N [reverse]',
        json: {},
        parse: (args) => ({ value: Number(args.take()?.text), isReversed: args.take() !== undefined }),
      })
      .optional()
      .shared(),
    vrrp: s.flag().shared(),
    checker: s.flag().shared(),
  });
  const plugin = definePlugin({
    name: 'bfd',
    setup: (app) => void app.config.named('bfd_instance', block),
    start(run) {
      hooks = run.hooks;
    },
    reconfigure: () => 'absorbed',
  });
  const say = (isUp: boolean, isSilent = !isUp, session = 'B1', hasBeenUp = true) => {
    const why = isUp ? 'the peer hears this side' : 'nothing was heard for 30 ms';
    hooks?.observe('bfd.decided', session, { session, peer, isUp, hasBeenUp, isSilent, why, at: 0 });
  };
  return { plugin, say };
}
