/* A pairing heap without recursion: adding is O(1), removing O(log n) on average. Used by beacon.c and watch.c. */
#include "schedule.h"

/* Two roots become one. */
static struct pm_slot *join(struct pm_slot *a, struct pm_slot *b) {
  if (a == NULL) return b;
  if (b == NULL) return a;
  if (b->at < a->at) {
    struct pm_slot *earlier = b;
    b = a;
    a = earlier;
  }
  b->previous = a;
  b->next = a->child;
  if (a->child != NULL) a->child->previous = b;
  a->child = b;
  return a;
}

static struct pm_slot *join_siblings(struct pm_slot *list) {
  struct pm_slot *pairs = NULL, *root = NULL;
  while (list != NULL) {
    struct pm_slot *a = list, *b = a->next;
    list = b == NULL ? NULL : b->next;
    a->next = NULL;
    a->previous = NULL;
    if (b != NULL) {
      b->next = NULL;
      b->previous = NULL;
    }
    a = join(a, b);
    a->next = pairs;
    pairs = a;
  }
  while (pairs != NULL) {
    struct pm_slot *pair = pairs;
    pairs = pair->next;
    pair->next = NULL;
    root = join(root, pair);
  }
  return root;
}

void pm_schedule_at(struct pm_schedule *schedule, struct pm_slot *slot, int64_t at) {
  pm_schedule_remove(schedule, slot);
  slot->at = at;
  slot->is_scheduled = true;
  schedule->first = join(schedule->first, slot);
}

void pm_schedule_remove(struct pm_schedule *schedule, struct pm_slot *slot) {
  if (!slot->is_scheduled) return;
  if (slot == schedule->first) {
    schedule->first = join_siblings(slot->child);
  } else {
    if (slot->previous->child == slot) {
      slot->previous->child = slot->next;
    } else {
      slot->previous->next = slot->next;
    }
    if (slot->next != NULL) slot->next->previous = slot->previous;
    schedule->first = join(schedule->first, join_siblings(slot->child));
  }
  *slot = (struct pm_slot){.at = slot->at};
}
