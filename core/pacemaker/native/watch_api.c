/* Entry points of watches. Their JavaScript signatures stand in src/native-pacemaker.ts. */
#include <math.h>
#include <string.h>

#include "api.h"
#include "entries.h"
#include "memory.h"
#include "values.h"

#define MOST_RULES 65536

static bool read_rules(napi_env env, napi_value value, struct pm_filter *filter) {
  const uint8_t *data;
  size_t length;
  uint8_t *rules;
  if (!pm_bytes(env, value, "rules", &data, &length)) return false;
  if (length > MOST_RULES || !pm_rules_are_valid(data, length)) {
    pm_throw_type(env, "these are no rules of a filter");
    return false;
  }
  if (length == 0) return true;
  rules = pm_alloc(length);
  if (rules == NULL) return pm_throw_memory(env), false;
  memcpy(rules, data, length);
  filter->rules = rules;
  filter->rules_length = length;
  return true;
}

static bool read_filter(napi_env env, const napi_value *arguments, const struct pm_line *line, struct pm_filter *filter) {
  int64_t bounds[4], index;
  static const char *const names[4] = {"least hop limit", "greatest hop limit", "least length", "greatest length"};
  for (int i = 0; i < 4; i++) {
    if (!pm_integer(env, arguments[i], 0, INT32_MAX, names[i], &bounds[i])) return false;
  }
  if (!pm_integer(env, arguments[6], 0, INT32_MAX, "interfaceIndex", &index)) return false;
  filter->interface_index = (unsigned)index;
  filter->hop_limit_least = (int)bounds[0];
  filter->hop_limit_most = (int)bounds[1];
  filter->length_least = (size_t)bounds[2];
  filter->length_most = (size_t)bounds[3];
  return pm_address(env, arguments[4], "source", pm_address_length(line), true, filter->source, &filter->source_length) &&
         pm_address(env, arguments[7], "destination", pm_address_length(line), true, filter->destination,
                    &filter->destination_length) &&
         read_rules(env, arguments[5], filter);
}

/* Whether a key fits the line; -1 is none. */
static bool check_key(napi_env env, const struct pm_line *line, int64_t key) {
  size_t length = line->key.length;
  if (key < 0) return true;
  if (length == 4 || (length > 0 && key < (int64_t)1 << (8 * length))) return true;
  pm_throw_type(env, length == 0 ? "the line has no keys" : "the key does not fit the bytes of the line's key");
  return false;
}

/* How packets go back; 0: they do not. */
static bool read_returns(napi_env env, const napi_value *arguments, struct pm_watch *watch) {
  if (!pm_integer(env, arguments[0], 0, UINT32_MAX, "returnUs", &watch->returns.every_us) ||
      !pm_integer(env, arguments[1], 0, 65535, "returnBurst", &watch->returns.burst)) {
    return false;
  }
  if (watch->returns.every_us == 0 || (watch->line->transport == PM_UDP && watch->returns.burst > 0)) return true;
  pm_throw_type(env, "only UDP goes back, and one packet at a time at least");
  return false;
}

/*
 * watchOpen(line, id, key or -1, leastHopLimit, mostHopLimit, leastLength, mostLength, source, rules, interfaceIndex,
 * destination, returnUs, returnBurst)
 */
napi_value pm_watch_open(napi_env env, napi_callback_info info) {
  napi_value arguments[13];
  int64_t id, key;
  struct pm_line *line;
  struct pm_watch *watch;
  if (!pm_arguments(env, info, 13, arguments) || !pm_integer(env, arguments[1], 0, UINT32_MAX, "id", &id) ||
      !pm_integer(env, arguments[2], -1, UINT32_MAX, "key", &key)) {
    return NULL;
  }
  line = (struct pm_line *)pm_object_of(env, arguments[0], PM_LINE);
  if (line == NULL || !check_key(env, line, key)) return NULL;
  watch = pm_watch_new(line, (uint32_t)id);
  if (watch == NULL) return pm_throw_memory(env);
  if (!read_filter(env, arguments + 3, line, &watch->filter) || !read_returns(env, arguments + 11, watch)) {
    pm_object_free(&watch->object);
    return NULL;
  }
  watch->has_key = key >= 0;
  watch->key = key >= 0 ? (uint32_t)key : 0;
  return pm_object_open(env, &watch->object);
}

