/**
 * keepalived's keywords of `global_defs` that concern the daemon and what is not built yet: each is accepted with a remark where
 * leaving it out changes nothing, and refused where the operator relies on it. Loaded as a plugin that only declares.
 */
import { definePlugin, type Field, s } from '@mainstay/sdk';

/** Takes what stands there, and says why it has no effect. */
function noEffect(why: string): Field<undefined> {
  return s
    .custom<undefined>({
      syntax: '[VALUE]...',
      json: {},
      parse(args) {
        while (args.take() !== undefined);
        args.warn(`this has no effect: ${why}`, { code: 'CONFIG_NO_EFFECT' });
        return undefined;
      },
    })
    .optional();
}

/** Takes what stands there in silence: it is always so in Mainstay. */
function always(): Field<undefined> {
  const spec = {
    syntax: '[VALUE]...',
    json: {},
    parse(args: Parameters<typeof noArguments>[0]) {
      noArguments(args);
      return undefined;
    },
  };
  return s.custom<undefined>(spec).optional();
}

function noArguments(args: { take(): unknown }): void {
  while (args.take() !== undefined);
}

const anyLine = {
  syntax: 'ADDRESS',
  json: { type: 'string' },
  parse: (args: { take(): { text: string } | undefined }) => args.take()?.text,
};

const mail = 'mail is not built yet; use a notify script or a notify hook';
const scheduling = 'the realtime process runs at nice -10 by itself';

const each = <T>(names: readonly string[], field: () => Field<T>) => Object.fromEntries(names.map((name) => [name, field()]));

const accepted = {
  router_id: s.word('a name').optional().doc('Name of this host in mails.'),
  notification_email: s.lines(anyLine).doc('Recipients of mail. Mail is not built yet.'),
  ...each(['notification_email_from', 'smtp_server', 'smtp_helo_name', 'smtp_connect_timeout', 'no_email_faults'], () =>
    noEffect(mail),
  ),
  ...each(['no_checker_emails', 'rs_init_notifies', 'checker_log_all_failures'], () => noEffect('checkers are not built yet')),
  ...each(['process_names', 'process_name', 'vrrp_process_name', 'checker_process_name', 'bfd_process_name'], () =>
    noEffect('processes are named after their lanes, such as "mainstay: realtime"'),
  ),
  ...each(['vrrp_priority', 'checker_priority', 'bfd_priority', 'max_auto_priority', 'min_auto_priority_delay'], () =>
    noEffect(scheduling),
  ),
  ...each(['vrrp_rt_priority', 'checker_rt_priority', 'bfd_rt_priority', 'vrrp_rlimit_rttime'], () => noEffect(scheduling)),
  ...each(['vrrp_no_swap', 'checker_no_swap', 'bfd_no_swap', 'vrrp_cpu_affinity'], () => noEffect('set it in the unit file')),
  ...each(['vrrp_netlink_cmd_rcv_bufs', 'vrrp_netlink_monitor_rcv_bufs', 'vrrp_netlink_cmd_rcv_bufs_force'], () =>
    noEffect('an overrun is noticed and repaired whatever the size'),
  ),
  ...each(['vrrp_netlink_monitor_rcv_bufs_force'], () => noEffect('an overrun is noticed and repaired whatever the size')),
  ...each(['use_symlink_paths', 'data_use_instance', 'tmp_config_directory'], () => noEffect('Mainstay has no use for it')),
  ...each(['state_dump_file', 'stats_dump_file', 'json_dump_file', 'json_version'], () =>
    noEffect('dumps go to the run directory; `mainstay status --json` prints the state'),
  ),
  ...each(['iproute_usr_dir', 'iproute_etc_dir', 'umask'], () => noEffect('use the option -u for the mask of files')),
  ...each(['reload_check_config'], always),
  ...each(['snmp_socket', 'dbus_service_name', 'dbus_no_interface_name'], () => noEffect('SNMP and D-Bus are not built yet')),
};

const refused = {
  ...each(['startup_script', 'shutdown_script', 'startup_script_timeout', 'shutdown_script_timeout'], () =>
    s.notBuilt('startup_script and shutdown_script (use ExecStartPre= and ExecStopPost= of the unit file)'),
  ),
  ...each(['reload_time_file', 'reload_repeat', 'reload_file'], () => s.notBuilt('reloading at a time or with a marker file')),
  config_save_dir: s.notBuilt('config_save_dir (a copy of each configuration)'),
  ...each(['enable_traps', 'enable_snmp_vrrp', 'enable_snmp_keepalived', 'enable_snmp_checker', 'enable_snmp_rfc'], () =>
    s.notBuilt('SNMP'),
  ),
  ...each(['enable_snmp_rfcv2', 'enable_snmp_rfcv3'], () => s.notBuilt('SNMP')),
  enable_dbus: s.notBuilt('D-Bus'),
  ...each(['lvs_timeouts', 'lvs_flush', 'lvs_flush_on_stop', 'lvs_flush_onstop', 'lvs_sync_daemon'], () =>
    s.notBuilt('load balancing (IPVS)'),
  ),
};

export default definePlugin({
  name: 'keepalived-globals',
  setup(app) {
    app.config.extend('global_defs', { ...accepted, ...refused });
  },
});
