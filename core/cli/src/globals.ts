/**
 * keepalived's keywords of `global_defs` that concern the daemon and what is not built yet: each is accepted with a remark where
 * leaving it out changes nothing, and refused where the operator relies on it. Loaded as a plugin that only declares.
 */
import { definePlugin, type Field, s } from '@mainstay/sdk';

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

/** Mail is told of, not refused: it changes no failover. */
function mailAlert(): Field<boolean> {
  return s.custom<boolean>({
    syntax: '[on|off|true|false|yes|no]',
    json: { type: 'boolean' },
    parse(args) {
      const word = args.take();
      const isOff = ['off', 'false', 'no'].includes(word?.text ?? '');
      const isOn = word === undefined || ['on', 'true', 'yes'].includes(word.text);
      if (!isOn && !isOff) args.fail('this is not a boolean', { ...(word && { at: word.at }), hint: 'write on or off' });
      if (isOn)
        args.warn('mail is not built yet: no mail will be sent', { ...(word && { at: word.at }), code: 'CONFIG_NO_EFFECT' });
      return isOn;
    },
  });
}

const anyLine = {
  syntax: 'ADDRESS',
  json: { type: 'string' },
  parse: (args: { take(): { text: string } | undefined }) => args.take()?.text,
};

const mail = 'mail is not built yet; use a notify script or a notify hook';
const overrun = 'an overrun is noticed and repaired whatever the size';
const scheduling = 'the realtime process runs at nice -10 by itself';

const management = 'SNMP and D-Bus are not built yet; `mainstay status --json` prints the state';

const each = <T>(names: readonly string[], field: () => Field<T>) => Object.fromEntries(names.map((name) => [name, field()]));

const accepted = {
  router_id: s.word('a name').optional().doc('Name of this host in mails.'),
  notification_email: s.lines(anyLine).doc('Recipients of mail. Mail is not built yet.'),
  ...each(['notification_email_from', 'smtp_server', 'smtp_helo_name', 'smtp_connect_timeout', 'no_email_faults'], () =>
    s.noEffect(mail),
  ),
  no_checker_emails: s.noEffect('mail is not built yet'),
  ...each(['smtp_alert', 'smtp_alert_vrrp', 'smtp_alert_checker'], () => mailAlert().default(false)),
  ...each(['process_names', 'process_name', 'vrrp_process_name', 'checker_process_name', 'bfd_process_name'], () =>
    s.noEffect('processes are named after their lanes, such as "mainstay: realtime"'),
  ),
  ...each(['vrrp_priority', 'checker_priority', 'bfd_priority', 'max_auto_priority', 'min_auto_priority_delay'], () =>
    s.noEffect(scheduling),
  ),
  lvs_process_name: s.noEffect('processes are named after their lanes, such as "mainstay: realtime"'),
  ...each(['vrrp_rt_priority', 'checker_rt_priority', 'bfd_rt_priority'], () => s.noEffect(scheduling)),
  ...each(['vrrp_rlimit_rttime', 'checker_rlimit_rttime', 'bfd_rlimit_rttime'], () => s.noEffect(scheduling)),
  ...each(['vrrp_rlimit_rtime', 'checker_rlimit_rtime', 'bfd_rlimit_rtime'], () => s.noEffect(scheduling)),
  ...each(['vrrp_no_swap', 'checker_no_swap', 'bfd_no_swap'], () => s.noEffect('set it in the unit file')),
  ...each(['vrrp_cpu_affinity', 'checker_cpu_affinity', 'bfd_cpu_affinity'], () => s.noEffect('set it in the unit file')),
  ...each(['vrrp_netlink_cmd_rcv_bufs', 'vrrp_netlink_monitor_rcv_bufs', 'process_monitor_rcv_bufs'], () => s.noEffect(overrun)),
  ...each(['vrrp_netlink_cmd_rcv_bufs_force', 'vrrp_netlink_monitor_rcv_bufs_force'], () => s.noEffect(overrun)),
  ...each(['lvs_netlink_cmd_rcv_bufs', 'lvs_netlink_monitor_rcv_bufs'], () => s.noEffect(overrun)),
  ...each(['lvs_netlink_cmd_rcv_bufs_force', 'lvs_netlink_monitor_rcv_bufs_force'], () => s.noEffect(overrun)),
  process_monitor_rcv_bufs_force: s.noEffect(overrun),
  ...each(['use_symlink_paths', 'data_use_instance', 'tmp_config_directory'], () => s.noEffect('Mainstay has no use for it')),
  ...each(['state_dump_file', 'stats_dump_file', 'json_dump_file', 'json_version'], () =>
    s.noEffect('dumps go to the run directory; `mainstay status --json` prints the state'),
  ),
  ...each(['iproute_usr_dir', 'iproute_etc_dir', 'umask'], () => s.noEffect('use the option -u for the mask of files')),
  ...each(['reload_check_config'], always),
  ...each(['snmp_socket', 'dbus_service_name', 'dbus_no_interface_name', 'enable_dbus'], () => s.noEffect(management)),
  ...each(['snmp_vs_stats_update_interval', 'snmp_rs_stats_update_interval'], () => s.noEffect(management)),
  ...each(['enable_traps', 'enable_snmp_vrrp', 'enable_snmp_keepalived', 'enable_snmp_checker'], () => s.noEffect(management)),
  ...each(['enable_snmp_rfc', 'enable_snmp_rfcv2', 'enable_snmp_rfcv3'], () => s.noEffect(management)),
  fifo_write_vrrp_states_on_reload: s.noEffect('events through a named pipe are not built yet'),
  config_save_dir: s.noEffect('no copies of the configuration are kept'),
  reload_file: s.noEffect('`mainstay reload` ends when the reload has ended'),
};

const refused = {
  ...each(['startup_script', 'shutdown_script', 'startup_script_timeout', 'shutdown_script_timeout'], () =>
    s.notBuilt('startup_script and shutdown_script (use ExecStartPre= and ExecStopPost= of the unit file)'),
  ),
  ...each(['reload_time_file', 'reload_repeat'], () => s.notBuilt('reloading at a time of day')),
  set_supplementary_groups: s.notBuilt("set_supplementary_groups (scripts in all of their user's groups)"),
  ...each(['nftables_priority', 'nftables_ifindex', 'nftables_counters'], () => s.notBuilt('nftables (firewall rules)')),
};

export default definePlugin({
  name: 'keepalived-globals',
  setup(app) {
    app.config.extend('global_defs', { ...accepted, ...refused });
  },
});
