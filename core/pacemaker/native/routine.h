/*
 * Questions that are asked of servers over TCP again and again, without JavaScript, as long as they are answered as before: connect,
 * send, compare. What comes otherwise is handed over as it is. Times are nanoseconds of CLOCK_MONOTONIC. No Node-API. Used by
 * routine_api.c, on the thread of the event loop.
 */
#ifndef PACEMAKER_ROUTINE_H
#define PACEMAKER_ROUTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outgoing.h"
#include "schedule.h"

/* Bytes of an answer that can be expected. */
#define PM_MOST_ANSWER 65536
/* Parts of it that are compared. */
#define PM_MOST_PARTS 8

struct pm_part {
  size_t at, length;
  const uint8_t *bytes;
};

/* How a round ended that did not end as it should; PM_AS_BEFORE: none did. */
enum pm_departure { PM_AS_BEFORE, PM_FAILED, PM_LATE, PM_OTHERWISE };
enum pm_phase { PM_RESTING, PM_CONNECTING, PM_ASKING, PM_LISTENING, PM_DEPARTED };

struct pm_routine {
  /* The next round, or the deadline of the one under way. */
  struct pm_slot slot;
  uint64_t id;
  struct pm_outgoing from;
  struct pm_place to;
  /* Sent once connected, with the bytes of the parts behind it. No octets are expected: being connected is enough. */
  uint8_t *request;
  size_t request_length, octets;
  struct pm_part parts[PM_MOST_PARTS];
  int part_count;
  /* The answer ends with the connection, and not with its last octet. */
  bool until_end;
  int64_t period, timeout;

  enum pm_phase phase;
  int fd;
  /* When the round was due, and when it began. */
  int64_t due, began;
  bool had_pause;
  size_t sent, answered;
  /* Why the request was not sent in full, or 0. */
  int send_error;
  /* What came so far, where it did not come at once; has room for one octet more than is expected. */
  uint8_t *answer;

  /* Of rounds that ended as they should. */
  uint64_t rounds;
  int64_t last_began, last_took;

  enum pm_departure departure;
  /* PM_FAILED: the errno and the call. PM_OTHERWISE: the errno of reading, or 0. */
  int error;
  const char *call;
  struct pm_routine *next;
};

struct pm_asker {
  int poller;
  struct pm_schedule schedule;
  /* Those that departed from their routine, the oldest first, until somebody takes them. */
  struct pm_routine *departed, **last_departed;
};

int64_t pm_asker_now(void);
/* Answers 0 or an errno. */
int pm_asker_open(struct pm_asker *asker);
/* Hears what is there and begins what is due, a bounded number of each. */
void pm_asker_turn(struct pm_asker *asker);
/* The routine begins its first round at `due`; it stays the caller's to free, once it was stopped or departed. */
void pm_routine_begin(struct pm_asker *asker, struct pm_routine *routine, int64_t due);
/* Ends it, closes what is open and frees it. */
void pm_routine_end(struct pm_asker *asker, struct pm_routine *routine);

#endif
