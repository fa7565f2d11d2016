/* Handle objects of lines, beacons and watches, and values that several entry points read. Used by the API files. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "api.h"
#include "entries.h"
#include "memory.h"
#include "values.h"

#define MOST_PACKETS 255
#define MOST_BYTES 65535
/* Beyond this a double has no microseconds any more. */
#define MOST_TIME 9007199254740992.0

static const napi_type_tag object_tag = {0x2f6be1d05c7a4913ULL, 0xb84d0a92e35f7c61ULL};

napi_value pm_throw_memory(napi_env env) {
  pm_throw_errno(env, "malloc", ENOMEM);
  return NULL;
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  pm_disown(data);
}

napi_value pm_object_wrap(napi_env env, struct pm_object *object) {
  napi_value handle;
  if (napi_create_object(env, &handle) != napi_ok || napi_type_tag_object(env, handle, &object_tag) != napi_ok ||
      napi_wrap(env, handle, object, on_collected, NULL, NULL) != napi_ok) {
    pm_object_free(object);
    pm_throw_api(env, "cannot make a handle");
    return NULL;
  }
  return handle;
}

struct pm_object *pm_any_object_of(napi_env env, napi_value handle) {
  bool is_ours = false;
  void *data = NULL;
  if (napi_check_object_type_tag(env, handle, &object_tag, &is_ours) != napi_ok || !is_ours ||
      napi_unwrap(env, handle, &data) != napi_ok) {
    pm_throw_type(env, "not a handle of the pacemaker");
    return NULL;
  }
  return data;
}

static bool is_open(const struct pm_object *object) {
  if (!object->is_open || !object->pacer->is_running) return false;
  if (object->kind == PM_BEACON) return ((const struct pm_beacon *)object)->line->object.is_open;
  if (object->kind == PM_WATCH) return ((const struct pm_watch *)object)->line->object.is_open;
  return true;
}

struct pm_object *pm_object_of(napi_env env, napi_value handle, enum pm_object_kind kind) {
  struct pm_object *object = pm_any_object_of(env, handle);
  if (object == NULL) return NULL;
  if (object->kind != kind) {
    pm_throw_type(env, "a handle of another kind");
    return NULL;
  }
  if (!is_open(object)) {
    pm_throw_errno(env, "pacemaker", EBADF);
    return NULL;
  }
  return object;
}

struct pm_command *pm_command_for(napi_env env, enum pm_command_kind kind, struct pm_object *object) {
  struct pm_command *command;
  /* A getter among the arguments may have closed it. */
  if (!is_open(object)) {
    pm_throw_errno(env, "pacemaker", EBADF);
    return NULL;
  }
  command = pm_command_new(kind, object);
  if (command == NULL) (void)pm_throw_memory(env);
  return command;
}

napi_value pm_object_open(napi_env env, struct pm_object *object) {
  struct pm_command *command = pm_command_for(env, PM_DO_OPEN, object);
  napi_value handle;
  if (command == NULL) {
    pm_object_free(object);
    return NULL;
  }
  handle = pm_object_wrap(env, object);
  if (handle == NULL) {
    pm_command_free(command);
    return NULL;
  }
  (void)pm_give(object->pacer, command);
  return handle;
}

bool pm_time(napi_env env, napi_value value, const char *name, int64_t *out) {
  double number;
  char message[120];
  if (napi_get_value_double(env, value, &number) == napi_ok) {
    if (isnan(number)) {
      *out = PM_NEVER;
      return true;
    }
    if (fabs(number) < MOST_TIME) {
      *out = (int64_t)llround(number);
      return true;
    }
  }
  (void)strcpy(message, "not a time in microseconds: ");
  (void)strncat(message, name, sizeof message - strlen(message) - 1);
  pm_throw_type(env, message);
  return false;
}

bool pm_address(napi_env env, napi_value value, const char *name, size_t length, bool may_be_empty, uint8_t out[16],
                size_t *out_length) {
  const uint8_t *data;
  if (!pm_bytes(env, value, name, &data, out_length)) return false;
  if (*out_length == length || (may_be_empty && *out_length == 0)) {
    if (*out_length > 0) memcpy(out, data, *out_length);
    return true;
  }
  pm_throw_type(env, "an address has the wrong length for its family");
  return false;
}

size_t pm_address_length(const struct pm_line *line) {
  if (line->transport == PM_FRAMES) return 0;
  return line->family == AF_INET ? 4 : 16;
}

/* One packet as it lies in JavaScript. */
struct given {
  const uint8_t *bytes;
  size_t length;
  uint8_t destination[16];
  uint16_t port;
};

static bool read_packet(napi_env env, napi_value value, const struct pm_line *line, struct given *out) {
  napi_value parts[3];
  size_t address_length;
  int64_t port;
  for (uint32_t i = 0; i < 3; i++) {
    if (napi_get_element(env, value, i, &parts[i]) != napi_ok) {
      pm_throw_type(env, "a packet must be [bytes, destination, port]");
      return false;
    }
  }
  if (!pm_bytes(env, parts[0], "bytes", &out->bytes, &out->length) ||
      !pm_address(env, parts[1], "destination", pm_address_length(line), false, out->destination, &address_length) ||
      !pm_integer(env, parts[2], line->transport == PM_UDP ? 1 : 0, 65535, "port", &port)) {
    return false;
  }
  out->port = line->transport == PM_UDP ? (uint16_t)port : 0;
  if (out->length <= MOST_BYTES) return true;
  pm_throw_type(env, "a packet has at most 65535 bytes");
  return false;
}

struct pm_outgoing_list *pm_packets(napi_env env, napi_value value, const struct pm_line *line) {
  struct pm_outgoing_list *list;
  struct given given;
  uint32_t count = 0;
  size_t total = 0;
  uint8_t *bytes;
  bool is_array = false;
  if (napi_is_array(env, value, &is_array) != napi_ok || !is_array || napi_get_array_length(env, value, &count) != napi_ok ||
      count < 1 || count > MOST_PACKETS) {
    pm_throw_type(env, "packets must be an array of 1..255 packets");
    return NULL;
  }
  for (uint32_t i = 0; i < count; i++) {
    napi_value packet;
    PM_TRY(env, napi_get_element(env, value, i, &packet));
    if (!read_packet(env, packet, line, &given)) return NULL;
    total += given.length;
  }
  list = pm_outgoing_new(count, total);
  if (list == NULL) return pm_throw_memory(env), NULL;
  bytes = (uint8_t *)&list->items[count];
  for (uint32_t i = 0; i < count; i++) {
    struct pm_outgoing *packet = &list->items[i];
    napi_value again;
    /* Getters may have taken the bytes away that were measured. */
    if (napi_get_element(env, value, i, &again) != napi_ok || !read_packet(env, again, line, &given) || given.length > total) {
      pm_free(list);
      pm_throw_type(env, "packets changed while they were read");
      return NULL;
    }
    total -= given.length;
    if (given.length > 0) memcpy(bytes, given.bytes, given.length);
    packet->bytes = (struct iovec){.iov_base = bytes, .iov_len = given.length};
    pm_outgoing_address(line, packet, given.destination, given.port);
    bytes += given.length;
  }
  return list;
}

/* objectClose(handle): a line, beacon or watch; closing twice does nothing. */
napi_value pm_object_close(napi_env env, napi_callback_info info) {
  napi_value argument;
  struct pm_object *object;
  bool must_flush;
  if (!pm_arguments(env, info, 1, &argument)) return NULL;
  object = pm_any_object_of(env, argument);
  if (object != NULL && !pm_close(object, &must_flush)) (void)pm_throw_memory(env);
  return NULL;
}
