/**
 * Every option of the command line, as data: keepalived's by its names, and our own. An option that keepalived has and
 * Mainstay does not do yet is refused with its text, never ignored. Read by options.ts and help.ts.
 */
import type { OptionSpec } from './getopt.js';

export interface OptionEntry extends OptionSpec {
  readonly help: string;
  readonly placeholder?: string;
  /** Why it is refused. */
  readonly notBuilt?: string;
}

const flag = (short: string | undefined, long: string, help: string): OptionEntry => ({
  ...(short !== undefined && { short }),
  long,
  value: 'none',
  help,
});
const valued = (short: string | undefined, long: string, placeholder: string, help: string): OptionEntry => ({
  ...flag(short, long, help),
  value: 'required',
  placeholder,
});
const maybe = (short: string | undefined, long: string, placeholder: string, help: string): OptionEntry => ({
  ...flag(short, long, help),
  value: 'optional',
  placeholder,
});
const notBuilt = (entry: OptionEntry, why: string): OptionEntry => ({ ...entry, notBuilt: why });

/** Options of the daemon. */
export const daemonOptions: readonly OptionEntry[] = [
  valued('f', 'use-file', 'FILE', 'read this configuration file'),
  flag('P', 'vrrp', 'run only VRRP'),
  flag('C', 'check', 'run only load balancing and its checkers'),
  flag('B', 'no_bfd', 'do not run BFD'),
  flag('n', 'dont-fork', 'stay in the foreground'),
  flag('l', 'log-console', 'log to the console'),
  flag('D', 'log-detail', 'log in detail'),
  valued('S', 'log-facility', 'FACILITY', 'syslog facility: 0-7, local0-local7, user or daemon'),
  maybe('g', 'log-file', 'FILE', 'log to a file too (default /var/log/mainstay.log)'),
  flag(undefined, 'flush-log-file', 'accepted: every line is written at once'),
  flag('G', 'no-syslog', 'do not log to syslog'),
  valued(undefined, 'log-format', 'FORMAT', 'form of console and file lines: text or json'),
  flag('d', 'dump-conf', 'log the configuration as read'),
  flag('R', 'dont-respawn', 'end when a lane dies instead of starting it again'),
  flag('V', 'dont-release-vrrp', 'leave addresses in place at exit'),
  notBuilt(flag('X', 'release-vips', ''), 'addresses left over by an earlier run are always adopted or removed; leave -X out'),
  flag('I', 'dont-release-ipvs', 'leave balanced services in place at exit'),
  valued('p', 'pid', 'FILE', 'PID file of the daemon'),
  valued('r', 'vrrp_pid', 'FILE', 'PID file of the VRRP process'),
  valued('c', 'checkers_pid', 'FILE', 'PID file of the checkers process'),
  valued('b', 'bfd_pid', 'FILE', 'PID file of the BFD process'),
  valued('i', 'config-id', 'ID', 'id for @ conditions of the configuration (default: the host name)'),
  maybe('t', 'config-test', 'LOG', 'check the configuration, print what is wrong (or write it to LOG), and exit'),
  flag(undefined, 'all', 'accepted: a part whose configuration appears at a reload starts then'),
  flag(undefined, 'ignore-sigint', 'do not stop on SIGINT'),
  valued('u', 'umask', 'MASK', 'file mode mask, octal'),
  valued(undefined, 'signum', 'NAME', 'print the number of a signal: STOP, RELOAD or DATA'),
  valued(undefined, 'run-dir', 'DIR', 'run directory: PID files, control socket, dumps (default /run/mainstay)'),
  valued(undefined, 'instance', 'NAME', 'name of this daemon among several on a host'),
  flag(undefined, 'strict', 'refuse unknown keywords instead of passing them over'),
  notBuilt(valued('s', 'namespace', 'NAME', ''), 'start the daemon with `ip netns exec NAME mainstay ...` instead'),
  notBuilt(flag('x', 'snmp', ''), 'SNMP is not built yet'),
  notBuilt(valued('A', 'snmp-agent-socket', 'SOCKET', ''), 'SNMP is not built yet'),
  notBuilt(flag('m', 'core-dump', ''), 'core dumps are not built yet; use LimitCORE= of the unit or ulimit -c'),
  notBuilt(maybe('M', 'core-dump-pattern', 'PATTERN', ''), 'core dumps are not built yet'),
  notBuilt(flag('e', 'all-config', ''), 'include checks for every file are not built yet; use include_check in global_defs'),
  notBuilt(flag('a', 'address-monitoring', ''), 'logging of address changes is not built yet; use `ip monitor address`'),
  notBuilt(flag('T', 'genhash', ''), 'genhash is not built yet'),
  notBuilt(maybe(undefined, 'perf', 'WHEN', ''), 'perf recording is not built yet; use perf record -p'),
  notBuilt(maybe(undefined, 'debug', 'OPTIONS', ''), 'debug options are not built yet; -D logs in detail'),
  flag('v', 'version', 'print the version and exit'),
  flag('h', 'help', 'print this and exit'),
];

/** Options of the commands that ask a running daemon, and of `check`. */
export const clientOptions: readonly OptionEntry[] = [
  flag(undefined, 'json', 'print JSON'),
  flag(undefined, 'taps', 'hooks: show the taps of the running daemon in their order'),
  valued(undefined, 'run-dir', 'DIR', 'run directory of the daemon (default /run/mainstay)'),
  valued(undefined, 'instance', 'NAME', 'instance name of the daemon'),
  valued('f', 'use-file', 'FILE', 'configuration file'),
  valued('i', 'config-id', 'ID', 'id for @ conditions of the configuration'),
  flag('h', 'help', 'print help and exit'),
];
