/* Registration of the addon. No state of its own: every socket belongs to the environment that opened it. */
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
      ENTRY("unixDatagramSend", pm_unix_datagram_send),
      ENTRY("closeRawSocketsOnExec", pm_close_raw_sockets_on_exec),
      ENTRY("setParentDeathSignal", pm_set_parent_death_signal),
      ENTRY("socketClose", pm_socket_close),
      ENTRY("socketSetReferenced", pm_socket_set_referenced),
      ENTRY("socketDrops", pm_socket_drops),
  };
  if (napi_define_properties(env, exports, sizeof entries / sizeof entries[0], entries) != napi_ok) return NULL;
  return exports;
}
