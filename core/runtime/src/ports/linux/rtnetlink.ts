/** Numbers of rtnetlink (linux/rtnetlink.h, if_addr.h, if_link.h, netlink.h) that the tables beside this file use. */

export const messageType = {
  error: 2,
  done: 3,
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
} as const;

export const flag = {
  request: 0x1,
  ack: 0x4,
  /** On a dump: it changed while it was taken. */
  dumpInterrupted: 0x10,
  /** In notifications and requests that create. */
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  /** NLM_F_ROOT | NLM_F_MATCH */
  dump: 0x300,
  /** On acknowledgements. */
  capped: 0x100,
  ackAttributes: 0x200,
} as const;

export const group = { link: 1, ipv4Address: 5, ipv4Route: 7, ipv6Address: 9, ipv6Route: 11 } as const;

export const addressFamily = { unspecified: 0, inet: 2, inet6: 10 } as const;

/** The number registered for keepalived as a routing protocol (iproute2's rt_protos): marks routes and addresses as ours. */
export const ourProtocol = 18;

export const scopeNumbers = { global: 0, site: 200, link: 253, host: 254 } as const;
