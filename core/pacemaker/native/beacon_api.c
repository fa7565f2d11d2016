/* Entry points of beacons. Their JavaScript signatures stand in src/native-pacemaker.ts. */

#include "api.h"
#include "entries.h"
#include "memory.h"
#include "values.h"

#define LEAST_INTERVAL 1000
#define MOST_INTERVAL 4294967296
/* Shares below would come so soon that a turn taken early is due again. */
#define LEAST_SHARE 0.01
#define MOST_SHARE 2.0

static bool read_share(napi_env env, napi_value value, double *out) {
  if (napi_get_value_double(env, value, out) == napi_ok && *out >= LEAST_SHARE && *out <= MOST_SHARE) return true;
  pm_throw_type(env, "shares of the interval must be in 0.01..2");
  return false;
}

/* A span that is not negative, or none. */
static bool read_span(napi_env env, napi_value value, const char *name, int64_t *out) {
  if (!pm_time(env, value, name, out)) return false;
  if (*out < 0) *out = -1;
  return true;
}

static bool is_nullish(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && (type == napi_undefined || type == napi_null);
}

static bool fill(napi_env env, const napi_value *arguments, struct pm_beacon *beacon) {
  beacon->packets = pm_packets(env, arguments[2], beacon->line);
  if (beacon->packets == NULL) return false;
  if (!pm_integer(env, arguments[3], LEAST_INTERVAL, MOST_INTERVAL, "intervalUs", &beacon->interval_us) ||
      !read_share(env, arguments[4], &beacon->jitter_least) || !read_share(env, arguments[5], &beacon->jitter_most) ||
      !pm_time(env, arguments[6], "firstAt", &beacon->first_at) ||
      !read_span(env, arguments[7], "leaseUs", &beacon->lease_us) ||
      !read_span(env, arguments[9], "latestUs", &beacon->latest_us) ||
      !pm_boolean(env, arguments[10], "tellsTurns", &beacon->tells_turns)) {
    return false;
  }
  if (beacon->first_at == PM_NEVER || beacon->jitter_most < beacon->jitter_least) {
    pm_throw_type(env, "a beacon needs a first turn, and jitter from the least to the most");
    return false;
  }
  if (is_nullish(env, arguments[8])) return true;
  beacon->last = pm_packets(env, arguments[8], beacon->line);
  return beacon->last != NULL;
}

/* beaconOpen(line, id, packets, intervalUs, least, most, firstAt, leaseUs | NaN, last | undefined, latestUs | NaN, tellsTurns) */
napi_value pm_beacon_open(napi_env env, napi_callback_info info) {
  napi_value arguments[11];
  int64_t id;
  struct pm_line *line;
  struct pm_beacon *beacon;
  if (!pm_arguments(env, info, 11, arguments) || !pm_integer(env, arguments[1], 0, UINT32_MAX, "id", &id)) return NULL;
  line = (struct pm_line *)pm_object_of(env, arguments[0], PM_LINE);
  if (line == NULL) return NULL;
  beacon = pm_beacon_new(line, (uint32_t)id);
  if (beacon == NULL) return pm_throw_memory(env);
  if (!fill(env, arguments, beacon)) {
    pm_object_free(&beacon->object);
    return NULL;
  }
  beacon->asked_next_at = beacon->first_at;
  atomic_store(&beacon->next_at, beacon->first_at);
  /* Whoever asks for a lease is turning right now. */
  if (beacon->lease_us >= 0) atomic_store_explicit(&line->object.pacer->renewed_at, pm_clock(), memory_order_relaxed);
  return pm_object_open(env, &beacon->object);
}

/* beaconSet(beacon, packets | undefined, intervalUs or 0: as it is, nextAt | NaN) */
napi_value pm_beacon_set_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  int64_t interval_us, next_at;
  struct pm_beacon *beacon;
  struct pm_command *command;
  struct pm_outgoing_list *packets = NULL;
  if (!pm_arguments(env, info, 4, arguments) ||
      !pm_integer(env, arguments[2], 0, MOST_INTERVAL, "intervalUs", &interval_us) ||
      !pm_time(env, arguments[3], "nextAt", &next_at)) {
    return NULL;
  }
  if (interval_us != 0 && interval_us < LEAST_INTERVAL) {
    pm_throw_type(env, "intervalUs must be at least 1000");
    return NULL;
  }
  beacon = (struct pm_beacon *)pm_object_of(env, arguments[0], PM_BEACON);
  if (beacon == NULL) return NULL;
  if (!is_nullish(env, arguments[1])) {
    packets = pm_packets(env, arguments[1], beacon->line);
    if (packets == NULL) return NULL;
  }
  command = pm_command_for(env, PM_DO_SET, &beacon->object);
  if (command == NULL) {
    pm_free(packets);
    return NULL;
  }
  command->packets = packets;
  command->interval_us = interval_us;
  command->next_at = next_at;
  beacon->changes++;
  beacon->asked_next_at = next_at;
  (void)pm_give(beacon->object.pacer, command);
  return NULL;
}

/* beaconState(beacon) -> [turns, nextAt], of a closed one too */
napi_value pm_beacon_state(napi_env env, napi_callback_info info) {
  napi_value argument, result, turns, next_at;
  struct pm_object *object;
  const struct pm_beacon *beacon;
  if (!pm_arguments(env, info, 1, &argument)) return NULL;
  object = pm_any_object_of(env, argument);
  if (object == NULL) return NULL;
  if (object->kind != PM_BEACON) {
    pm_throw_type(env, "not a beacon");
    return NULL;
  }
  beacon = (const struct pm_beacon *)object;
  PM_TRY(env, napi_create_array_with_length(env, 2, &result));
  PM_TRY(env, napi_create_double(env, (double)atomic_load_explicit(&beacon->turns, memory_order_relaxed), &turns));
  PM_TRY(env, napi_create_double(env, (double)pm_beacon_next_at(beacon), &next_at));
  PM_TRY(env, napi_set_element(env, result, 0, turns));
  PM_TRY(env, napi_set_element(env, result, 1, next_at));
  return result;
}
