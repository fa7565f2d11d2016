/*
 * What is told to the user of packets that nobody expects, in the thread: a flood must not take the user's time, nor the place of what
 * others have to tell. What goes beyond is counted. Used by line.c and watch.c.
 */
#include "pacer.h"

/*
 * Of one source and of all sources of a line; of one source and of all sources of a watch. A peer with meticulous authentication says
 * something new each millisecond, and jitter makes it more.
 */
static const struct pm_rate of_source = {.each_us = 2000, .at_once = 256};
static const struct pm_rate of_line = {.each_us = 500, .at_once = 512};
static const struct pm_rate of_heard = {.each_us = 250, .at_once = 1024};
static const struct pm_rate of_watch = {.each_us = 50, .at_once = 8192};

/* FNV-1a. Sources that meet in one place share what it may tell. */
static struct pm_allowance *place_of(struct pm_allowance *places, uint32_t of, const struct pm_received *packet) {
  uint32_t hash = 2166136261u ^ of;
  if (places == NULL || packet->address_length == 0) return NULL;
  for (size_t i = 0; i < packet->address_length; i++) hash = (hash ^ packet->source[i]) * 16777619u;
  return &places[(hash ^ hash >> 16) % PM_SOURCES];
}

static void leave_untold(struct pm_line *line) { atomic_fetch_add_explicit(&line->untold, 1, memory_order_relaxed); }

void pm_tell_stray(struct pm_pacer *pacer, struct pm_line *line, const struct pm_received *packet) {
  struct pm_allowance *source = place_of(line->sources, 0, packet);
  /* The source first: one that is loud takes nothing from the others. */
  if ((source != NULL && !pm_may_take(source, &of_source, pacer->now)) || !pm_may_take(&line->strays, &of_line, pacer->now)) {
    return leave_untold(line);
  }
  if (source != NULL) pm_take(source, &of_source, pacer->now);
  pm_take(&line->strays, &of_line, pacer->now);
  (void)pm_tell_packet(pacer, line->object.id, packet);
}

bool pm_tell_unexpected(struct pm_pacer *pacer, struct pm_watch *watch, const struct pm_received *packet) {
  struct pm_line *line = watch->line;
  struct pm_allowance *places = line->sources == NULL ? NULL : line->sources + PM_SOURCES;
  /* Watches count apart: one peer may be heard by many. */
  struct pm_allowance *source = place_of(places, watch->object.id, packet);
  if ((source != NULL && !pm_may_take(source, &of_heard, pacer->now)) || !pm_may_take(&watch->unexpected, &of_watch, pacer->now)) {
    leave_untold(line);
    return false;
  }
  if (source != NULL) pm_take(source, &of_heard, pacer->now);
  pm_take(&watch->unexpected, &of_watch, pacer->now);
  return pm_tell_packet(pacer, watch->object.id, packet);
}
