/* Entry points of lines. Their JavaScript signatures stand in src/native-pacemaker.ts. */
#include <errno.h>
#include <unistd.h>

#include "api.h"
#include "entries.h"
#include "interface.h"
#include "memory.h"
#include "values.h"

/* The arguments of lineOpen that are numbers, in their order behind the handle. */
enum number { ID, TRANSPORT, FAMILY, NUMBER, INTERFACE, HOP_LIMIT, TRAFFIC_CLASS, KEY_OFFSET, KEY_LENGTH, TELLS_STRAYS, NUMBERS };

/* What stands behind them. */
enum { ADDRESS = NUMBERS + 1, RULES, ARGUMENTS };

#define MOST_RULES 4096

struct rules {
  const uint8_t *data;
  size_t length;
};

static const struct {
  const char *name;
  int64_t least, most;
} bounds[NUMBERS] = {
    [ID] = {"id", 0, UINT32_MAX},
    [TRANSPORT] = {"transport", PM_IP, PM_FRAMES},
    [FAMILY] = {"family", 4, 6},
    [NUMBER] = {"protocol, port or ether type", 1, 65535},
    [INTERFACE] = {"interfaceIndex", 0, INT32_MAX},
    [HOP_LIMIT] = {"hopLimit", 1, 255},
    [TRAFFIC_CLASS] = {"trafficClass", 0, 255},
    [KEY_OFFSET] = {"key offset", 0, PM_KEY_OF_SOURCE},
    [KEY_LENGTH] = {"key length", 0, 4},
    [TELLS_STRAYS] = {"tellsStrays", 0, 1},
};

struct sockets {
  struct pm_opened receive;
  struct pm_opened send;
};

static struct sockets open_sockets(const int64_t numbers[NUMBERS], const struct pm_udp_place *place, const struct rules *rules) {
  struct sockets sockets;
  unsigned index = (unsigned)numbers[INTERFACE];
  if (numbers[TRANSPORT] == PM_IP) {
    sockets.receive = pm_open_raw_receiver(place->family, (int)numbers[NUMBER], index, PM_SOCKET_BUFFER);
    if (sockets.receive.error != 0) return sockets;
    sockets.send = pm_open_raw_sender(place->family, index);
    if (sockets.send.error != 0) (void)close(sockets.receive.fd);
    if (sockets.send.error != 0) sockets.receive = sockets.send;
  } else if (numbers[TRANSPORT] == PM_UDP) {
    sockets.receive = sockets.send = pm_open_udp(place);
  } else {
    sockets.receive = sockets.send = pm_open_frames(index, (uint16_t)numbers[NUMBER], true, rules->data, rules->length);
  }
  if (sockets.receive.error == 0) pm_set_receive_buffer(sockets.receive.fd, PM_SOCKET_BUFFER);
  if (sockets.receive.error == 0) pm_set_send_buffer(sockets.send.fd, PM_SOCKET_BUFFER);
  return sockets;
}

static struct pm_line *make_line(struct pm_pacer *pacer, const int64_t numbers[NUMBERS], int family,
                                 const struct sockets *sockets) {
  struct pm_key_place key = {.offset = (size_t)numbers[KEY_OFFSET], .length = (size_t)numbers[KEY_LENGTH]};
  struct pm_line *line = pm_line_new(pacer, (uint32_t)numbers[ID], (enum pm_transport)numbers[TRANSPORT], family,
                                     (unsigned)numbers[INTERFACE], key);
  if (line == NULL) return NULL;
  line->ether_type = (uint16_t)numbers[NUMBER];
  line->tells_strays = numbers[TELLS_STRAYS] != 0;
  line->receive_fd = sockets->receive.fd;
  line->send_fd = sockets->send.fd;
  return line;
}

static bool read_numbers(napi_env env, const napi_value *arguments, int64_t numbers[NUMBERS]) {
  for (int i = 0; i < NUMBERS; i++) {
    if (!pm_integer(env, arguments[i], bounds[i].least, bounds[i].most, bounds[i].name, &numbers[i])) return false;
  }
  if (numbers[FAMILY] == 5 || numbers[KEY_LENGTH] == 3 || (numbers[TRANSPORT] == PM_IP && numbers[NUMBER] > 255)) {
    pm_throw_type(env, "no such family, key length or protocol");
    return false;
  }
  if (numbers[KEY_OFFSET] == PM_KEY_OF_SOURCE && (numbers[KEY_LENGTH] != 4 || numbers[TRANSPORT] == PM_FRAMES)) {
    pm_throw_type(env, "a key out of the source address has 4 bytes, and frames have none");
    return false;
  }
  if (numbers[INTERFACE] != 0 || numbers[TRANSPORT] == PM_UDP) return true;
  pm_throw_type(env, "only UDP can be on every interface: interfaceIndex 0");
  return false;
}

static bool read_rules(napi_env env, napi_value value, enum pm_transport transport, struct rules *rules) {
  if (!pm_bytes(env, value, "rules", &rules->data, &rules->length)) return false;
  if (rules->length == 0) return true;
  if (transport == PM_FRAMES && rules->length <= MOST_RULES && pm_rules_are_valid(rules->data, rules->length)) return true;
  pm_throw_type(env, "these are no rules for frames");
  return false;
}

