/*
 * Opens sockets that go out to one peer, prepared as Node's own cannot be: firewall mark, interface, source address without a port
 * taken from every other. No Node-API. Used by datagram.c and routine.c.
 */
#ifndef PACEMAKER_OUTGOING_H
#define PACEMAKER_OUTGOING_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "open.h"

struct pm_place {
  uint8_t address[16];
  /* 4 or 16; 0: any. */
  size_t length;
  uint16_t port;
};

struct pm_outgoing {
  int family;
  /* Empty: none. */
  char link[IFNAMSIZ];
  uint32_t mark;
  struct pm_place local;
};

union pm_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* A place as the kernel takes it, seen from there: the link is the zone of link-local addresses (RFC 4007). Answers its length. */
socklen_t pm_address_from(const struct pm_outgoing *from, const struct pm_place *place, union pm_address *out);
/* A TCP socket that is not connected yet. */
struct pm_opened pm_open_stream(const struct pm_outgoing *from);
/* A datagram socket (UDP, or ICMP echo of the family) that hears its peer only, and errors about what it sent. */
struct pm_opened pm_open_datagram(const struct pm_outgoing *from, int protocol, const struct pm_place *to);

#endif
