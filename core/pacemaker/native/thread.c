/*
 * The loop of the thread: wait, carry out commands, take turns, receive, believe in silence. Started by life.c. Nothing in here
 * or below it allocates, frees or takes a lock.
 */
#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "pacer.h"

/* The longest wait: so often it is noticed that the process did not run. */
#define TICK_US 50000
/* More lateness than this is time asleep. */
#define LATE_US 5000
/* So many times all lines are looked at before a deadline is believed although there is still more to read. */
#define MOST_ROUNDS 64
/*
 * So long before a turn the thread wakes up and goes through the motions. What it touches has left the caches since the last turn,
 * and on a virtual machine, or where the kernel looks for idle memory, every page of it may first have to be mapped anew: 0.5 ms and
 * more, which now pass before the turn and not in it.
 */
#define REHEARSAL_US 1500
/*
 * So long before a deadline the thread wakes up and looks again and again: an event of the clock is told late, later where the processor
 * was asleep, and whoever waits for a silence has a site that is down. It comes rarely, as packets put deadlines off long before; where they
 * come as often as that there is none.
 */
#define VIGIL_US 200
#define LEAST_SPAN_US 2000
/* More packets a second than this are gathered for so long before they are read: a wake-up costs more than a packet. */
#define BUSY_RATE 2000
#define GATHER_US 500
/* The rate is that of as long a time. */
#define WEIGH_US 50000

int64_t pm_clock(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void note_lateness(struct pm_pacer *pacer, int64_t late) {
  pacer->woke_late_us = late;
  if (late > atomic_load_explicit(&pacer->latest_us, memory_order_relaxed)) {
    atomic_store_explicit(&pacer->latest_us, late, memory_order_relaxed);
  }
  /* Deadlines are kept without the time asleep: this moves them all. */
  if (late > LATE_US) atomic_fetch_add_explicit(&pacer->asleep_us, late, memory_order_relaxed);
}

void pm_touch(struct pm_pacer *pacer) {
  int64_t now = pm_clock();
  if (now - pacer->now > LATE_US) note_lateness(pacer, now - pacer->now);
  pacer->now = now;
}

void pm_forget_events(struct pm_pacer *pacer, const struct pm_line *line) {
  for (int i = 0; i < pacer->event_count; i++) {
    if (pacer->events[i].data.ptr == line) pacer->events[i].data.ptr = NULL;
  }
}

static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }

/* When the next turn is rehearsed; PM_NEVER: it has been, or it is too close at hand. */
static int64_t next_rehearsal(const struct pm_pacer *pacer) {
  int64_t turn = pm_beacons_next_turn(pacer);
  if (turn == INT64_MAX || turn == pacer->rehearsed) return PM_NEVER;
  return turn - pacer->now >= REHEARSAL_US / 2 ? turn - REHEARSAL_US : PM_NEVER;
}

static void rehearse(struct pm_pacer *pacer) {
  int64_t at = next_rehearsal(pacer);
  if (at == PM_NEVER || at > pacer->now) return;
  pacer->rehearsed = pm_beacons_next_turn(pacer);
  pm_beacons_rehearse(pacer);
}

/* Of the first watch. */
static bool has_vigil(const struct pm_pacer *pacer) {
  const struct pm_watch *watch = PM_OWNER(pacer->deadlines.first, struct pm_watch, slot);
  return watch->terms.rearm_us < 0 || watch->terms.rearm_us >= LEAST_SPAN_US;
}

static int64_t next_wake(struct pm_pacer *pacer) {
  int64_t next = pm_beacons_next(pacer), rehearsal = next_rehearsal(pacer), deadline;
  if (rehearsal != PM_NEVER) next = min(next, rehearsal);
  if (pacer->tick_at <= pacer->now) pacer->tick_at = pacer->now + TICK_US;
  if (pacer->objects > 0) next = min(next, pacer->tick_at);
  if (pacer->troubles_due != PM_NEVER) next = min(next, pacer->troubles_due);
  if (pacer->repeats.first != NULL) next = min(next, pacer->repeats.first->at);
  deadline = pm_watches_next(pacer, next == INT64_MAX ? next : next + VIGIL_US);
  if (deadline == INT64_MAX) return next;
  return min(next, has_vigil(pacer) ? deadline - VIGIL_US : deadline);
}

/* Sets the timer, which also takes back an expiry that was not read. INT64_MAX: none. */
static void set_timer(struct pm_pacer *pacer, int64_t at) {
  struct itimerspec setting = {0};
  /* It has not expired: `at` is to come. */
  if (at == pacer->timer_at) return;
  pacer->timer_at = at;
  if (at != INT64_MAX) {
    setting.it_value.tv_sec = at / 1000000;
    setting.it_value.tv_nsec = at % 1000000 * 1000;
  }
  (void)timerfd_settime(pacer->timer_fd, TFD_TIMER_ABSTIME, &setting, NULL);
}

