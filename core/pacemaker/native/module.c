/* Registration of the addon. Sockets and threads belong to the environment that opened them. */
#include <node_api.h>

#include "entries.h"
#include "socket.h"

#define ENTRY(name, function) \
  { (name), NULL, (function), NULL, NULL, NULL, napi_enumerable, NULL }

NAPI_MODULE_INIT() {
  const napi_property_descriptor entries[] = {
      ENTRY("rawIpOpen", pm_raw_ip_open),
      ENTRY("rawIpMembership", pm_raw_ip_membership),
      ENTRY("rawIpReceive", pm_raw_ip_receive),
      ENTRY("packetOpen", pm_packet_open),
      ENTRY("packetSend", pm_packet_send),
      ENTRY("packetSendAll", pm_packet_send_all),
      ENTRY("packetReceive", pm_packet_receive),
      ENTRY("netlinkOpen", pm_netlink_open),
      ENTRY("netlinkMembership", pm_netlink_membership),
      ENTRY("netlinkSend", pm_netlink_send),
      ENTRY("netlinkReceive", pm_netlink_receive),
      ENTRY("streamPrepare", pm_stream_prepare),
      ENTRY("datagramOpen", pm_datagram_open),
      ENTRY("datagramSend", pm_datagram_send),
      ENTRY("datagramReceive", pm_datagram_receive),
      ENTRY("askerOpen", pm_asker_open_entry),
      ENTRY("askerClose", pm_asker_close_entry),
      ENTRY("routineBegin", pm_routine_begin_entry),
      ENTRY("routineFacts", pm_routine_facts_entry),
      ENTRY("routineEnd", pm_routine_end_entry),
      ENTRY("unixDatagramSend", pm_unix_datagram_send),
      ENTRY("closeRawSocketsOnExec", pm_close_raw_sockets_on_exec),
      ENTRY("closeOthersOnExec", pm_close_others_on_exec),
      ENTRY("setParentDeathSignal", pm_set_parent_death_signal),
      ENTRY("socketClose", pm_socket_close),
      ENTRY("socketSetReferenced", pm_socket_set_referenced),
      ENTRY("socketDrops", pm_socket_drops),
      ENTRY("pacerStart", pm_pacer_start_entry),
      ENTRY("pacerStatus", pm_pacer_status),
      ENTRY("pacerRenew", pm_pacer_renew),
      ENTRY("pacerUnflushed", pm_pacer_unflushed),
      ENTRY("pacerFlush", pm_pacer_flush),
      ENTRY("pacerReference", pm_pacer_reference),
      ENTRY("pacerTake", pm_pacer_take),
      ENTRY("objectClose", pm_object_close),
      ENTRY("lineOpen", pm_line_open),
      ENTRY("lineMembership", pm_line_membership),
      ENTRY("lineSend", pm_line_send),
      ENTRY("lineDrops", pm_line_drops),
      ENTRY("lineUntold", pm_line_untold),
      ENTRY("beaconOpen", pm_beacon_open),
      ENTRY("beaconSet", pm_beacon_set_entry),
      ENTRY("beaconState", pm_beacon_state),
      ENTRY("watchOpen", pm_watch_open),
      ENTRY("watchArm", pm_watch_arm_entry),
      ENTRY("watchForesee", pm_watch_foresee_entry),
      ENTRY("watchConsent", pm_watch_consent_entry),
      ENTRY("watchTurn", pm_watch_turn_entry),
      ENTRY("watchRead", pm_watch_read_entry),
      ENTRY("watchState", pm_watch_state),
  };
  if (napi_define_properties(env, exports, sizeof entries / sizeof entries[0], entries) != napi_ok) return NULL;
  return exports;
}
