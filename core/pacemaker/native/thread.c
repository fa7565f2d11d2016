/*
 * The loop of the thread: wait, carry out commands, take turns, receive, believe in silence. Started by life.c. Nothing in here
 * or below it allocates, frees or takes a lock.
 */
#include <errno.h>
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

static int64_t next_wake(const struct pm_pacer *pacer) {
  int64_t next = min(pm_beacons_next(pacer), pm_watches_next(pacer));
  if (pacer->objects > 0) next = min(next, pacer->now + TICK_US);
  if (pacer->troubles_due != PM_NEVER) next = min(next, pacer->troubles_due);
  return next;
}

/* Sets the timer, which also takes back an expiry that was not read. INT64_MAX: none. */
static void set_timer(const struct pm_pacer *pacer, int64_t at) {
  struct itimerspec setting = {0};
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

static void receive_all(struct pm_pacer *pacer) {
  for (int i = 0; i < pacer->event_count; i++) {
    struct pm_line *line = pacer->events[i].data.ptr;
    if (line == NULL || (void *)line == (void *)&pacer->wake_fd || (void *)line == (void *)&pacer->timer_fd) continue;
    for (int batch = 0; batch < PM_BATCHES_PER_PASS && pm_line_receive(pacer, line); batch++) pm_beacons_serve(pacer);
  }
}

/* What had arrived when a deadline came is heard first. */
static void look_for_silence(struct pm_pacer *pacer) {
  int64_t until;
  pm_touch(pacer);
  until = pacer->now;
  if (pm_watches_next(pacer) > until) return;
  for (int round = 0; round < MOST_ROUNDS; round++) {
    collect(pacer, 0);
    receive_all(pacer);
    if (pacer->event_count < PM_EVENTS) break;
  }
  pm_touch(pacer);
  pm_watches_believe(pacer, until);
  pm_send_all(pacer);
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
  receive_all(pacer);
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
