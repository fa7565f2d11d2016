/*
 * Which packets concern a watch: the key, the filter, equality with the expected packet. Pure, and run by the fuzzer. Used by
 * line.c and watch.c.
 */
#ifndef PACEMAKER_MATCH_H
#define PACEMAKER_MATCH_H

#include "decode.h"

/* As an offset: the key is the last four bytes of the source address. No payload is as long. */
#define PM_KEY_OF_SOURCE 65536

/* Bytes of the payload that tell watches apart; `length` 0: none. */
struct pm_key_place {
  size_t offset;
  /* 0, 1, 2 or 4. */
  size_t length;
};

/* Bounds are inclusive. */
struct pm_filter {
  int hop_limit_least, hop_limit_most;
  size_t length_least, length_most;
  /* 0: any source. */
  size_t source_length;
  uint8_t source[16];
  /* 0: any destination. */
  size_t destination_length;
  uint8_t destination[16];
  /* 0: any interface. */
  unsigned interface_index;
  /* Packed rules: offset and length in 4 bytes each, most significant first, then mask and value. Checked by pm_rules_are_valid. */
  size_t rules_length;
  const uint8_t *rules;
};

struct pm_expected {
  uint8_t source[16];
  uint8_t destination[16];
  size_t address_length;
  uint16_t source_port;
  int hop_limit;
  size_t payload_length;
  uint8_t payload[];
};

/* False: the packet has no such bytes. */
bool pm_key_of(const struct pm_key_place *place, const struct pm_received *packet, uint32_t *key);
bool pm_rules_are_valid(const uint8_t *rules, size_t length);
bool pm_passes(const struct pm_filter *filter, const struct pm_received *packet);
bool pm_equals(const struct pm_expected *expected, const struct pm_received *packet);
/* Whether two expectations, either of which may be NULL, are of the same packet. */
bool pm_expect_the_same(const struct pm_expected *a, const struct pm_expected *b);

#endif
