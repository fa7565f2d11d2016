/*
 * Opens and binds sockets that receive and send packets on one interface: non-blocking, close on exec. No Node-API. Used by
 * raw_ip.c, packet.c and line_api.c.
 */
#ifndef PACEMAKER_OPEN_H
#define PACEMAKER_OPEN_H

#include <stddef.h>
#include <stdint.h>

struct pm_opened {
  int fd;
  /* Where it failed: 0 or an errno, and the call. */
  int error;
  const char *call;
};

struct pm_udp_place {
  int family;
  /* 0: every interface. */
  unsigned interface_index;
  /* 0 bytes: any. */
  uint8_t address[16];
  size_t address_length;
  uint16_t port;
  int hop_limit;
  int traffic_class;
};

struct pm_opened pm_open_raw_receiver(int family, int protocol, unsigned interface_index, int receive_buffer);
/* Sends whole packets, header included; receives nothing. */
struct pm_opened pm_open_raw_sender(int family, unsigned interface_index);
struct pm_opened pm_open_udp(const struct pm_udp_place *place);
/* `receive` false: only sends. Only frames with the bytes of `rules`, packed as match.h has them, are received. */
struct pm_opened pm_open_frames(unsigned interface_index, uint16_t ether_type, int receive, const uint8_t *rules,
                                size_t rules_length);

#endif
