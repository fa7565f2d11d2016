/* Deadlines, expected packets and silence of watches, in the thread. Used by thread.c, execute.c and line.c. */
#include "pacer.h"

/* So many intervals late, a repetition is not sent, and none after it. */
#define MOST_LATE_REPEATS 3

static int64_t asleep(const struct pm_pacer *pacer) { return atomic_load_explicit(&pacer->asleep_us, memory_order_relaxed); }

static struct pm_watch **list_of(struct pm_watch *watch) {
  struct pm_line *line = watch->line;
  return watch->has_key ? &line->buckets[watch->key % PM_BUCKETS] : &line->watches;
}

static void stop_repeating(struct pm_pacer *pacer, struct pm_watch *watch) {
  pm_schedule_remove(&pacer->repeats, &watch->repeat);
  atomic_store_explicit(&watch->repeats_at, PM_NEVER, memory_order_relaxed);
}

static void repeat_at(struct pm_pacer *pacer, struct pm_watch *watch, int64_t at) {
  if (at > watch->repeat_until) return stop_repeating(pacer, watch);
  pm_schedule_at(&pacer->repeats, &watch->repeat, at);
  atomic_store_explicit(&watch->repeats_at, at, memory_order_relaxed);
}

void pm_watches_repeat(struct pm_pacer *pacer) {
  struct pm_slot *slot;
  while ((slot = pacer->repeats.first) != NULL && slot->at <= pacer->now) {
    struct pm_watch *watch = PM_OWNER(slot, struct pm_watch, repeat);
    /* Whoever was asleep for so long knows nothing of the world, and sends nothing. */
    if (pacer->now - slot->at > MOST_LATE_REPEATS * watch->repeat_us) {
      stop_repeating(pacer, watch);
      continue;
    }
    pm_line_queue(pacer, watch->line, watch->words);
    atomic_fetch_add_explicit(&watch->repeats, 1, memory_order_relaxed);
    repeat_at(pacer, watch, slot->at + watch->repeat_us);
  }
  pm_send_all(pacer);
}

static bool is_near(const struct pm_watch *watch) { return watch->filter.hop_limit_least >= PM_HOP_LIMIT_OF_NEIGHBOURS; }

void pm_watch_attach(struct pm_pacer *pacer, struct pm_watch *watch) {
  struct pm_watch **list = list_of(watch);
  (void)pacer;
  watch->next = *list;
  watch->previous = NULL;
  if (*list != NULL) (*list)->previous = watch;
  *list = watch;
  watch->line->watch_count++;
  if (is_near(watch)) watch->line->near_watch_count++;
  watch->deadline = PM_NEVER;
  watch->heard_awake = PM_NEVER;
}

static void forget_turn(struct pm_watch *watch) {
  if (watch->turned != NULL) watch->turned->turned_by = NULL;
  watch->turned = NULL;
}

void pm_watch_turn(struct pm_watch *watch, struct pm_command *command) {
  struct pm_outgoing_list *former = watch->turned_packets;
  struct pm_beacon *beacon = command->beacon;
  forget_turn(watch);
  watch->turned_packets = command->packets;
  command->packets = former;
  watch->turned_interval_us = command->interval_us;
  watch->packets_read = command->packets_read;
  if (beacon == NULL) return;
  /* A beacon is turned by one watch, the latest. */
  if (beacon->turned_by != NULL) beacon->turned_by->turned = NULL;
  beacon->turned_by = watch;
  watch->turned = beacon;
}

/* What was told and not read yet may mean anything: the user has to see it first. */
static bool turn(struct pm_pacer *pacer, struct pm_watch *watch) {
  struct pm_beacon *beacon = watch->turned;
  if (beacon == NULL || !beacon->is_live || watch->has_untold || watch->packets_read != watch->packets_told) return false;
  forget_turn(watch);
  pm_beacon_turn(pacer, beacon, &watch->turned_packets, watch->turned_interval_us);
  return true;
}

