/* Asks, compares the answers, and plans the next round. Used by routine_api.c. */
#include "routine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)
/* In one turn of the event loop: after a pause everything is due at once, and what came must be read in between. */
#define MOST_AT_ONCE 200
#define MOST_EVENTS 256
/*
 * The rule of checker-time.ts in the SDK. A deadline that is noticed so late was missed by more than a busy moment, and is put off by
 * `LOOK` for what waits in the socket; or the process stood still for a time that nobody knows, and the server has its whole time again.
 */
#define BUSY (20 * MILLISECOND)
#define STOOD_STILL (200 * MILLISECOND)
#define LOOK (250 * MILLISECOND)

int64_t pm_asker_now(void) {
  struct timespec at;
  (void)clock_gettime(CLOCK_MONOTONIC, &at);
  return (int64_t)at.tv_sec * 1000 * MILLISECOND + at.tv_nsec;
}

int pm_asker_open(struct pm_asker *asker) {
  *asker = (struct pm_asker){.poller = epoll_create1(EPOLL_CLOEXEC), .last_departed = &asker->departed};
  return asker->poller < 0 ? errno : 0;
}

/* A child that another thread forks a moment before may keep the socket open: then only taking it out ends its events. */
static void close_round(struct pm_asker *asker, struct pm_routine *routine) {
  if (routine->fd >= 0) {
    (void)epoll_ctl(asker->poller, EPOLL_CTL_DEL, routine->fd, NULL);
    (void)close(routine->fd);
  }
  routine->fd = -1;
  free(routine->answer);
  routine->answer = NULL;
  routine->answered = 0;
}

static void as_before(struct pm_asker *asker, struct pm_routine *routine) {
  int64_t now = pm_asker_now();
  close_round(asker, routine);
  routine->phase = PM_RESTING;
  routine->rounds++;
  routine->last_began = routine->began;
  routine->last_took = now - routine->began;
  /* Whole periods from when it was due, so that questions do not move together over time. */
  routine->due += routine->period;
  if (routine->due <= now) routine->due += ((now - routine->due) / routine->period + 1) * routine->period;
  pm_schedule_at(&asker->schedule, &routine->slot, routine->due);
}

static void depart(struct pm_asker *asker, struct pm_routine *routine, enum pm_departure departure, int error, const char *call) {
  pm_schedule_remove(&asker->schedule, &routine->slot);
  if (departure != PM_OTHERWISE) close_round(asker, routine);
  else (void)epoll_ctl(asker->poller, EPOLL_CTL_DEL, routine->fd, NULL);
  routine->phase = PM_DEPARTED;
  routine->departure = departure;
  routine->error = error;
  routine->call = call;
  routine->next = NULL;
  *asker->last_departed = routine;
  asker->last_departed = &routine->next;
}

static void begin_round(struct pm_asker *asker, struct pm_routine *routine, int64_t now) {
  struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = routine};
  union pm_address to;
  routine->began = now;
  routine->had_pause = false;
  routine->sent = 0;
  routine->send_error = 0;
  routine->answered = 0;
  struct pm_opened stream = pm_open_stream(&routine->from);
  if (stream.error != 0) {
    depart(asker, routine, PM_FAILED, stream.error, stream.call);
    return;
  }
  routine->fd = stream.fd;
  routine->phase = PM_CONNECTING;
  socklen_t length = pm_address_from(&routine->from, &routine->to, &to);
  if (connect(stream.fd, &to.any, length) != 0 && errno != EINPROGRESS) {
    depart(asker, routine, PM_FAILED, errno, "connect");
  } else if (epoll_ctl(asker->poller, EPOLL_CTL_ADD, stream.fd, &wanted) != 0) {
    depart(asker, routine, PM_FAILED, errno, "epoll_ctl");
  } else {
    pm_schedule_at(&asker->schedule, &routine->slot, now + routine->timeout);
  }
}

static void too_late(struct pm_asker *asker, struct pm_routine *routine, int64_t now) {
  int64_t late = now - routine->slot.at, more = 0;
  if (late > STOOD_STILL) more = routine->timeout;
  else if (late > BUSY) more = LOOK < routine->timeout ? LOOK : routine->timeout;
  if (routine->had_pause || more == 0) {
    depart(asker, routine, PM_LATE, 0, NULL);
    return;
  }
  routine->had_pause = true;
  pm_schedule_at(&asker->schedule, &routine->slot, now + more);
}

