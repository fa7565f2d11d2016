/* Entry points for what a watch sends and does at silence. Their JavaScript signatures stand in src/native-pacemaker.ts. */
#include <errno.h>
#include <string.h>

#include "api.h"
#include "entries.h"
#include "memory.h"
#include "values.h"

/* One datagram to the kernel, and an address each for as many as an advertisement holds. */
#define MOST_REQUEST_BYTES 65536
#define MOST_FRAMES 1024
#define MOST_REPEAT_US ((int64_t)1 << 40)
#define LEAST_FRAME 14
#define LEAST_INTERVAL_US 1000
#define MOST_FRAME 1514

struct span {
  const uint8_t *bytes;
  size_t length;
};

/* [interfaceIndex, frame] at a place of the list. */
static bool read_frame(napi_env env, napi_value list, uint32_t place, int64_t *index, struct span *frame) {
  napi_value item, first, second;
  if (napi_get_element(env, list, place, &item) != napi_ok || napi_get_element(env, item, 0, &first) != napi_ok ||
      napi_get_element(env, item, 1, &second) != napi_ok) {
    pm_throw_type(env, "frames must be pairs of an interface and a frame");
    return false;
  }
  if (!pm_integer(env, first, 1, INT32_MAX, "interfaceIndex", index) ||
      !pm_bytes(env, second, "frame", &frame->bytes, &frame->length)) {
    return false;
  }
  if (frame->length >= LEAST_FRAME && frame->length <= MOST_FRAME) return true;
  pm_throw_type(env, "a frame has 14 to 1514 bytes");
  return false;
}

static bool measure(napi_env env, napi_value list, uint32_t *count, size_t *bytes) {
  if (napi_get_array_length(env, list, count) != napi_ok || *count > MOST_FRAMES) {
    pm_throw_type(env, "frames must be a list of at most 1024");
    return false;
  }
  for (uint32_t i = 0; i < *count; i++) {
    int64_t index;
    struct span frame;
    if (!read_frame(env, list, i, &index, &frame)) return false;
    *bytes += frame.length;
  }
  return true;
}

/* False: an exception is pending. `out` is NULL where there is nothing to do. */
static bool read_deeds(napi_env env, napi_value requests_value, napi_value list, struct pm_deeds **out) {
  struct span requests;
  uint32_t count = 0;
  size_t bytes = 0;
  uint8_t *place;
  *out = NULL;
  if (!measure(env, list, &count, &bytes)) return false;
  /* After the getters that the list may have: they could take the bytes away. */
  if (!pm_bytes(env, requests_value, "requests", &requests.bytes, &requests.length)) return false;
  if (requests.length > MOST_REQUEST_BYTES) return pm_throw_type(env, "requests have at most 65536 bytes"), false;
  if (count == 0 && requests.length == 0) return true;
  *out = pm_deeds_new(count, bytes + requests.length);
  if (*out == NULL) return pm_throw_memory(env), false;
  place = (uint8_t *)&(*out)->frames[count];
  (*out)->requests = place;
  (*out)->requests_length = requests.length;
  if (requests.length > 0) memcpy(place, requests.bytes, requests.length);
  place += requests.length;
  for (uint32_t i = 0; i < count; i++) {
    struct pm_deed_frame *frame = &(*out)->frames[i];
    struct span source;
    int64_t index;
    /* Getters may answer otherwise than before, or with a longer frame than there is room for. */
    if (!read_frame(env, list, i, &index, &source) || source.length > bytes) {
      pm_free(*out);
      *out = NULL;
      pm_throw_type(env, "frames changed while they were read");
      return false;
    }
    bytes -= source.length;
    memcpy(place, source.bytes, source.length);
    frame->interface_index = (unsigned)index;
    frame->ether_type = (uint16_t)(place[12] << 8 | place[13]);
    frame->bytes = place;
    frame->length = source.length;
    place += source.length;
  }
  return true;
}

static struct pm_watch *watch_of(napi_env env, napi_value handle) {
  return (struct pm_watch *)pm_object_of(env, handle, PM_WATCH);
}

/*
 * watchForesee(watch, packets, requests, frames, repeatUs, repeatForUs): done at silence where watchConsent was given; the packets go
 * on at that distance, 0 for not at all, until the watch is armed or foresees anew.
 */
