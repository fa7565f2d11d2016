/*
 * Records from the thread to JavaScript in a bounded ring of bytes: one writer, one reader, no lock. What does not fit is
 * refused, so that a flood cannot grow memory. Written by line.c, watch.c and beacon.c, read by mailbox.c.
 */
#ifndef PACEMAKER_RING_H
#define PACEMAKER_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pm_record_kind { PM_RECORD_SKIP, PM_RECORD_PACKET, PM_RECORD_TURN, PM_RECORD_TROUBLE };

/* The head of a record; `length` bytes of payload follow. */
struct pm_record {
  /* Of head and payload, a multiple of 8. */
  uint32_t size;
  uint32_t length;
  uint8_t kind;
  uint8_t address_length;
  uint16_t source_port;
  /* Id of the watch, beacon or line. */
  uint32_t object;
  uint32_t interface_index;
  /* Of a packet its hop limit, of a trouble its errno. */
  int32_t number;
  int64_t at;
  /* Trouble: how often since it was last told, and whether receiving failed. */
  uint64_t count;
  bool is_receiving;
  uint8_t source[16];
  uint8_t destination[16];
};

struct pm_ring {
  uint8_t *bytes;
  /* A power of two. */
  size_t size;
  _Atomic uint64_t written;
  _Atomic uint64_t taken;
};

/* False: no memory. */
bool pm_ring_make(struct pm_ring *ring, size_t size);
void pm_ring_free(struct pm_ring *ring);
/* Copies head and payload; fills in `size` and `length`. False: full. */
bool pm_ring_write(struct pm_ring *ring, struct pm_record *head, const uint8_t *payload, size_t length);
/* How far the writer has come. */
uint64_t pm_ring_written(struct pm_ring *ring);
/* The next record before `limit`, in place until the next call; NULL: none. Its payload follows the head. */
const struct pm_record *pm_ring_peek(struct pm_ring *ring, uint64_t limit);
/* Gives the place of the peeked record back. */
void pm_ring_drop(struct pm_ring *ring, const struct pm_record *record);

#endif