/* Answers false where the round is over. */
static bool connected(struct pm_asker *asker, struct pm_routine *routine, uint32_t events) {
  int error = 0;
  socklen_t length = sizeof error;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && getsockopt(routine->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  /* It had come about, and was broken off before anybody looked; else it would be ECONNREFUSED. EPIPE: behind an end. */
  bool is_broken = error == ECONNRESET || error == EPIPE;
  if (error != 0 && !is_broken) {
    depart(asker, routine, PM_FAILED, error, "connect");
    return false;
  }
  if (!is_broken && (events & EPOLLOUT) == 0) return false;
  routine->phase = PM_ASKING;
  if (routine->octets == 0) {
    as_before(asker, routine);
  } else if (is_broken) {
    depart(asker, routine, PM_OTHERWISE, ECONNRESET, "recv");
  } else {
    return true;
  }
  return false;
}

/* A server may answer and close without having read: then the answer counts, and reading tells what became of the connection. */
static void ask(struct pm_routine *routine) {
  while (routine->sent < routine->request_length) {
    ssize_t length =
        send(routine->fd, routine->request + routine->sent, routine->request_length - routine->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return;
    if (length < 0) {
      routine->send_error = errno;
      break;
    }
    routine->sent += (size_t)length;
  }
  routine->phase = PM_LISTENING;
}

static size_t min(size_t a, size_t b) { return a < b ? a : b; }
static size_t max(size_t a, size_t b) { return a > b ? a : b; }

/* Whether a piece of the answer differs from what is expected in its place. */
static bool is_otherwise(const struct pm_routine *routine, const uint8_t *bytes, size_t length) {
  size_t begin = routine->answered, end = begin + length;
  if (end > routine->octets) return true;
  for (int i = 0; i < routine->part_count; i++) {
    const struct pm_part *part = &routine->parts[i];
    size_t from = max(part->at, begin), until = min(part->at + part->length, end);
    if (from < until && memcmp(part->bytes + (from - part->at), bytes + (from - begin), until - from) != 0) return true;
  }
  return false;
}

static bool keep(struct pm_routine *routine, const uint8_t *bytes, size_t length) {
  if (routine->answer == NULL) routine->answer = malloc(routine->octets + 1);
  if (routine->answer == NULL) return false;
  memcpy(routine->answer + routine->answered, bytes, length);
  routine->answered += length;
  return true;
}

/* One piece of an answer. Answers false where the round is over. */
static bool heard(struct pm_asker *asker, struct pm_routine *routine, const uint8_t *bytes, size_t length) {
  bool is_other = is_otherwise(routine, bytes, length);
  if (!is_other && !routine->until_end && routine->answered + length == routine->octets) {
    as_before(asker, routine);
    return false;
  }
  if (!keep(routine, bytes, length)) {
    depart(asker, routine, PM_FAILED, ENOMEM, "malloc");
    return false;
  }
  if (is_other) depart(asker, routine, PM_OTHERWISE, 0, NULL);
  return !is_other;
}

static void listen_to(struct pm_asker *asker, struct pm_routine *routine, uint32_t events) {
  uint8_t bytes[PM_MOST_ANSWER + 1];
  for (;;) {
    /* One more than is expected, to notice that there is more. */
    size_t room = routine->octets + 1 - routine->answered;
    ssize_t length = recv(routine->fd, bytes, room, MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return;
    if (length < 0) {
      depart(asker, routine, PM_OTHERWISE, errno, "recv");
      return;
    }
    if (length == 0 && routine->until_end && routine->answered == routine->octets && routine->send_error == 0) {
      as_before(asker, routine);
      return;
    }
    if (length == 0) {
      depart(asker, routine, PM_OTHERWISE, routine->send_error, "send");
      return;
    }
    if (!heard(asker, routine, bytes, (size_t)length)) return;
    /* All that was there has been read; what comes later, and the end, wakes again. */
    if ((size_t)length < room && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  }
}

static void on_event(struct pm_asker *asker, struct pm_routine *routine, uint32_t events) {
  if (routine->phase == PM_CONNECTING && !connected(asker, routine, events)) return;
  if (routine->phase == PM_ASKING) ask(routine);
  /* What comes from now on is an event of its own. */
  if (routine->phase == PM_LISTENING && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) listen_to(asker, routine, events);
}

void pm_asker_turn(struct pm_asker *asker) {
  struct epoll_event events[MOST_EVENTS];
  int count = epoll_wait(asker->poller, events, MOST_EVENTS, 0);
  /* Each routine has one socket and so one event, and none is freed before all have been heard. */
  for (int i = 0; i < count; i++) on_event(asker, events[i].data.ptr, events[i].events);
  int64_t now = pm_asker_now();
  for (int n = 0; n < MOST_AT_ONCE && asker->schedule.first != NULL && asker->schedule.first->at <= now; n++) {
    struct pm_routine *routine = PM_OWNER(asker->schedule.first, struct pm_routine, slot);
    if (routine->phase == PM_RESTING) begin_round(asker, routine, now);
    else too_late(asker, routine, now);
  }
}

void pm_routine_begin(struct pm_asker *asker, struct pm_routine *routine, int64_t due) {
  routine->fd = -1;
  routine->phase = PM_RESTING;
  routine->due = due;
  pm_schedule_at(&asker->schedule, &routine->slot, due);
}

void pm_routine_end(struct pm_asker *asker, struct pm_routine *routine) {
  pm_schedule_remove(&asker->schedule, &routine->slot);
  close_round(asker, routine);
  free(routine->request);
  free(routine);
}
