/* Packets to send and deeds to do, in one block of memory each. Used by pacer.h. */
#ifndef PACEMAKER_PACKETS_H
#define PACEMAKER_PACKETS_H

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct pm_outgoing {
  union {
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
    struct sockaddr_ll frame;
  } to;
  socklen_t to_length;
  struct iovec bytes;
};

/* One block of memory with the bytes behind it. */
struct pm_outgoing_list {
  size_t count;
  struct pm_outgoing items[];
};

struct pm_deed_frame {
  unsigned interface_index;
  uint16_t ether_type;
  const uint8_t *bytes;
  size_t length;
};

/* What the hands do at silence, in one block of memory: requests to rtnetlink, then frames. Nobody is told what came of it. */
struct pm_deeds {
  const uint8_t *requests;
  size_t requests_length;
  size_t frame_count;
  struct pm_deed_frame frames[];
};

#endif
