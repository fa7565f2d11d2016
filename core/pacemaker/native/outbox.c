/* What the thread tells the user: records into the ring, objects into the mail. Used by line.c, beacon.c, watch.c, trouble.c. */
#include <string.h>

#include "pacer.h"

bool pm_tell_packet(struct pm_pacer *pacer, uint32_t object, const struct pm_received *packet) {
  struct pm_record record = {.kind = PM_RECORD_PACKET,
                             .address_length = (uint8_t)packet->address_length,
                             .source_port = packet->source_port,
                             .object = object,
                             .interface_index = packet->interface_index,
                             .number = packet->hop_limit,
                             .at = pacer->now};
  memcpy(record.source, packet->source, sizeof record.source);
  memcpy(record.destination, packet->destination, sizeof record.destination);
  pacer->has_mail = true;
  if (pm_ring_write(&pacer->ring, &record, packet->payload, packet->payload_length)) return true;
  atomic_fetch_add_explicit(&pacer->lost, 1, memory_order_relaxed);
  return false;
}

bool pm_tell(struct pm_pacer *pacer, struct pm_record *record) {
  pacer->has_mail = true;
  return pm_ring_write(&pacer->ring, record, NULL, 0);
}

void pm_mail_object(struct pm_pacer *pacer, struct pm_stack *stack, struct pm_object *object) {
  pacer->has_mail = true;
  /* In the mail already: whoever takes it out reads the newest. */
  if (!atomic_exchange(&object->is_mailed, true)) pm_push(stack, &object->mail);
}