void pm_watch_detach(struct pm_pacer *pacer, struct pm_watch *watch) {
  forget_turn(watch);
  pm_schedule_remove(&pacer->deadlines, &watch->slot);
  stop_repeating(pacer, watch);
  watch->line->watch_count--;
  if (is_near(watch)) watch->line->near_watch_count--;
  if (watch->previous != NULL) {
    watch->previous->next = watch->next;
  } else {
    *list_of(watch) = watch->next;
  }
  if (watch->next != NULL) watch->next->previous = watch->previous;
}

/* The warning, or the deadline itself. */
static int64_t next_event(const struct pm_watch *watch) {
  return watch->is_warned || watch->terms.warn_us < 0 ? watch->deadline : watch->deadline - watch->terms.warn_us;
}

/* A later deadline leaves the slot where it is: it is set right when the old one comes, so that re-arming is cheap. */
static void set_deadline(struct pm_pacer *pacer, struct pm_watch *watch, int64_t deadline) {
  int64_t at;
  watch->deadline = deadline;
  watch->is_warned = false;
  watch->may_speak = false;
  at = next_event(watch);
  if (!watch->slot.is_scheduled || at < watch->slot.at) pm_schedule_at(&pacer->deadlines, &watch->slot, at);
}

static void rearm(struct pm_pacer *pacer, struct pm_watch *watch) {
  if (watch->terms.rearm_us >= 0) set_deadline(pacer, watch, pacer->now - asleep(pacer) + watch->terms.rearm_us);
}

void pm_watch_arm(struct pm_pacer *pacer, struct pm_watch *watch, struct pm_command *command) {
  struct pm_expected *former = watch->terms.expected;
  int64_t deadline = command->terms.deadline;
  bool is_same = command->terms.epoch == atomic_load_explicit(&watch->epoch, memory_order_relaxed);
  stop_repeating(pacer, watch);
  watch->terms = command->terms;
  command->terms.expected = former;
  if (!is_same) {
    watch->heard_awake = PM_NEVER;
    atomic_store_explicit(&watch->heard_at, PM_NEVER, memory_order_relaxed);
    atomic_store_explicit(&watch->epoch, watch->terms.epoch, memory_order_release);
  }
  pm_schedule_remove(&pacer->deadlines, &watch->slot);
  watch->deadline = PM_NEVER;
  watch->may_speak = false;
  if (deadline == PM_NEVER) return;
  deadline -= watch->terms.asleep_us;
  if (watch->heard_awake != PM_NEVER && watch->terms.rearm_us >= 0 &&
      watch->heard_awake + watch->terms.rearm_us > deadline) {
    deadline = watch->heard_awake + watch->terms.rearm_us;
  }
  set_deadline(pacer, watch, deadline);
}

void pm_watch_foresee(struct pm_pacer *pacer, struct pm_watch *watch, struct pm_command *command) {
  struct pm_outgoing_list *words = watch->words;
  struct pm_deeds *deeds = watch->deeds;
  stop_repeating(pacer, watch);
  watch->repeat_us = command->repeat_us;
  watch->repeat_for_us = command->repeat_for_us;
  watch->words = command->packets;
  watch->deeds = command->deeds;
  command->packets = words;
  command->deeds = deeds;
  watch->has_plan = watch->words != NULL;
  watch->may_speak = false;
}

void pm_watch_consent(struct pm_watch *watch, const struct pm_command *command) {
  if (command->terms.generation != watch->terms.generation || watch->deadline == PM_NEVER) return;
  /* What the user has not read yet may change its mind. */
  if (watch->has_untold || command->packets_read != watch->packets_told) return;
  if (command->consumed != atomic_load_explicit(&watch->consumed, memory_order_relaxed)) return;
  watch->may_speak = watch->has_plan;
}

