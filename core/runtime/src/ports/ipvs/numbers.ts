/** Numbers of generic netlink (linux/genetlink.h) and of IPVS in it (linux/ip_vs.h). Used by the formats and the port beside this file. */

export const netlinkGeneric = 16;

export const controller = { id: 16, version: 2, getFamily: 3, familyId: 1, familyName: 2 } as const;

export const family = { name: 'IPVS', version: 1 } as const;

export const command = {
  newService: 1,
  setService: 2,
  delService: 3,
  getService: 4,
  newDestination: 5,
  setDestination: 6,
  delDestination: 7,
  getDestination: 8,
  newDaemon: 9,
  delDaemon: 10,
  getDaemon: 11,
  setConfig: 12,
  getConfig: 13,
  zero: 16,
  flush: 17,
} as const;

export const top = { service: 1, destination: 2, daemon: 3, timeoutTcp: 4, timeoutTcpFin: 5, timeoutUdp: 6 } as const;

export const serviceAttribute = {
  family: 1,
  protocol: 2,
  address: 3,
  port: 4,
  fwmark: 5,
  scheduler: 6,
  flags: 7,
  timeout: 8,
  netmask: 9,
  statistics: 10,
  engine: 11,
  statistics64: 12,
} as const;

export const serviceFlag = { persistent: 1, onePacket: 4, scheduler1: 8, scheduler2: 16, scheduler3: 32 } as const;

export const destinationAttribute = {
  address: 1,
  port: 2,
  method: 3,
  weight: 4,
  upperThreshold: 5,
  lowerThreshold: 6,
  active: 7,
  inactive: 8,
  persistent: 9,
  statistics: 10,
  family: 11,
  statistics64: 12,
  tunnelType: 13,
  tunnelPort: 14,
  tunnelFlags: 15,
} as const;

export const daemonAttribute = {
  role: 1,
  link: 2,
  syncId: 3,
  maxLength: 4,
  group: 5,
  group6: 6,
  port: 7,
  ttl: 8,
} as const;

export const statisticsAttribute = {
  connections: 1,
  inPackets: 2,
  outPackets: 3,
  inBytes: 4,
  outBytes: 5,
  connectionRate: 6,
  inPacketRate: 7,
  outPacketRate: 8,
  inByteRate: 9,
  outByteRate: 10,
} as const;

/** In this order the kernel counts them from 0: IP_VS_CONN_F_*, IP_VS_CONN_F_TUNNEL_TYPE_*, IP_VS_TUNNEL_ENCAP_FLAG_*. */
export const methods = ['nat', 'local', 'tun', 'dr', 'bypass'] as const;
export const methodMask = 7;
export const tunnelTypes = ['ipip', 'gue', 'gre'] as const;
export const checksums = ['none', 'csum', 'remcsum'] as const;

export const protocolNumber = { tcp: 6, udp: 17, sctp: 132 } as const;
export const daemonRole = { master: 1, backup: 2 } as const;
