/** keepalived's notify keywords: what virtual routers, virtual servers, real servers and global_defs say about scripts. Schema only. */
import { globalScriptKeywords, type Infer, type Script, s, scriptValue } from '@mainstay/sdk';

export type { Script } from '@mainstay/sdk';

const script = () => s.custom(scriptValue).optional();

const optionalScript = () =>
  s
    .custom<{ readonly script?: Script }>({
      ...scriptValue,
      syntax: `[${scriptValue.syntax}]`,
      json: { type: ['string', 'boolean'] },
      parse: (args) => (args.peek() === undefined ? {} : { script: scriptValue.parse(args) }),
    })
    .optional();

/** Mail is told of, not refused: it changes no failover. */
const mailAlert = () =>
  s.custom<boolean>({
    syntax: '[on|off|true|false|yes|no]',
    json: { type: 'boolean' },
    parse(args) {
      const word = args.take();
      if (['off', 'false', 'no'].includes(word?.text ?? '')) return false;
      if (word !== undefined && !['on', 'true', 'yes'].includes(word.text))
        return args.fail(`"${word.text}" is not a boolean`, { at: word.at, hint: 'write on or off' });
      args.warn('mail is not built yet: no mail will be sent', {
        ...(word && { at: word.at }),
        code: 'CONFIG_NO_EFFECT',
        hint: 'a notify script or a notify hook can send it',
      });
      return true;
    },
  });

const timeout = () => s.seconds(1, 86_400);

export const instanceKeywords = {
  notify_master: script().doc('Run when the instance becomes master. No arguments are added.'),
  notify_backup: script().doc('Run when the instance becomes backup. No arguments are added.'),
  notify_fault: script().doc('Run when the instance goes to fault. No arguments are added.'),
  notify_stop: script().doc('Run when the daemon stops. No arguments are added.'),
  notify_deleted: optionalScript().doc(
    'Report DELETED, not FAULT, when a reload removes the instance; with a script, run it as well.',
  ),
  notify_master_rx_lower_pri: script().doc(
    'Run when the master hears an advertisement of lower priority. No arguments are added.',
  ),
  notify: script().doc('Run after each change of state, with INSTANCE, the name, the state and the priority added.'),
  notify_priority_changes: s.bool().optional().doc('Tell notify FIFOs of priority changes; scripts are never told of them.'),
  notify_timeout: timeout().optional().doc('How long a notify script of this instance may run.'),
  smtp_alert: mailAlert().default(false).doc('Mail at changes of state. Mail is not built yet: nothing is sent.'),
};

export const virtualServerKeywords = {
  quorum_up: script().doc('Run when the virtual server gains its quorum. No arguments are added.'),
  quorum_down: script().doc('Run when the virtual server loses its quorum. No arguments are added.'),
};

export const realServerKeywords = {
  notify_up: script().doc('Run when the real server comes up. No arguments are added.'),
  notify_down: script().doc('Run when the real server goes down. No arguments are added.'),
};

export const globalKeywords = {
  ...globalScriptKeywords,
  notify_timeout: timeout().default(300_000).doc('How long a notify script may run before it is ended.'),
  vrrp_notify_priority_changes: s.bool().optional().doc('As notify_priority_changes, for every instance.'),
  notify_fifo: s.notBuilt('notify_fifo (events through a named pipe)'),
  notify_fifo_script: s.notBuilt('notify_fifo_script (events through a named pipe)'),
  vrrp_notify_fifo: s.notBuilt('vrrp_notify_fifo (events through a named pipe)'),
  vrrp_notify_fifo_script: s.notBuilt('vrrp_notify_fifo_script (events through a named pipe)'),
  lvs_notify_fifo: s.notBuilt('lvs_notify_fifo (events through a named pipe)'),
  lvs_notify_fifo_script: s.notBuilt('lvs_notify_fifo_script (events through a named pipe)'),
};

export type InstanceConfig = { readonly [K in keyof typeof instanceKeywords]: Infer<(typeof instanceKeywords)[K]> };
export type GlobalConfig = { readonly [K in keyof typeof globalKeywords]: Infer<(typeof globalKeywords)[K]> };

export type VirtualServerConfig = {
  readonly [K in keyof typeof virtualServerKeywords]: Infer<(typeof virtualServerKeywords)[K]>;
};
export type RealServerConfig = { readonly [K in keyof typeof realServerKeywords]: Infer<(typeof realServerKeywords)[K]> };

/** The keywords of a vrrp_instance that hold a script, in the order in which they are reviewed. */
export const scriptKeywords = [
  'notify_master',
  'notify_backup',
  'notify_fault',
  'notify_stop',
  'notify_deleted',
  'notify_master_rx_lower_pri',
  'notify',
] as const;
export type InstanceScript = (typeof scriptKeywords)[number];
export type ScriptKeyword = InstanceScript | keyof VirtualServerConfig | keyof RealServerConfig;

export function scriptOf(config: InstanceConfig, keyword: InstanceScript): Script | undefined {
  return keyword === 'notify_deleted' ? config.notify_deleted?.script : config[keyword];
}