static void collect(struct pm_pacer *pacer, int timeout) {
  pacer->event_count = epoll_wait(pacer->epoll_fd, pacer->events, PM_EVENTS, timeout);
  if (pacer->event_count < 0) pacer->event_count = 0;
}

static void wait_for_something(struct pm_pacer *pacer) {
  int64_t wake, start;
  pm_touch(pacer);
  start = pacer->now;
  wake = next_wake(pacer);
  if (wake > start) {
    set_timer(pacer, wake);
    collect(pacer, -1);
  } else {
    wake = start;
    collect(pacer, 0);
  }
  pacer->now = pm_clock();
  note_lateness(pacer, pacer->now > wake ? pacer->now - wake : 0);
}

static bool is_readable(const struct pm_pacer *pacer) {
  for (int i = 0; i < pacer->event_count; i++) {
    const void *source = pacer->events[i].data.ptr;
    if (source != NULL && source != &pacer->wake_fd && source != &pacer->timer_fd) return true;
  }
  return false;
}

/* Where many packets come they are read a little later, together. Commands, beacons and deadlines do not wait for it. */
static void gather(struct pm_pacer *pacer) {
  struct pollfd wake = {.fd = pacer->wake_fd, .events = POLLIN};
  struct timespec timeout = {0};
  int64_t span;
  pm_touch(pacer);
  span = min(next_wake(pacer) - pacer->now, GATHER_US);
  if (span <= 0) return;
  timeout.tv_nsec = span * 1000;
  (void)ppoll(&wake, 1, &timeout, NULL);
  pm_touch(pacer);
  pm_beacons_serve(pacer);
  collect(pacer, 0);
}

static void weigh(struct pm_pacer *pacer) {
  int64_t span = pacer->now - pacer->weighed_at;
  if (span < WEIGH_US) return;
  pacer->is_busy = pacer->received * 1000000 > BUSY_RATE * span;
  pacer->weighed_at = pacer->now;
  pacer->received = 0;
}

static void receive_all(struct pm_pacer *pacer) {
  for (int i = 0; i < pacer->event_count; i++) {
    struct pm_line *line = pacer->events[i].data.ptr;
    if (line == NULL || (void *)line == (void *)&pacer->wake_fd || (void *)line == (void *)&pacer->timer_fd) continue;
    for (int batch = 0; batch < PM_BATCHES_PER_PASS && pm_line_receive(pacer, line); batch++) pm_beacons_serve(pacer);
  }
}

/* Stays awake while a deadline is close at hand, and no longer than that takes. Answers whether one has come. */
static bool keep_vigil(struct pm_pacer *pacer) {
  int64_t deadline, until;
  pm_touch(pacer);
  until = pacer->now + VIGIL_US;
  while ((deadline = pm_watches_next(pacer, until)) > pacer->now) {
    if (deadline > until || !has_vigil(pacer)) return false;
    collect(pacer, 0);
    receive_all(pacer);
    pm_touch(pacer);
    pm_beacons_serve(pacer);
  }
  return true;
}

/* What had arrived when a deadline came is heard first. */
static void look_for_silence(struct pm_pacer *pacer) {
  int64_t until;
  if (!keep_vigil(pacer)) return;
  until = pacer->now;
  for (int round = 0; round < MOST_ROUNDS; round++) {
    collect(pacer, 0);
    receive_all(pacer);
    if (pacer->event_count < PM_EVENTS) break;
  }
  pm_touch(pacer);
  pm_watches_believe(pacer, until);
  pm_beacons_serve(pacer);
  pm_hands_wake(pacer);
}

static void take_wake_up(struct pm_pacer *pacer) {
  uint64_t count;
  for (int i = 0; i < pacer->event_count; i++) {
    if (pacer->events[i].data.ptr == &pacer->wake_fd && read(pacer->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN) {
      pacer->events[i].data.ptr = NULL;
    }
  }
}

static void pass(struct pm_pacer *pacer) {
  wait_for_something(pacer);
  take_wake_up(pacer);
  pm_execute(pacer);
  pm_touch(pacer);
  pm_beacons_serve(pacer);
  pm_watches_repeat(pacer);
  rehearse(pacer);
  if (pacer->is_busy && is_readable(pacer)) gather(pacer);
  receive_all(pacer);
  weigh(pacer);
  look_for_silence(pacer);
  pm_tell_troubles(pacer);
  if (pacer->has_mail) {
    pacer->has_mail = false;
    pacer->notify(pacer->notify_data);
  }
}

void pm_run(struct pm_pacer *pacer) {
  pacer->now = pm_clock();
  while (!atomic_load_explicit(&pacer->must_stop, memory_order_acquire)) pass(pacer);
  pacer->event_count = 0;
  pm_execute(pacer);
  pm_touch(pacer);
  pm_beacons_resign(pacer);
}