bool pm_watch_hear(struct pm_pacer *pacer, struct pm_watch *watch, const struct pm_received *packet) {
  if (!pm_passes(&watch->filter, packet)) return false;
  if (watch->returns.every_us > 0) {
    pm_return(pacer, watch, packet);
    return true;
  }
  /* The user has to judge this one first. */
  watch->may_speak = false;
  if (watch->terms.expected != NULL && pm_equals(watch->terms.expected, packet)) {
    watch->heard_awake = pacer->now - asleep(pacer);
    atomic_store_explicit(&watch->heard_at, pacer->now, memory_order_relaxed);
    atomic_fetch_add_explicit(&watch->consumed, 1, memory_order_relaxed);
    watch->has_untold = false;
    rearm(pacer, watch);
    return true;
  }
  if (watch->terms.is_rearmed_by_any) rearm(pacer, watch);
  if (pm_tell_unexpected(pacer, watch, packet)) {
    watch->packets_told++;
  } else {
    watch->has_untold = true;
  }
  return true;
}

/* After what belongs to it. Written by this thread alone. */
static void note(_Atomic uint64_t *word, uint32_t generation, bool has_acted) {
  uint64_t former = atomic_load_explicit(word, memory_order_relaxed);
  atomic_store_explicit(word, pm_news_next(former, generation, has_acted), memory_order_release);
}

static void tell_silence(struct pm_pacer *pacer, struct pm_watch *watch, int64_t at) {
  bool has_spoken = watch->may_speak, has_turned = turn(pacer, watch);
  if (has_spoken) {
    pm_line_queue(pacer, watch->line, watch->words);
    watch->has_plan = false;
    watch->repeat_until = at + watch->repeat_for_us;
    if (watch->repeat_us > 0) repeat_at(pacer, watch, at + watch->repeat_us);
  }
  watch->may_speak = false;
  watch->deadline = PM_NEVER;
  atomic_store_explicit(&watch->silent_at, at, memory_order_relaxed);
  note(&watch->silence, watch->terms.generation, has_spoken || has_turned);
  /* Told when it is done: whoever undoes it comes later. */
  if (has_spoken && pm_hands_take(pacer, watch)) return;
  pm_mail_object(pacer, &pacer->silent, &watch->object);
}

static void warn(struct pm_pacer *pacer, struct pm_watch *watch) {
  watch->is_warned = true;
  pm_schedule_at(&pacer->deadlines, &watch->slot, watch->deadline);
  atomic_store_explicit(&watch->imminent_at, watch->deadline + asleep(pacer), memory_order_relaxed);
  note(&watch->warning, watch->terms.generation, false);
  pm_mail_object(pacer, &pacer->silent, &watch->object);
}

void pm_watches_believe(struct pm_pacer *pacer, int64_t until) {
  int64_t awake = until - asleep(pacer);
  struct pm_slot *slot;
  while ((slot = pacer->deadlines.first) != NULL && slot->at <= awake) {
    struct pm_watch *watch = PM_OWNER(slot, struct pm_watch, slot);
    pm_schedule_remove(&pacer->deadlines, slot);
    if (watch->deadline == PM_NEVER) continue;
    if (next_event(watch) > slot->at) {
      pm_schedule_at(&pacer->deadlines, slot, next_event(watch));
    } else if (watch->deadline > awake) {
      warn(pacer, watch);
    } else {
      tell_silence(pacer, watch, watch->deadline + asleep(pacer));
    }
  }
}

int64_t pm_watches_next(struct pm_pacer *pacer, int64_t until) {
  int64_t awake = until - asleep(pacer);
  struct pm_slot *slot;
  while ((slot = pacer->deadlines.first) != NULL && slot->at <= awake) {
    const struct pm_watch *watch = PM_OWNER(slot, struct pm_watch, slot);
    if (watch->deadline == PM_NEVER) {
      pm_schedule_remove(&pacer->deadlines, slot);
    } else if (next_event(watch) > slot->at) {
      pm_schedule_at(&pacer->deadlines, slot, next_event(watch));
    } else {
      break;
    }
  }
  return pacer->deadlines.first == NULL ? INT64_MAX : pacer->deadlines.first->at + asleep(pacer);
}