/*
 * lineOpen(pacer, id, transport, family, number, interfaceIndex, hopLimit, trafficClass, keyOffset, keyLength, tellsStrays, address,
 * rules)
 */
napi_value pm_line_open(napi_env env, napi_callback_info info) {
  napi_value arguments[ARGUMENTS], handle;
  int64_t numbers[NUMBERS];
  struct pm_udp_place place = {0};
  struct sockets sockets;
  struct rules rules;
  struct pm_pacer *pacer;
  struct pm_line *line;
  if (!pm_arguments(env, info, ARGUMENTS, arguments) || !read_numbers(env, arguments + 1, numbers) ||
      !pm_address(env, arguments[ADDRESS], "address", numbers[FAMILY] == 4 ? 4 : 16, true, place.address,
                  &place.address_length) ||
      !read_rules(env, arguments[RULES], (enum pm_transport)numbers[TRANSPORT], &rules)) {
    return NULL;
  }
  pacer = pm_pacer_of(env, arguments[0]);
  if (pacer == NULL) return NULL;
  place.family = numbers[FAMILY] == 4 ? AF_INET : AF_INET6;
  place.interface_index = (unsigned)numbers[INTERFACE];
  place.port = (uint16_t)numbers[NUMBER];
  place.hop_limit = (int)numbers[HOP_LIMIT];
  place.traffic_class = (int)numbers[TRAFFIC_CLASS];
  sockets = open_sockets(numbers, &place, &rules);
  if (sockets.receive.error == EADDRINUSE) {
    /* Perhaps by a line that was closed just now and whose socket the thread has yet to close. */
    pm_await_closed_lines(pacer);
    sockets = open_sockets(numbers, &place, &rules);
  }
  if (sockets.receive.error != 0) {
    pm_throw_errno(env, sockets.receive.call, sockets.receive.error);
    return NULL;
  }
  line = make_line(pacer, numbers, place.family, &sockets);
  handle = line == NULL ? pm_throw_memory(env) : pm_object_open(env, &line->object);
  if (handle == NULL) {
    (void)close(sockets.receive.fd);
    if (sockets.send.fd != sockets.receive.fd) (void)close(sockets.send.fd);
  }
  return handle;
}

/* lineMembership(line, join, group): 4 or 16 bytes, of frames 6. */
napi_value pm_line_membership(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  const uint8_t *group;
  size_t length, expected;
  struct pm_line *line;
  bool join;
  int error;
  if (!pm_arguments(env, info, 3, arguments) || !pm_boolean(env, arguments[1], "join", &join) ||
      !pm_bytes(env, arguments[2], "group", &group, &length)) {
    return NULL;
  }
  line = (struct pm_line *)pm_object_of(env, arguments[0], PM_LINE);
  if (line == NULL) return NULL;
  expected = line->transport == PM_FRAMES ? 6 : pm_address_length(line);
  if (length != expected) {
    pm_throw_type(env, "the group address has the wrong length for the line");
    return NULL;
  }
  error = pm_set_membership(line->receive_fd, line->transport == PM_FRAMES ? AF_PACKET : line->family,
                            line->interface_index, join, group);
  if (error != 0) pm_throw_errno(env, join ? "join group" : "leave group", error);
  return NULL;
}

/* lineSend(line, packets) */
napi_value pm_line_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct pm_outgoing_list *packets;
  struct pm_command *command;
  struct pm_line *line;
  if (!pm_arguments(env, info, 2, arguments)) return NULL;
  line = (struct pm_line *)pm_object_of(env, arguments[0], PM_LINE);
  if (line == NULL) return NULL;
  packets = pm_packets(env, arguments[1], line);
  if (packets == NULL) return NULL;
  command = pm_command_for(env, PM_DO_SEND, &line->object);
  if (command == NULL) {
    pm_free(packets);
    return NULL;
  }
  command->packets = packets;
  (void)pm_give(line->object.pacer, command);
  return NULL;
}

/* lineDrops(line) -> packets lost before delivery: dropped by the kernel, or discarded because they contradict themselves */
napi_value pm_line_drops(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  struct pm_line *line;
  if (!pm_arguments(env, info, 1, &argument)) return NULL;
  line = (struct pm_line *)pm_object_of(env, argument, PM_LINE);
  if (line == NULL) return NULL;
  PM_TRY(env, napi_create_double(env, (double)(pm_kernel_drops(line->receive_fd) + atomic_load(&line->discarded)), &result));
  return result;
}

/* lineUntold(line) -> packets that were not told because too many came */
napi_value pm_line_untold(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  struct pm_line *line;
  if (!pm_arguments(env, info, 1, &argument)) return NULL;
  line = (struct pm_line *)pm_object_of(env, argument, PM_LINE);
  if (line == NULL) return NULL;
  PM_TRY(env, napi_create_double(env, (double)atomic_load(&line->untold), &result));
  return result;
}
