/*
 * What is due when: a pairing heap whose nodes live in the things that are scheduled, so that scheduling never allocates.
 * Pure. Used by beacon.c and watch.c.
 */
#ifndef PACEMAKER_SCHEDULE_H
#define PACEMAKER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The thing that holds `pointer` as its `member`. */
#define PM_OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* All zero: not scheduled. */
struct pm_slot {
  int64_t at;
  bool is_scheduled;
  struct pm_slot *child;
  struct pm_slot *next;
  /* The left neighbour, or the parent of a first child. */
  struct pm_slot *previous;
};

struct pm_schedule {
  /* The earliest, or NULL. */
  struct pm_slot *first;
};

/* A slot that is scheduled already moves. */
void pm_schedule_at(struct pm_schedule *schedule, struct pm_slot *slot, int64_t at);
/* Does nothing to a slot that is not scheduled. */
void pm_schedule_remove(struct pm_schedule *schedule, struct pm_slot *slot);

#endif
