/* Turns, leases and ends of beacons, in the thread. Used by thread.c, execute.c and line.c. */
#include "pacer.h"

/* Turns that are due soon are taken with those that are due now: this share of the interval, and never more than this. */
#define SLACK_SHARE 200
#define SLACK_MOST_US 1000
/*
 * Beacons of one interval gather on common times: a wake-up costs more than a packet. What is shorter keeps its times for the sake of
 * exactness, what is longer costs nothing anyway.
 */
#define GATHERED_LEAST_US 50000
#define GATHERED_MOST_US 10000000
/* The distance of the common times: this share of the interval, and never more than this. */
#define GATHER_SHARE 20
#define GATHER_MOST_US 10000
/* A turn is moved no further than this share of the interval, so that the intervals stay what they are called. */
#define NUDGE_SHARE 100

/* splitmix64; answers a share in [0, 1). */
static double draw(struct pm_beacon *beacon) {
  uint64_t z = (beacon->random += 0x9e3779b97f4a7c15u);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static int64_t step_of(struct pm_beacon *beacon) {
  double share = beacon->jitter_least;
  if (beacon->jitter_most > beacon->jitter_least) share += draw(beacon) * (beacon->jitter_most - beacon->jitter_least);
  return (int64_t)((double)beacon->interval_us * share);
}

static int64_t slack_of(const struct pm_beacon *beacon) {
  int64_t slack = beacon->interval_us / SLACK_SHARE;
  return slack < SLACK_MOST_US ? slack : SLACK_MOST_US;
}

/* How much earlier the turn at `at` is taken, on the way to a time that it has in common with others of the interval. */
static int64_t nudge_of(const struct pm_beacon *beacon, int64_t at) {
  int64_t interval = beacon->interval_us, apart = interval / GATHER_SHARE, beyond, most = interval / NUDGE_SHARE;
  bool is_jittered = beacon->jitter_least < 1 || beacon->jitter_most > 1;
  if (is_jittered || interval < GATHERED_LEAST_US || interval > GATHERED_MOST_US) return 0;
  if (apart > GATHER_MOST_US) apart = GATHER_MOST_US;
  beyond = at % interval % apart;
  return beyond < most ? beyond : most;
}

static struct pm_beacon *first_due(const struct pm_pacer *pacer) {
  return pacer->due.first == NULL ? NULL : PM_OWNER(pacer->due.first, struct pm_beacon, due);
}

static struct pm_beacon *first_lease(const struct pm_pacer *pacer) {
  return pacer->leases.first == NULL ? NULL : PM_OWNER(pacer->leases.first, struct pm_beacon, lease);
}

static void schedule(struct pm_pacer *pacer, struct pm_beacon *beacon, int64_t at) {
  pm_schedule_at(&pacer->due, &beacon->due, at);
  atomic_store_explicit(&beacon->next_at, at, memory_order_relaxed);
}

static void silence(struct pm_pacer *pacer, struct pm_beacon *beacon) {
  beacon->is_live = false;
  pm_schedule_remove(&pacer->due, &beacon->due);
  pm_schedule_remove(&pacer->leases, &beacon->lease);
}

static int64_t unrenewed_us(const struct pm_pacer *pacer) {
  return pacer->now - atomic_load_explicit(&pacer->renewed_at, memory_order_relaxed);
}

/* The turn would be too late, or the thread itself has only now come back from a sleep as long. */
static bool has_overslept(const struct pm_pacer *pacer, const struct pm_beacon *beacon) {
  return beacon->latest_us >= 0 &&
         (pacer->now - beacon->due.at > beacon->latest_us || pacer->woke_late_us > beacon->latest_us);
}

static void end(struct pm_pacer *pacer, struct pm_beacon *beacon) {
  /* Oversleeping comes first: whoever was asleep knows nothing of the world, and sends nothing. */
  beacon->end = has_overslept(pacer, beacon) ? PM_OVERSLEPT : PM_LAPSED;
  beacon->ended_at = pacer->now;
  silence(pacer, beacon);
  if (beacon->end == PM_LAPSED && beacon->last != NULL) pm_line_queue(pacer, beacon->line, beacon->last);
  pm_mail_object(pacer, &pacer->ended, &beacon->object);
}

static void take_turn(struct pm_pacer *pacer, struct pm_beacon *beacon) {
  int64_t due = beacon->due.at, step, next;
  if (pacer->now - due > beacon->latest_us && beacon->latest_us >= 0) return end(pacer, beacon);
  if (beacon->lease_us >= 0 && unrenewed_us(pacer) > beacon->lease_us) return end(pacer, beacon);
  pm_line_queue(pacer, beacon->line, beacon->packets);
  atomic_fetch_add_explicit(&beacon->turns, 1, memory_order_relaxed);
  beacon->last_turn = due;
  step = step_of(beacon);
  next = due + step;
  /* More than one interval behind: no burst to catch up. */
  if (next <= pacer->now) next = pacer->now + step;
  schedule(pacer, beacon, next - nudge_of(beacon, next));
  if (beacon->tells_turns) {
    struct pm_record record = {.kind = PM_RECORD_TURN, .object = beacon->object.id, .at = pacer->now};
    (void)pm_tell(pacer, &record);
  }
}

void pm_beacons_serve(struct pm_pacer *pacer) {
  struct pm_beacon *beacon;
  while ((beacon = first_due(pacer)) != NULL && beacon->due.at - slack_of(beacon) <= pacer->now) take_turn(pacer, beacon);
  while ((beacon = first_lease(pacer)) != NULL && unrenewed_us(pacer) > beacon->lease_us) end(pacer, beacon);
  pm_send_all(pacer);
}

void pm_beacons_resign(struct pm_pacer *pacer) {
  for (struct pm_line *line = pacer->lines; line != NULL; line = line->next) {
    for (struct pm_beacon *beacon = line->beacons; beacon != NULL; beacon = beacon->next) {
      if (!beacon->is_live || beacon->last == NULL || has_overslept(pacer, beacon)) continue;
      silence(pacer, beacon);
      pm_line_queue(pacer, line, beacon->last);
    }
  }
  pm_send_all(pacer);
}

int64_t pm_beacons_next_turn(const struct pm_pacer *pacer) {
  return pacer->due.first == NULL ? INT64_MAX : pacer->due.first->at;
}

void pm_beacons_rehearse(struct pm_pacer *pacer) {
  struct pm_beacon *beacon = first_due(pacer);
  if (beacon == NULL) return;
  /* As a write: what is only read may still be unwritable. */
  atomic_fetch_add_explicit(&beacon->turns, 0, memory_order_relaxed);
  pm_line_rehearse(beacon->line, beacon->packets);
}

int64_t pm_beacons_next(const struct pm_pacer *pacer) {
  int64_t next = pm_beacons_next_turn(pacer);
  const struct pm_beacon *lease = first_lease(pacer);
  if (lease != NULL) {
    int64_t lapse = atomic_load_explicit(&pacer->renewed_at, memory_order_relaxed) + lease->lease_us + 1;
    if (lapse < next) next = lapse;
  }
  return next;
}

void pm_beacon_attach(struct pm_pacer *pacer, struct pm_beacon *beacon) {
  struct pm_line *line = beacon->line;
  beacon->next = line->beacons;
  beacon->previous = NULL;
  if (line->beacons != NULL) line->beacons->previous = beacon;
  line->beacons = beacon;
  beacon->is_live = true;
  beacon->last_turn = PM_NEVER;
  schedule(pacer, beacon, beacon->first_at);
  if (beacon->lease_us >= 0) pm_schedule_at(&pacer->leases, &beacon->lease, beacon->lease_us);
}

void pm_beacon_detach(struct pm_pacer *pacer, struct pm_beacon *beacon) {
  silence(pacer, beacon);
  if (beacon->turned_by != NULL) beacon->turned_by->turned = NULL;
  beacon->turned_by = NULL;
  if (beacon->previous != NULL) {
    beacon->previous->next = beacon->next;
  } else {
    beacon->line->beacons = beacon->next;
  }
  if (beacon->next != NULL) beacon->next->previous = beacon->previous;
}

void pm_beacon_turn(struct pm_pacer *pacer, struct pm_beacon *beacon, struct pm_outgoing_list **packets, int64_t interval_us) {
  struct pm_outgoing_list *former = beacon->packets;
  beacon->packets = *packets;
  *packets = former;
  beacon->interval_us = interval_us;
  schedule(pacer, beacon, pacer->now);
}

void pm_beacon_set(struct pm_pacer *pacer, struct pm_beacon *beacon, struct pm_command *command) {
  if (command->packets != NULL) {
    struct pm_outgoing_list *former = beacon->packets;
    beacon->packets = command->packets;
    command->packets = former;
  }
  if (command->interval_us != 0) beacon->interval_us = command->interval_us;
  if (beacon->is_live && command->next_at != PM_NEVER) {
    schedule(pacer, beacon, command->next_at);
  } else if (beacon->is_live && command->interval_us != 0 && beacon->last_turn != PM_NEVER) {
    /* What is due at once by the new interval is not late. */
    int64_t next = beacon->last_turn + step_of(beacon);
    schedule(pacer, beacon, next > pacer->now ? next : pacer->now);
  }
  atomic_fetch_add_explicit(&beacon->applied, 1, memory_order_release);
}
