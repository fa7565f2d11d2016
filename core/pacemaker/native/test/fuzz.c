/*
 * Feeds what strangers send, mutated, to everything that reads it: decode.c, match.c, the ring of records, and the schedule.
 * Run by scripts/test-native.sh: fuzz [executions] [seed]. Deterministic: the seed that it prints replays a run.
 */
#include <inttypes.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../match.h"
#include "../ring.h"
#include "../schedule.h"

#define MOST_BYTES 512
#define RING_SIZE 4096
#define SLOTS 48

static uint64_t state, accepted;

static uint64_t draw(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static size_t below(size_t limit) { return (size_t)(draw() % limit); }

static void fail(const char *what) {
  fprintf(stderr, "fuzz: %s\n", what);
  abort();
}

static void mutate(uint8_t *bytes, size_t length) {
  static const uint8_t telling[] = {0, 1, 4, 5, 15, 16, 20, 28, 0x45, 0x7f, 0x80, 0xff};
  for (size_t i = below(6); length > 0 && i > 0; i--) {
    size_t at = below(length);
    switch (below(4)) {
      case 0:
        bytes[at] ^= (uint8_t)(1u << below(8));
        break;
      case 1:
        bytes[at] = telling[below(sizeof telling)];
        break;
      case 2:
        bytes[at] = (uint8_t)draw();
        break;
      default:
        memset(bytes + at, (int)telling[below(sizeof telling)], below(length - at) + 1);
    }
  }
}

/* Memory of exactly that size, so that the sanitizer sees the first byte too many. */
static uint8_t *copy(const void *bytes, size_t length) {
  uint8_t *exact = malloc(length == 0 ? 1 : length);
  if (exact == NULL) abort();
  if (length > 0) memcpy(exact, bytes, length);
  return exact;
}

static size_t add_control(uint8_t *control, size_t used, int level, int type, size_t length) {
  struct cmsghdr head = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
  memset(control + used, (int)below(256), CMSG_SPACE(length));
  memcpy(control + used, &head, sizeof head);
  return used + CMSG_SPACE(length);
}

static size_t make_control(uint8_t *control) {
  size_t used = 0;
  if (below(4) != 0) used = add_control(control, used, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo));
  if (below(4) != 0) used = add_control(control, used, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(struct in6_pktinfo));
  if (below(4) != 0) used = add_control(control, used, IPPROTO_IPV6, IPV6_HOPLIMIT, sizeof(int));
  if (below(4) != 0) used = add_control(control, used, IPPROTO_IP, IP_TTL, sizeof(int));
  if (below(2) == 0) mutate(control, used);
  return below(8) == 0 ? below(used + 1) : used;
}

static size_t make_packet(uint8_t *bytes) {
  size_t length = below(MOST_BYTES + 1);
  for (size_t i = 0; i < length; i += 8) {
    uint64_t random = draw();
    memcpy(bytes + i, &random, length - i < 8 ? length - i : 8);
  }
  if (length >= 20) {
    bytes[0] = (uint8_t)(0x45 + below(4));
    bytes[2] = (uint8_t)(length >> 8);
    bytes[3] = (uint8_t)length;
  }
  mutate(bytes, length);
  return length;
}

static void check_packet(const struct pm_received *packet, const uint8_t *data, size_t length) {
  if (packet->payload < data || packet->payload_length > length ||
      packet->payload + packet->payload_length > data + length) {
    fail("the payload lies outside of what was received");
  }
  if (packet->address_length != 0 && packet->address_length != 4 && packet->address_length != 16) fail("odd address");
}

/* Rules that may or may not be valid, and a filter around them. */
static void match(const struct pm_received *packet) {
  uint8_t drawn[64], *rules;
  size_t length = below(sizeof drawn);
  struct pm_filter filter = {.hop_limit_least = (int)below(3), .hop_limit_most = 255, .length_most = below(2 * MOST_BYTES)};
  struct pm_key_place place = {.offset = below(MOST_BYTES), .length = (size_t)1 << below(3)};
  uint32_t key;
  if (below(4) == 0) place = (struct pm_key_place){.offset = PM_KEY_OF_SOURCE, .length = 4};
  for (size_t i = 0; i < length; i++) drawn[i] = (uint8_t)draw();
  for (size_t at = 0, bytes; at + 8 <= length; at += 8 + 2 * bytes) {
    bytes = below(8);
    memset(drawn + at, 0, 8);
    drawn[at + 3] = (uint8_t)draw();
    drawn[at + 7] = (uint8_t)bytes;
  }
  if (below(3) == 0) mutate(drawn, length);
  rules = copy(drawn, length);
  filter.rules = rules;
  filter.rules_length = length;
  filter.source_length = below(2) == 0 ? 0 : packet->address_length;
  memcpy(filter.source, packet->source, sizeof filter.source);
  filter.destination_length = below(2) == 0 ? 0 : packet->address_length;
  memcpy(filter.destination, packet->destination, sizeof filter.destination);
  if (pm_rules_are_valid(rules, length)) (void)pm_passes(&filter, packet);
  (void)pm_key_of(&place, packet, &key);
  free(rules);
}

