/* Keys, filters and equality of packets. Pure; used by line.c and watch.c, and run by the fuzzer. */
#include "match.h"

#include <string.h>

static uint32_t number_at(const uint8_t *bytes, size_t length) {
  uint32_t number = 0;
  for (size_t i = 0; i < length; i++) number = number << 8 | bytes[i];
  return number;
}

bool pm_key_of(const struct pm_key_place *place, const struct pm_received *packet, uint32_t *key) {
  if (place->offset == PM_KEY_OF_SOURCE) {
    if (packet->address_length < 4) return false;
    *key = number_at(packet->source + packet->address_length - 4, 4);
    return true;
  }
  if (place->length == 0 || place->offset > packet->payload_length ||
      packet->payload_length - place->offset < place->length) {
    return false;
  }
  *key = number_at(packet->payload + place->offset, place->length);
  return true;
}

bool pm_rules_are_valid(const uint8_t *rules, size_t length) {
  while (length > 0) {
    size_t bytes;
    if (length < 8) return false;
    bytes = number_at(rules + 4, 4);
    if (bytes > (length - 8) / 2) return false;
    rules += 8 + 2 * bytes;
    length -= 8 + 2 * bytes;
  }
  return true;
}

static bool rules_hold(const uint8_t *rules, size_t length, const struct pm_received *packet) {
  while (length > 0) {
    size_t offset = number_at(rules, 4), bytes = number_at(rules + 4, 4);
    const uint8_t *mask = rules + 8, *value = mask + bytes;
    if (offset > packet->payload_length || packet->payload_length - offset < bytes) return false;
    for (size_t i = 0; i < bytes; i++) {
      if (((packet->payload[offset + i] ^ value[i]) & mask[i]) != 0) return false;
    }
    rules += 8 + 2 * bytes;
    length -= 8 + 2 * bytes;
  }
  return true;
}

/* A wanted address of no bytes is any. */
static bool is_address(const uint8_t *wanted, size_t wanted_length, const uint8_t *address, size_t length) {
  return wanted_length == 0 || (wanted_length == length && memcmp(wanted, address, length) == 0);
}

bool pm_passes(const struct pm_filter *filter, const struct pm_received *packet) {
  if (packet->hop_limit < filter->hop_limit_least || packet->hop_limit > filter->hop_limit_most) return false;
  if (packet->payload_length < filter->length_least || packet->payload_length > filter->length_most) return false;
  if (!is_address(filter->source, filter->source_length, packet->source, packet->address_length)) return false;
  if (!is_address(filter->destination, filter->destination_length, packet->destination, packet->address_length)) return false;
  if (filter->interface_index != 0 && filter->interface_index != packet->interface_index) return false;
  return rules_hold(filter->rules, filter->rules_length, packet);
}

static bool same_bytes(const uint8_t *a, const uint8_t *b, size_t length) { return length == 0 || memcmp(a, b, length) == 0; }

bool pm_equals(const struct pm_expected *expected, const struct pm_received *packet) {
  return expected->payload_length == packet->payload_length && expected->address_length == packet->address_length &&
         expected->hop_limit == packet->hop_limit && expected->source_port == packet->source_port &&
         same_bytes(expected->source, packet->source, packet->address_length) &&
         same_bytes(expected->destination, packet->destination, packet->address_length) &&
         same_bytes(expected->payload, packet->payload, packet->payload_length);
}

bool pm_expect_the_same(const struct pm_expected *a, const struct pm_expected *b) {
  struct pm_received packet;
  if (a == NULL || b == NULL) return a == b;
  packet = (struct pm_received){.address_length = b->address_length,
                                .source_port = b->source_port,
                                .hop_limit = b->hop_limit,
                                .payload = b->payload,
                                .payload_length = b->payload_length};
  memcpy(packet.source, b->source, sizeof packet.source);
  memcpy(packet.destination, b->destination, sizeof packet.destination);
  return pm_equals(a, &packet);
}
