/* Memory of lines, beacons, watches and packets, on the user thread. Used by the API files. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "memory.h"
#include "user.h"

static void begin(struct pm_object *object, struct pm_pacer *pacer, enum pm_object_kind kind, uint32_t id) {
  object->returned.kind = PM_LINK_OBJECT;
  object->mail.kind = PM_LINK_OBJECT;
  object->pacer = pacer;
  object->kind = kind;
  object->id = id;
  object->owners = 2;
  object->is_open = true;
  pacer->owners++;
}

struct pm_line *pm_line_new(struct pm_pacer *pacer, uint32_t id, enum pm_transport transport, int family,
                            unsigned interface_index, struct pm_key_place key) {
  struct pm_line *line = pm_alloc(sizeof *line);
  if (line == NULL) return NULL;
  if (key.length != 0) {
    line->buckets = pm_alloc(PM_BUCKETS * sizeof *line->buckets);
    line->sources = pm_alloc(2 * PM_SOURCES * sizeof *line->sources);
    if (line->buckets == NULL || line->sources == NULL) {
      pm_free(line->buckets);
      pm_free(line->sources);
      pm_free(line);
      return NULL;
    }
  }
  begin(&line->object, pacer, PM_LINE, id);
  line->transport = transport;
  line->family = family;
  line->interface_index = interface_index;
  line->key = key;
  line->receive_fd = line->send_fd = -1;
  line->tells_strays = true;
  for (int i = 0; i < PM_TROUBLES; i++) line->troubles[i].told_at = PM_NEVER;
  return line;
}

struct pm_beacon *pm_beacon_new(struct pm_line *line, uint32_t id) {
  struct pm_beacon *beacon = pm_alloc(sizeof *beacon);
  if (beacon == NULL) return NULL;
  begin(&beacon->object, line->object.pacer, PM_BEACON, id);
  beacon->line = line;
  line->object.owners++;
  beacon->jitter_least = beacon->jitter_most = 1;
  beacon->lease_us = beacon->latest_us = -1;
  beacon->random = (uint64_t)pm_clock() << 20 ^ id ^ (uint64_t)(uintptr_t)beacon;
  return beacon;
}

struct pm_watch *pm_watch_new(struct pm_line *line, uint32_t id) {
  struct pm_watch *watch = pm_alloc(sizeof *watch);
  if (watch == NULL) return NULL;
  begin(&watch->object, line->object.pacer, PM_WATCH, id);
  watch->line = line;
  line->object.owners++;
  watch->filter.hop_limit_most = INT32_MAX;
  watch->filter.length_most = SIZE_MAX;
  watch->terms.deadline = PM_NEVER;
  watch->returns.due = PM_NEVER;
  watch->terms.rearm_us = -1;
  watch->terms.warn_us = -1;
  atomic_store(&watch->heard_at, PM_NEVER);
  atomic_store(&watch->repeats_at, PM_NEVER);
  return watch;
}

void pm_object_free(struct pm_object *object) {
  struct pm_pacer *pacer = object->pacer;
  if (object->kind == PM_LINE) {
    pm_free(((struct pm_line *)object)->buckets);
    pm_free(((struct pm_line *)object)->sources);
  } else if (object->kind == PM_BEACON) {
    struct pm_beacon *beacon = (struct pm_beacon *)object;
    pm_free(beacon->packets);
    pm_free(beacon->last);
    pm_disown(&beacon->line->object);
  } else {
    struct pm_watch *watch = (struct pm_watch *)object;
    pm_free((void *)(uintptr_t)watch->filter.rules);
    pm_free(watch->terms.expected);
    pm_free(watch->words);
    pm_free(watch->turned_packets);
    pm_free(watch->deeds);
    pm_free(watch->doing);
    pm_free(watch->asked_expected);
    pm_disown(&watch->line->object);
  }
  pm_free(object);
  pm_pacer_disown(pacer);
}

struct pm_outgoing_list *pm_outgoing_new(size_t count, size_t bytes) {
  struct pm_outgoing_list *list = pm_alloc(sizeof *list + count * sizeof list->items[0] + bytes);
  if (list != NULL) list->count = count;
  return list;
}

struct pm_deeds *pm_deeds_new(size_t frame_count, size_t bytes) {
  struct pm_deeds *deeds = pm_alloc(sizeof *deeds + frame_count * sizeof deeds->frames[0] + bytes);
  if (deeds != NULL) deeds->frame_count = frame_count;
  return deeds;
}

void pm_outgoing_address(const struct pm_line *line, struct pm_outgoing *packet, const uint8_t *destination, uint16_t port) {
  if (line->transport == PM_FRAMES) {
    packet->to.frame = (struct sockaddr_ll){.sll_family = AF_PACKET,
                                            .sll_ifindex = (int)line->interface_index,
                                            .sll_protocol = htons(line->ether_type)};
    packet->to_length = sizeof packet->to.frame;
  } else if (line->family == AF_INET) {
    packet->to.ip4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&packet->to.ip4.sin_addr, destination, 4);
    packet->to_length = sizeof packet->to.ip4;
  } else {
    packet->to.ip6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = line->interface_index};
    memcpy(&packet->to.ip6.sin6_addr, destination, 16);
    packet->to_length = sizeof packet->to.ip6;
  }
}

struct pm_expected *pm_expected_new(const struct pm_received *packet) {
  struct pm_expected *expected = pm_alloc(sizeof *expected + packet->payload_length);
  if (expected == NULL) return NULL;
  memcpy(expected->source, packet->source, sizeof expected->source);
  memcpy(expected->destination, packet->destination, sizeof expected->destination);
  expected->address_length = packet->address_length;
  expected->source_port = packet->source_port;
  expected->hop_limit = packet->hop_limit;
  expected->payload_length = packet->payload_length;
  if (packet->payload_length > 0) memcpy(expected->payload, packet->payload, packet->payload_length);
  return expected;
}

static struct pm_expected *copy_of(const struct pm_expected *expected) {
  size_t size = sizeof *expected + expected->payload_length;
  struct pm_expected *copy = pm_alloc(size);
  if (copy != NULL) memcpy(copy, expected, size);
  return copy;
}

bool pm_prepare_arm(struct pm_watch *watch, struct pm_command *command, uint32_t generation) {
  const struct pm_expected *expected = command->terms.expected;
  if (expected == NULL || !pm_expect_the_same(expected, watch->asked_expected)) {
    struct pm_expected *copy = expected == NULL ? NULL : copy_of(expected);
    if (expected != NULL && copy == NULL) return false;
    pm_free(watch->asked_expected);
    watch->asked_expected = copy;
    watch->asked_epoch++;
  }
  watch->asked_generation = generation;
  command->terms.epoch = watch->asked_epoch;
  command->terms.generation = generation;
  command->terms.asleep_us = atomic_load_explicit(&watch->object.pacer->asleep_us, memory_order_relaxed);
  return true;
}

int64_t pm_beacon_next_at(const struct pm_beacon *beacon) {
  bool is_applied = atomic_load_explicit(&beacon->applied, memory_order_acquire) == beacon->changes;
  if (!is_applied && beacon->asked_next_at != PM_NEVER) return beacon->asked_next_at;
  return atomic_load_explicit(&beacon->next_at, memory_order_relaxed);
}

int64_t pm_watch_heard_at(const struct pm_watch *watch) {
  if (atomic_load_explicit(&watch->epoch, memory_order_acquire) != watch->asked_epoch) return PM_NEVER;
  return atomic_load_explicit(&watch->heard_at, memory_order_relaxed);
}
