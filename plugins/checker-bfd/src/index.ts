/** @mainstay/checker-bfd: keepalived's BFD_CHECK. Registration, and the rules of its configuration. */
import {
  type ConfigEntry,
  type ConfigHandle,
  closest,
  defineChecker,
  definePlugin,
  type Infer,
  type Plugin,
  s,
} from '@mainstay/sdk';
import { Sessions } from './sessions.js';

const fields = { name: s.word('the name of a bfd_instance').doc('The bfd_instance that the server goes by.') };
type BfdCheck = { readonly [K in keyof typeof fields]: Infer<(typeof fields)[K]> };

/** Of bfd_instance. */
const sessionKeywords = {
  vrrp: s.flag().shared().doc('Only for tracking by virtual routers, unless checker is written too.'),
  checker: s.flag().shared().doc('Only for checking of servers, unless vrrp is written too.'),
  admin_down: s.flag().shared().doc('Keep the session administratively down; the peer is told so. Not a keyword of keepalived.'),
};
type SessionValue = { readonly [K in keyof typeof sessionKeywords]: Infer<(typeof sessionKeywords)[K]> };

/** A check of a session that nobody keeps would never tell of anything. */
function checkName({ value: { name }, report }: ConfigEntry<BfdCheck>, sessions: ConfigHandle<SessionValue>): void {
  const { entries } = sessions;
  const session = entries.find((entry) => entry.name === name);
  if (session === undefined) {
    const near = closest(
      name,
      entries.map((entry) => entry.name),
    );
    const hint = near === undefined ? `write: bfd_instance ${name} { neighbor_ip ADDR }` : `did you mean "${near}"?`;
    report('name').error('CONFIG_UNKNOWN_NAME', `there is no bfd_instance ${name}`, hint);
  } else if (session.value.vrrp && !session.value.checker) {
    const message = `bfd_instance ${name} is for virtual routers only: this check would never hear of it`;
    report('name').error('CONFIG_UNKNOWN_NAME', message, `write checker beside vrrp in bfd_instance ${name}`);
  } else if (session.value.admin_down) {
    const message = `bfd_instance ${name} has admin_down, so it does not come up: this check says nothing of the server meanwhile`;
    report('name').warning('BFD_CHECK_SHUT', message, `remove admin_down from bfd_instance ${name}, or the check`);
  }
}

export function checkerBfd(): Plugin {
  let sessions: ConfigHandle<SessionValue> | undefined;
  const known = new Sessions((session) => sessions?.entries.some(({ name }) => name === session) === true);
  const bfdCheck = defineChecker({
    keyword: 'BFD_CHECK',
    summary: 'Up while a BFD session is.',
    fields,
    target: 'none',
    watch: ({ config, report }) => known.follow(config.name, report),
  });
  const forget = () => known.keepOnly(new Set(sessions?.entries.map(({ name }) => name)));
  return definePlugin({
    name: 'checker-bfd',
    setup(app) {
      const handle = app.config.extend('bfd_instance', sessionKeywords, { isOptional: true });
      sessions = handle;
      const checks = app.checkers.define(bfdCheck);
      app.config.check(() => {
        for (const entry of checks.entries) checkName(entry, handle);
      });
      app.taps.observe('bfd.decided', (decided) => known.hear(decided), { remind: true });
    },
    reconfigure() {
      forget();
      return 'absorbed';
    },
  });
}

export default checkerBfd();
