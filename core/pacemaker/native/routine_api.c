/* Entry points of routines: JavaScript begins them, ends them, reads how they go, and is told of those that departed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "entries.h"
#include "outgoing_api.h"
#include "values.h"

#define MOST_TEXT 4096
/* In front of the bytes of a part. */
#define PART_HEAD 8
/* Microseconds: 158 years, of which as many again fit into nanoseconds. */
#define MOST_TIME INT64_C(5000000000000000)

/* askerOpen(onDeparted) */
napi_value pm_asker_open_entry(napi_env env, napi_callback_info info) {
  napi_value argument;
  if (!pm_arguments(env, info, 1, &argument) || !pm_is_function(env, argument, "onDeparted")) return NULL;
  return pm_asker_make(env, argument);
}

/* askerClose(handle): ends its routines. */
napi_value pm_asker_close_entry(napi_env env, napi_callback_info info) {
  napi_value argument;
  if (!pm_arguments(env, info, 1, &argument)) return NULL;
  struct pm_asker_handle *asker = pm_asker_of(env, argument);
  if (asker != NULL) pm_asker_close(asker);
  return NULL;
}

static uint32_t number_at(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Parts, each as offset in the answer and length (4 octets each, big endian) and its bytes. Answers what is wrong with them, or NULL. */
static const char *read_parts(struct pm_routine *routine, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    struct pm_part *part = &routine->parts[routine->part_count];
    if (routine->part_count == PM_MOST_PARTS) return "an answer has at most 8 parts";
    if (length < PART_HEAD) return "a part is cut short";
    *part = (struct pm_part){.at = number_at(bytes), .length = number_at(bytes + 4), .bytes = bytes + PART_HEAD};
    if (part->length > length - PART_HEAD) return "a part is cut short";
    if (part->length > routine->octets || part->at > routine->octets - part->length) return "a part must lie within the answer";
    bytes += PART_HEAD + part->length;
    length -= PART_HEAD + part->length;
    routine->part_count++;
  }
  return NULL;
}

/* What is sent and what is compared, in one block of the routine. */
static bool copy_texts(napi_env env, napi_value request, napi_value parts, struct pm_routine *routine) {
  const uint8_t *asked, *compared;
  size_t length;
  if (!pm_bytes(env, request, "request", &asked, &routine->request_length) || !pm_bytes(env, parts, "parts", &compared, &length)) {
    return false;
  }
  if (routine->request_length > MOST_TEXT || length > MOST_TEXT + PM_MOST_PARTS * PART_HEAD) {
    pm_throw_type(env, "request and parts have at most 4096 bytes each");
    return false;
  }
  routine->request = malloc(routine->request_length + length + 1);
  if (routine->request == NULL) {
    pm_throw_errno(env, "malloc", ENOMEM);
    return false;
  }
  uint8_t *copy = routine->request + routine->request_length;
  if (routine->request_length > 0) memcpy(routine->request, asked, routine->request_length);
  if (length > 0) memcpy(copy, compared, length);
  const char *wrong = read_parts(routine, copy, length);
  if (wrong != NULL) pm_throw_type(env, wrong);
  return wrong == NULL;
}

static bool read_times(napi_env env, const napi_value *arguments, struct pm_routine *routine, int64_t *due_in) {
  int64_t period, timeout;
  if (!pm_integer(env, arguments[0], 0, MOST_TIME, "dueInUs", due_in) ||
      !pm_integer(env, arguments[1], 1, MOST_TIME, "periodUs", &period) ||
      !pm_integer(env, arguments[2], 0, MOST_TIME, "timeoutUs", &timeout)) {
    return false;
  }
  routine->period = period * 1000;
  routine->timeout = timeout * 1000;
  return true;
}

static bool read_question(napi_env env, const napi_value *arguments, struct pm_routine *routine) {
  int64_t octets;
  size_t length = routine->from.family == AF_INET6 ? 16 : 4;
  if (!pm_place_of(env, arguments[0], arguments[1], length, "remote", &routine->to) ||
      !pm_integer(env, arguments[4], 0, PM_MOST_ANSWER, "octets", &octets) ||
      !pm_boolean(env, arguments[5], "untilEnd", &routine->until_end)) {
    return false;
  }
  routine->octets = (size_t)octets;
  return copy_texts(env, arguments[2], arguments[3], routine);
}

/*
 * routineBegin(asker, family, link, mark, local, localPort, remote, remotePort, request, parts, octets, untilEnd, dueInUs, periodUs,
 * timeoutUs) -> its id
 */
