/* The entry points that module.c exports, one line each; their JavaScript signatures stand in src/native.ts. */
#ifndef PACEMAKER_ENTRIES_H
#define PACEMAKER_ENTRIES_H

#include <node_api.h>

napi_value pm_raw_ip_open(napi_env env, napi_callback_info info);
napi_value pm_raw_ip_membership(napi_env env, napi_callback_info info);
napi_value pm_raw_ip_receive(napi_env env, napi_callback_info info);
napi_value pm_packet_open(napi_env env, napi_callback_info info);
napi_value pm_packet_send(napi_env env, napi_callback_info info);
napi_value pm_packet_send_all(napi_env env, napi_callback_info info);
napi_value pm_packet_receive(napi_env env, napi_callback_info info);
napi_value pm_netlink_open(napi_env env, napi_callback_info info);
napi_value pm_netlink_membership(napi_env env, napi_callback_info info);
napi_value pm_netlink_send(napi_env env, napi_callback_info info);
napi_value pm_netlink_receive(napi_env env, napi_callback_info info);
napi_value pm_stream_prepare(napi_env env, napi_callback_info info);
napi_value pm_datagram_open(napi_env env, napi_callback_info info);
napi_value pm_datagram_send(napi_env env, napi_callback_info info);
napi_value pm_datagram_receive(napi_env env, napi_callback_info info);
napi_value pm_asker_open_entry(napi_env env, napi_callback_info info);
napi_value pm_asker_close_entry(napi_env env, napi_callback_info info);
napi_value pm_routine_begin_entry(napi_env env, napi_callback_info info);
napi_value pm_routine_facts_entry(napi_env env, napi_callback_info info);
napi_value pm_routine_end_entry(napi_env env, napi_callback_info info);
napi_value pm_unix_datagram_send(napi_env env, napi_callback_info info);
napi_value pm_close_raw_sockets_on_exec(napi_env env, napi_callback_info info);
napi_value pm_close_others_on_exec(napi_env env, napi_callback_info info);
napi_value pm_set_parent_death_signal(napi_env env, napi_callback_info info);

napi_value pm_pacer_start_entry(napi_env env, napi_callback_info info);
napi_value pm_pacer_status(napi_env env, napi_callback_info info);
napi_value pm_pacer_renew(napi_env env, napi_callback_info info);
napi_value pm_pacer_unflushed(napi_env env, napi_callback_info info);
napi_value pm_pacer_flush(napi_env env, napi_callback_info info);
napi_value pm_pacer_reference(napi_env env, napi_callback_info info);
napi_value pm_pacer_take(napi_env env, napi_callback_info info);
napi_value pm_object_close(napi_env env, napi_callback_info info);
napi_value pm_line_open(napi_env env, napi_callback_info info);
napi_value pm_line_membership(napi_env env, napi_callback_info info);
napi_value pm_line_send(napi_env env, napi_callback_info info);
napi_value pm_line_drops(napi_env env, napi_callback_info info);
napi_value pm_line_untold(napi_env env, napi_callback_info info);
napi_value pm_beacon_open(napi_env env, napi_callback_info info);
napi_value pm_beacon_set_entry(napi_env env, napi_callback_info info);
napi_value pm_beacon_state(napi_env env, napi_callback_info info);
napi_value pm_watch_open(napi_env env, napi_callback_info info);
napi_value pm_watch_arm_entry(napi_env env, napi_callback_info info);
napi_value pm_watch_foresee_entry(napi_env env, napi_callback_info info);
napi_value pm_watch_consent_entry(napi_env env, napi_callback_info info);
napi_value pm_watch_turn_entry(napi_env env, napi_callback_info info);
napi_value pm_watch_read_entry(napi_env env, napi_callback_info info);
napi_value pm_watch_state(napi_env env, napi_callback_info info);

#endif