napi_value pm_watch_foresee_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  int64_t repeat_us, repeat_for_us;
  struct pm_watch *watch;
  struct pm_command *command;
  struct pm_outgoing_list *packets;
  struct pm_deeds *deeds;
  if (!pm_arguments(env, info, 6, arguments) ||
      !pm_integer(env, arguments[4], 0, MOST_REPEAT_US, "repeatUs", &repeat_us) ||
      !pm_integer(env, arguments[5], 0, MOST_REPEAT_US, "repeatForUs", &repeat_for_us)) {
    return NULL;
  }
  watch = watch_of(env, arguments[0]);
  if (watch == NULL) return NULL;
  packets = pm_packets(env, arguments[1], watch->line);
  if (packets == NULL) return NULL;
  if (!read_deeds(env, arguments[2], arguments[3], &deeds)) {
    pm_free(packets);
    return NULL;
  }
  command = pm_command_for(env, PM_DO_FORESEE, &watch->object);
  if (command == NULL) {
    pm_free(packets);
    pm_free(deeds);
    return NULL;
  }
  command->packets = packets;
  command->deeds = deeds;
  command->repeat_us = repeat_us;
  command->repeat_for_us = repeat_for_us;
  (void)pm_give(watch->object.pacer, command);
  return NULL;
}

/*
 * watchConsent(watch, generation, packetsRead): under the terms of that generation, where so many packets are all that came, and
 * until anything is heard.
 */
napi_value pm_watch_consent_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  int64_t generation, packets_read;
  struct pm_watch *watch;
  struct pm_command *command;
  if (!pm_arguments(env, info, 3, arguments) || !pm_integer(env, arguments[1], 0, UINT32_MAX, "generation", &generation) ||
      !pm_integer(env, arguments[2], 0, UINT32_MAX, "packetsRead", &packets_read)) {
    return NULL;
  }
  watch = watch_of(env, arguments[0]);
  if (watch == NULL) return NULL;
  command = pm_command_for(env, PM_DO_CONSENT, &watch->object);
  if (command == NULL) return NULL;
  command->terms.generation = (uint32_t)generation;
  command->packets_read = (uint32_t)packets_read;
  command->consumed = atomic_load_explicit(&watch->consumed, memory_order_relaxed);
  (void)pm_give(watch->object.pacer, command);
  return NULL;
}

/*
 * watchTurn(watch, beacon | undefined, packets, intervalUs, packetsRead): at silence the beacon goes on with these packets at that
 * interval, and begins at once, where so many packets are all that were told.
 */
napi_value pm_watch_turn_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  napi_valuetype type;
  int64_t interval_us, packets_read;
  struct pm_watch *watch;
  struct pm_beacon *beacon = NULL;
  struct pm_outgoing_list *packets = NULL;
  struct pm_command *command;
  if (!pm_arguments(env, info, 5, arguments) ||
      !pm_integer(env, arguments[3], LEAST_INTERVAL_US, UINT32_MAX, "intervalUs", &interval_us) ||
      !pm_integer(env, arguments[4], 0, UINT32_MAX, "packetsRead", &packets_read)) {
    return NULL;
  }
  watch = watch_of(env, arguments[0]);
  if (watch == NULL) return NULL;
  PM_TRY(env, napi_typeof(env, arguments[1], &type));
  if (type != napi_undefined) {
    beacon = (struct pm_beacon *)pm_object_of(env, arguments[1], PM_BEACON);
    if (beacon == NULL || (packets = pm_packets(env, arguments[2], beacon->line)) == NULL) return NULL;
    /* A getter among the packets may have closed it. */
    if (!beacon->object.is_open || !beacon->line->object.is_open) {
      pm_free(packets);
      pm_throw_errno(env, "pacemaker", EBADF);
      return NULL;
    }
  }
  command = pm_command_for(env, PM_DO_TURN, &watch->object);
  if (command == NULL) {
    pm_free(packets);
    return NULL;
  }
  command->beacon = beacon;
  command->packets = packets;
  command->interval_us = interval_us;
  command->packets_read = (uint32_t)packets_read;
  (void)pm_give(watch->object.pacer, command);
  return NULL;
}

/* watchRead(watch, packetsRead): so many packets of the watch have been read, and what they led to was asked for before. */
napi_value pm_watch_read_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int64_t packets_read;
  struct pm_watch *watch;
  struct pm_command *command;
  if (!pm_arguments(env, info, 2, arguments) || !pm_integer(env, arguments[1], 0, UINT32_MAX, "packetsRead", &packets_read)) {
    return NULL;
  }
  watch = watch_of(env, arguments[0]);
  if (watch == NULL) return NULL;
  command = pm_command_for(env, PM_DO_READ, &watch->object);
  if (command == NULL) return NULL;
  command->packets_read = (uint32_t)packets_read;
  (void)pm_give(watch->object.pacer, command);
  return NULL;
}
