/*
 * What is told to the user of packets that nobody expects, in the thread: a flood must not take the user's time, nor the place of what
 * others have to tell. What goes beyond is counted. Used by line.c and watch.c; decision 0011 says how the rates were found.
 */
#include "pacer.h"

/*
 * Of packets that no watch wants: of one source, of all that has come over routers, and of all of a line. The one neighbour that needs them
 * is one that begins, once a second; a thousand of them may begin at once.
 */
static const struct pm_rate of_source = {.each_us = 4000, .at_once = 256};
static const struct pm_rate of_afar = {.each_us = 2000, .at_once = 512};
static const struct pm_rate of_line = {.each_us = 1000, .at_once = 1024};
/*
 * Of packets of a watch: of one source, and of all. A peer with meticulous authentication says something new each millisecond, and jitter
 * makes it a third more. There is no bound for all watches of a line together: what one session says must not be lost because a
 * thousand others change at the same time.
 */
static const struct pm_rate of_heard = {.each_us = 750, .at_once = 256};
static const struct pm_rate of_watch = {.each_us = 500, .at_once = 512};

/* The rates are those of packets of so many bytes; a longer one counts as several. */
#define BYTES_OF_ONE 512
/* What has come over routers shares a place: who sends it, and under how many names, nobody can know. */
#define PLACE_OF_AFAR (PM_SOURCES - 1)

/* FNV-1a. Sources that meet in one place share what it may tell. */
static struct pm_allowance *place_of(struct pm_allowance *places, size_t count, uint32_t of, const struct pm_received *packet) {
  uint32_t hash = 2166136261u ^ of;
  if (places == NULL || packet->address_length == 0) return NULL;
  for (size_t i = 0; i < packet->address_length; i++) hash = (hash ^ packet->source[i]) * 16777619u;
  return &places[(hash ^ hash >> 16) % count];
}

static struct pm_allowance *place_of_afar(const struct pm_line *line, const struct pm_received *packet) {
  bool is_near = packet->address_length == 0 || packet->hop_limit == PM_HOP_LIMIT_OF_NEIGHBOURS;
  /* Where all who are expected may be beyond a router, no neighbour needs a half of its own. */
  bool has_neighbours = line->watch_count == 0 || line->near_watch_count > 0;
  return line->sources == NULL || is_near || !has_neighbours ? NULL : &line->sources[PLACE_OF_AFAR];
}

/* NULL: no allowance is needed. */
static bool may_take(const struct pm_allowance *allowance, const struct pm_rate *rate, int64_t now) {
  return allowance == NULL || pm_may_take(allowance, rate, now);
}

static void take(struct pm_allowance *allowance, const struct pm_rate *rate, const struct pm_received *packet, int64_t now) {
  int64_t count = 1 + (int64_t)(packet->payload_length / BYTES_OF_ONE);
  const struct pm_rate whole = {.each_us = count * rate->each_us, .at_once = rate->at_once};
  if (allowance != NULL) pm_take(allowance, &whole, now);
}

/* The other half is for those that are expected to have something to say. */
static bool is_half_full(struct pm_ring *ring) {
  uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
  return atomic_load_explicit(&ring->written, memory_order_relaxed) - taken > ring->size / 2;
}

static void leave_untold(struct pm_line *line) { atomic_fetch_add_explicit(&line->untold, 1, memory_order_relaxed); }

void pm_tell_stray(struct pm_pacer *pacer, struct pm_line *line, const struct pm_received *packet) {
  struct pm_allowance *source = place_of(line->sources, PLACE_OF_AFAR, 0, packet);
  struct pm_allowance *afar = place_of_afar(line, packet);
  /* The source first: one that is loud takes nothing from the others. */
  if (!may_take(source, &of_source, pacer->now) || !may_take(afar, &of_afar, pacer->now) ||
      !may_take(&line->strays, &of_line, pacer->now) || is_half_full(&pacer->ring)) {
    return leave_untold(line);
  }
  take(source, &of_source, packet, pacer->now);
  take(afar, &of_afar, packet, pacer->now);
  take(&line->strays, &of_line, packet, pacer->now);
  (void)pm_tell_packet(pacer, line->object.id, packet);
}

bool pm_tell_unexpected(struct pm_pacer *pacer, struct pm_watch *watch, const struct pm_received *packet) {
  struct pm_line *line = watch->line;
  struct pm_allowance *places = line->sources == NULL ? NULL : line->sources + PM_SOURCES;
  /* Watches count apart: one peer may be heard by many. */
  struct pm_allowance *source = place_of(places, PM_SOURCES, watch->object.id, packet);
  if (!may_take(source, &of_heard, pacer->now) || !may_take(&watch->unexpected, &of_watch, pacer->now)) {
    leave_untold(line);
    return false;
  }
  take(source, &of_heard, packet, pacer->now);
  take(&watch->unexpected, &of_watch, packet, pacer->now);
  return pm_tell_packet(pacer, watch->object.id, packet);
}