static void equal(const struct pm_received *packet) {
  struct pm_expected *expected = malloc(sizeof *expected + packet->payload_length);
  if (expected == NULL) abort();
  *expected = (struct pm_expected){.address_length = packet->address_length,
                                   .source_port = packet->source_port,
                                   .hop_limit = packet->hop_limit,
                                   .payload_length = packet->payload_length};
  memcpy(expected->source, packet->source, sizeof expected->source);
  memcpy(expected->destination, packet->destination, sizeof expected->destination);
  if (packet->payload_length > 0) memcpy(expected->payload, packet->payload, packet->payload_length);
  if (!pm_equals(expected, packet) || !pm_expect_the_same(expected, expected)) fail("a packet is not equal to itself");
  if (packet->payload_length > 0) {
    expected->payload[below(packet->payload_length)] ^= (uint8_t)(1u << below(8));
    if (pm_equals(expected, packet)) fail("a changed packet is equal");
  }
  free(expected);
}

static void decode(void) {
  static uint8_t drawn[MOST_BYTES + 8], drawn_control[512];
  struct sockaddr_storage name;
  struct pm_received packet;
  size_t length = make_packet(drawn), control_length = make_control(drawn_control);
  uint8_t *data = copy(drawn, length), *control = copy(drawn_control, control_length);
  static const int families[] = {AF_INET, AF_INET6};
  int family = families[below(2)];
  enum pm_transport transport = (enum pm_transport)below(3);
  struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name, .msg_control = control, .msg_controllen = control_length};
  memset(&name, (int)below(256), sizeof name);
  name.ss_family = (sa_family_t)(below(8) == 0 ? draw() : (uint64_t)family);
  if (below(16) == 0) message.msg_namelen = (socklen_t)below(sizeof name);
  if (below(16) == 0) message.msg_flags = (int)draw();
  if (pm_decode(transport, family, &message, data, length, &packet)) {
    accepted++;
    check_packet(&packet, data, length);
    match(&packet);
    equal(&packet);
  }
  free(data);
  free(control);
}

/* Written and taken at random; what comes out must be what went in, in its order. */
static void exercise_ring(struct pm_ring *ring) {
  static uint64_t written, taken;
  static uint8_t payload[RING_SIZE * 2];
  const struct pm_record *record;
  size_t length = below(8) == 0 ? below(sizeof payload) : below(200);
  struct pm_record head = {.kind = (uint8_t)(1 + below(3)), .at = (int64_t)written, .number = (int32_t)length};
  if (pm_ring_write(ring, &head, payload, length)) written++;
  for (size_t i = below(4); i > 0 && (record = pm_ring_peek(ring, pm_ring_written(ring))) != NULL; i--) {
    if (record->at != (int64_t)taken++ || record->length != (uint32_t)record->number) fail("the ring mixes records up");
    for (uint32_t at = 0; at < record->length; at++) {
      if (((const uint8_t *)(record + 1))[at] != 0) fail("the ring mixes payloads up");
    }
    pm_ring_drop(ring, record);
  }
  if (taken > written) fail("the ring invents records");
}

/* Moved, removed and taken at random; the first must always be the earliest. */
static void exercise_schedule(struct pm_schedule *schedule, struct pm_slot *slots) {
  struct pm_slot *slot = &slots[below(SLOTS)], *earliest = NULL;
  if (below(3) == 0) {
    pm_schedule_remove(schedule, slot);
  } else {
    pm_schedule_at(schedule, slot, (int64_t)below(1000));
  }
  if (below(4) == 0 && schedule->first != NULL) pm_schedule_remove(schedule, schedule->first);
  for (int i = 0; i < SLOTS; i++) {
    if (slots[i].is_scheduled && (earliest == NULL || slots[i].at < earliest->at)) earliest = &slots[i];
  }
  if ((earliest == NULL) != (schedule->first == NULL)) fail("the schedule lost a slot");
  if (earliest != NULL && schedule->first->at != earliest->at) fail("the first is not the earliest");
}

int main(int count, char **arguments) {
  uint64_t executions = count > 1 ? strtoull(arguments[1], NULL, 10) : 10000000;
  uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
  struct pm_ring ring;
  struct pm_schedule schedule = {NULL};
  static struct pm_slot slots[SLOTS];
  state = seed;
  if (!pm_ring_make(&ring, RING_SIZE)) return 1;
  for (uint64_t i = 0; i < executions; i++) {
    decode();
    if (i % 8 == 0) exercise_ring(&ring);
    if (i % 8 == 4) exercise_schedule(&schedule, slots);
  }
  pm_ring_free(&ring);
  printf("fuzz: %" PRIu64 " executions from seed %" PRIu64 ", %" PRIu64 " packets accepted, nothing found\n", executions, seed,
         accepted);
  if (accepted < executions / 20) fail("hardly a packet was accepted: the mutations are too wild");
  return 0;
}