/* Source, destination, port, hop limit and payload of an expected packet. NULL: an exception is pending. */
static struct pm_expected *read_expected(napi_env env, const napi_value *arguments, const struct pm_line *line) {
  struct pm_received packet = {0};
  struct pm_expected *expected;
  size_t length;
  int64_t port, hop_limit;
  if (!pm_address(env, arguments[0], "source", pm_address_length(line), false, packet.source, &packet.address_length) ||
      !pm_address(env, arguments[1], "destination", pm_address_length(line), false, packet.destination, &length) ||
      !pm_integer(env, arguments[2], 0, 65535, "sourcePort", &port) ||
      !pm_integer(env, arguments[3], 0, 255, "hopLimit", &hop_limit) ||
      !pm_bytes(env, arguments[4], "payload", &packet.payload, &packet.payload_length)) {
    return NULL;
  }
  packet.source_port = (uint16_t)port;
  packet.hop_limit = (int)hop_limit;
  if (packet.payload_length > 65535) {
    pm_throw_type(env, "a packet has at most 65535 bytes");
    return NULL;
  }
  expected = pm_expected_new(&packet);
  if (expected == NULL) (void)pm_throw_memory(env);
  return expected;
}

/*
 * watchArm(watch, generation, deadline | NaN, rearmUs | NaN, warnUs | NaN, isRearmedByAny, hasExpected, source, destination,
 * sourcePort, hopLimit, payload)
 */
napi_value pm_watch_arm_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[12];
  int64_t generation;
  bool has_expected;
  struct pm_watch *watch;
  struct pm_command *command;
  struct pm_terms terms = {0};
  if (!pm_arguments(env, info, 12, arguments) ||
      !pm_integer(env, arguments[1], 0, UINT32_MAX, "generation", &generation) ||
      !pm_time(env, arguments[2], "deadline", &terms.deadline) || !pm_time(env, arguments[3], "rearmUs", &terms.rearm_us) ||
      !pm_time(env, arguments[4], "warnUs", &terms.warn_us) ||
      !pm_boolean(env, arguments[5], "isRearmedByAny", &terms.is_rearmed_by_any) ||
      !pm_boolean(env, arguments[6], "hasExpected", &has_expected)) {
    return NULL;
  }
  watch = (struct pm_watch *)pm_object_of(env, arguments[0], PM_WATCH);
  if (watch == NULL) return NULL;
  if (terms.rearm_us < 0) terms.rearm_us = -1;
  if (terms.warn_us < 0) terms.warn_us = -1;
  if (has_expected) {
    terms.expected = read_expected(env, arguments + 7, watch->line);
    if (terms.expected == NULL) return NULL;
  }
  command = pm_command_new(PM_DO_ARM, &watch->object);
  if (command == NULL) {
    pm_free(terms.expected);
    return pm_throw_memory(env);
  }
  command->terms = terms;
  if (!pm_prepare_arm(watch, command, (uint32_t)generation)) {
    pm_command_free(command);
    return pm_throw_memory(env);
  }
  (void)pm_give(watch->object.pacer, command);
  return NULL;
}

/* watchState(watch) -> [heardAt | NaN, consumed, repeatsAt | NaN, repeats, returned, withheld], of a closed one too */
napi_value pm_watch_state(napi_env env, napi_callback_info info) {
  napi_value argument, result, member;
  struct pm_object *object;
  const struct pm_watch *watch;
  int64_t heard_at, repeats_at;
  if (!pm_arguments(env, info, 1, &argument)) return NULL;
  object = pm_any_object_of(env, argument);
  if (object == NULL) return NULL;
  if (object->kind != PM_WATCH) {
    pm_throw_type(env, "not a watch");
    return NULL;
  }
  watch = (const struct pm_watch *)object;
  heard_at = pm_watch_heard_at(watch);
  repeats_at = atomic_load_explicit(&watch->repeats_at, memory_order_relaxed);
  const double members[] = {heard_at == PM_NEVER ? (double)NAN : (double)heard_at,
                            (double)atomic_load_explicit(&watch->consumed, memory_order_relaxed),
                            repeats_at == PM_NEVER ? (double)NAN : (double)repeats_at,
                            (double)atomic_load_explicit(&watch->repeats, memory_order_relaxed),
                            (double)atomic_load_explicit(&watch->returns.returned, memory_order_relaxed),
                            (double)atomic_load_explicit(&watch->returns.withheld, memory_order_relaxed)};
  const uint32_t count = sizeof members / sizeof members[0];
  PM_TRY(env, napi_create_array_with_length(env, count, &result));
  for (uint32_t i = 0; i < count; i++) {
    PM_TRY(env, napi_create_double(env, members[i], &member));
    PM_TRY(env, napi_set_element(env, result, i, member));
  }
  return result;
}
