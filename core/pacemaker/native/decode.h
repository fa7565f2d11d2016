/*
 * What recvmsg answered, read into a packet: header, source, control data. Pure, no sockets: it reads what strangers sent, and
 * the fuzzer runs it. Used by raw_ip.c and line.c.
 */
#ifndef PACEMAKER_DECODE_H
#define PACEMAKER_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum pm_transport { PM_IP, PM_UDP, PM_FRAMES };

/* Room for the control data that pm_decode reads: interface, destination, hop limit. */
#define PM_CONTROL_SIZE 128

struct pm_received {
  uint8_t source[16];
  uint8_t destination[16];
  /* 4 or 16; 0 for frames. */
  size_t address_length;
  uint16_t source_port;
  int hop_limit;
  unsigned interface_index;
  /* Points into the buffer that was received into. */
  const uint8_t *payload;
  size_t payload_length;
};

/* False: the packet cannot be used (cut off, without control data, or its header contradicts its length). */
bool pm_decode(enum pm_transport transport, int family, const struct msghdr *message, const uint8_t *data, size_t length,
               struct pm_received *out);

#endif
