/* The ring of records. A record never wraps: what is left at the end is skipped. Used as ring.h says. */
#include "ring.h"

#include <string.h>

#include "memory.h"

bool pm_ring_make(struct pm_ring *ring, size_t size) {
  ring->bytes = pm_alloc(size);
  ring->size = size;
  atomic_init(&ring->written, 0);
  atomic_init(&ring->taken, 0);
  return ring->bytes != NULL;
}

void pm_ring_free(struct pm_ring *ring) {
  pm_free(ring->bytes);
  ring->bytes = NULL;
}

bool pm_ring_write(struct pm_ring *ring, struct pm_record *head, const uint8_t *payload, size_t length) {
  uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
  uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
  size_t position = (size_t)written & (ring->size - 1), end = ring->size - position;
  size_t size, skipped;
  if (length > ring->size - sizeof *head - 7) return false;
  size = (sizeof *head + length + 7) & ~(size_t)7;
  skipped = size > end ? end : 0;
  if (written - taken + skipped + size > ring->size) return false;
  if (skipped > 0) {
    /* Too short for a head: the reader skips it unasked. */
    if (skipped >= sizeof *head) {
      struct pm_record skip = {.size = (uint32_t)skipped, .kind = PM_RECORD_SKIP};
      memcpy(ring->bytes + position, &skip, sizeof skip);
    }
    position = 0;
  }
  head->size = (uint32_t)size;
  head->length = (uint32_t)length;
  memcpy(ring->bytes + position, head, sizeof *head);
  if (length > 0) memcpy(ring->bytes + position + sizeof *head, payload, length);
  atomic_store_explicit(&ring->written, written + skipped + size, memory_order_release);
  return true;
}

uint64_t pm_ring_written(struct pm_ring *ring) { return atomic_load_explicit(&ring->written, memory_order_acquire); }

const struct pm_record *pm_ring_peek(struct pm_ring *ring, uint64_t limit) {
  uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
  while (taken != limit) {
    size_t position = (size_t)taken & (ring->size - 1), end = ring->size - position;
    const struct pm_record *record = (const void *)(ring->bytes + position);
    if (end >= sizeof *record && record->kind != PM_RECORD_SKIP) return record;
    taken += end;
    atomic_store_explicit(&ring->taken, taken, memory_order_release);
  }
  return NULL;
}

void pm_ring_drop(struct pm_ring *ring, const struct pm_record *record) {
  uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
  atomic_store_explicit(&ring->taken, taken + record->size, memory_order_release);
}