napi_value pm_routine_begin_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[15], id;
  int64_t due_in;
  if (!pm_arguments(env, info, 15, arguments)) return NULL;
  struct pm_asker_handle *asker = pm_asker_of(env, arguments[0]);
  if (asker == NULL) return NULL;
  struct pm_routine *routine = calloc(1, sizeof *routine);
  if (routine == NULL) {
    pm_throw_errno(env, "calloc", ENOMEM);
    return NULL;
  }
  if (!pm_outgoing_of(env, arguments + 1, &routine->from) || !read_question(env, arguments + 6, routine) ||
      !read_times(env, arguments + 12, routine, &due_in)) {
    free(routine->request);
    free(routine);
    return NULL;
  }
  if (!pm_asker_add(asker, routine)) {
    free(routine->request);
    free(routine);
    pm_throw_errno(env, "malloc", ENOMEM);
    return NULL;
  }
  pm_routine_begin(&asker->asker, routine, pm_asker_now() + due_in * 1000);
  pm_asker_arm(asker);
  PM_TRY(env, napi_create_double(env, (double)routine->id, &id));
  return id;
}

static double microseconds(int64_t nanoseconds) { return (double)nanoseconds / 1000; }

static bool set_history(napi_env env, napi_value object, const struct pm_routine *routine, int64_t now) {
  return pm_set_number(env, object, "rounds", (double)routine->rounds) &&
         pm_set_number(env, object, "lastBeganAgoUs", microseconds(now - routine->last_began)) &&
         pm_set_number(env, object, "lastTookUs", microseconds(routine->last_took));
}

static napi_value facts_of(napi_env env, const struct pm_routine *routine) {
  napi_value facts;
  int64_t now = pm_asker_now();
  PM_TRY(env, napi_create_object(env, &facts));
  if (!set_history(env, facts, routine, now) || !pm_set_number(env, facts, "dueInUs", microseconds(routine->due - now)) ||
      !pm_set_boolean(env, facts, "isUnderWay", routine->phase != PM_RESTING)) {
    pm_throw_api(env, "cannot tell of a routine");
    return NULL;
  }
  return facts;
}

static struct pm_routine *routine_of(napi_env env, napi_callback_info info, struct pm_asker_handle **asker) {
  napi_value arguments[2];
  int64_t id;
  if (!pm_arguments(env, info, 2, arguments)) return NULL;
  *asker = pm_asker_of(env, arguments[0]);
  if (*asker == NULL || !pm_integer(env, arguments[1], 0, INT64_C(1) << 53, "id", &id)) return NULL;
  struct pm_routine *routine = pm_asker_find(*asker, (uint64_t)id);
  if (routine == NULL) pm_throw_errno(env, "routine", EBADF);
  return routine;
}

/* routineFacts(asker, id) -> how it goes */
napi_value pm_routine_facts_entry(napi_env env, napi_callback_info info) {
  struct pm_asker_handle *asker;
  const struct pm_routine *routine = routine_of(env, info, &asker);
  return routine == NULL ? NULL : facts_of(env, routine);
}

/* routineEnd(asker, id) -> how it went; closes what is open. */
napi_value pm_routine_end_entry(napi_env env, napi_callback_info info) {
  struct pm_asker_handle *asker;
  struct pm_routine *routine = routine_of(env, info, &asker);
  if (routine == NULL) return NULL;
  napi_value facts = facts_of(env, routine);
  pm_asker_remove(asker, routine);
  pm_asker_arm(asker);
  return facts;
}

napi_value pm_departed_value(napi_env env, struct pm_routine *routine) {
  napi_value departed, call;
  int64_t now = pm_asker_now();
  PM_TRY(env, napi_create_object(env, &departed));
  PM_TRY(env, napi_create_string_utf8(env, routine->call == NULL ? "" : routine->call, NAPI_AUTO_LENGTH, &call));
  if (!pm_set_number(env, departed, "id", (double)routine->id) || !set_history(env, departed, routine, now) ||
      !pm_set_number(env, departed, "dueAgoUs", microseconds(now - routine->due)) ||
      !pm_set_number(env, departed, "beganAgoUs", microseconds(now - routine->began)) ||
      !pm_set_boolean(env, departed, "hadPause", routine->had_pause) ||
      !pm_set_number(env, departed, "departure", routine->departure) || !pm_set_number(env, departed, "error", routine->error) ||
      napi_set_named_property(env, departed, "call", call) != napi_ok ||
      !pm_set_bytes(env, departed, "answer", routine->answer == NULL ? (const uint8_t *)"" : routine->answer, routine->answered) ||
      !pm_set_number(env, departed, "fd", routine->fd)) {
    pm_throw_api(env, "cannot tell of a routine that departed");
    return NULL;
  }
  /* From here the socket is JavaScript's to close. */
  routine->fd = -1;
  return departed;
}
