/** The sync daemons and the timeouts as the kernel's attributes, both ways. Pure. */
import { familyOf, formatAddress, type IpvsSyncDaemon, type IpvsTimeouts, longestIpvsTimeout } from '@mainstay/sdk';
import { type Attributes, needed } from './attributes.js';
import type { MessageWriter } from './message-writer.js';
import { daemonAttribute as attribute, daemonRole, top } from './numbers.js';
import { addressOf, shortName, UnsoundError, wholeNumber } from './sound.js';

type Role = IpvsSyncDaemon['role'];

export function writeDaemon(out: MessageWriter, daemon: IpvsSyncDaemon): void {
  const { group, maxLength, port, ttl } = daemon;
  const opened = out.open(top.daemon);
  writeRole(out, daemon.role);
  out.text(attribute.link, shortName('the link of the sync daemon', daemon.link));
  out.u32(attribute.syncId, wholeNumber('the id of the sync daemon', daemon.syncId, 0, 255));
  if (maxLength !== undefined) out.u16(attribute.maxLength, wholeNumber('the length of sync messages', maxLength, 1, 65535 - 48));
  if (group !== undefined) {
    const family = familyOf(group);
    out.bytes(family === 4 ? attribute.group : attribute.group6, addressOf('the group of the sync daemon', family, group));
  }
  if (port !== undefined) out.u16(attribute.port, wholeNumber('the port of the sync daemon', port, 1, 65535));
  if (ttl !== undefined) out.u8(attribute.ttl, wholeNumber('the TTL of the sync daemon', ttl, 1, 255));
  out.close(opened);
}

export function writeDaemonRole(out: MessageWriter, role: Role): void {
  const opened = out.open(top.daemon);
  writeRole(out, role);
  out.close(opened);
}

function writeRole(out: MessageWriter, role: Role): void {
  const number: number | undefined = daemonRole[role];
  if (number === undefined) throw new UnsoundError(`the role of the sync daemon is "${role}", not master or backup`);
  out.u32(attribute.role, number);
}

/** `undefined`: in a role that this port does not know. */
export function readDaemon(nest: Attributes): IpvsSyncDaemon | undefined {
  const number = needed('the role of a sync daemon', nest.u32(attribute.role));
  if (number !== daemonRole.master && number !== daemonRole.backup) return undefined;
  const group = nest.bytes(attribute.group, 4)?.subarray(0, 4) ?? nest.bytes(attribute.group6, 16)?.subarray(0, 16);
  const { maxLength, port, ttl } = {
    maxLength: nest.u16(attribute.maxLength),
    port: nest.u16(attribute.port),
    ttl: nest.u8(attribute.ttl),
  };
  return {
    role: number === daemonRole.master ? 'master' : 'backup',
    link: needed('the link of a sync daemon', nest.text(attribute.link)),
    syncId: needed('the id of a sync daemon', nest.u32(attribute.syncId)),
    ...(maxLength !== undefined && { maxLength }),
    ...(group !== undefined && { group: formatAddress(group) }),
    ...(port !== undefined && { port }),
    ...(ttl !== undefined && { ttl }),
  };
}

const timeouts = [
  ['tcp', top.timeoutTcp],
  ['tcpFin', top.timeoutTcpFin],
  ['udp', top.timeoutUdp],
] as const;

export function writeTimeouts(out: MessageWriter, wanted: Partial<IpvsTimeouts>): void {
  for (const [name, type] of timeouts) {
    const seconds = wanted[name];
    if (seconds !== undefined) out.u32(type, wholeNumber(`the timeout ${name}`, seconds, 0, longestIpvsTimeout));
  }
}

export function readTimeouts(message: Attributes): IpvsTimeouts {
  const of = (type: number) => message.u32(type) ?? 0;
  return { tcp: of(top.timeoutTcp), tcpFin: of(top.timeoutTcpFin), udp: of(top.timeoutUdp) };
}
