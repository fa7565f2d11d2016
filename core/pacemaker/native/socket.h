/*
 * A non-blocking socket that the event loop watches. JavaScript holds a handle object; each kind of socket (raw_ip.c,
 * packet.c, netlink.c, datagram.c) opens its own and reads it when JavaScript, told by onReadable, asks for a batch.
 */
#ifndef PACEMAKER_SOCKET_H
#define PACEMAKER_SOCKET_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* The largest datagram taken: an IP packet, or a netlink message (a kernel dump fills at most 32 KiB). */
#define PM_BUFFER_SIZE 65536
/* The most datagrams one call may take, so that a flood cannot hold the loop. */
#define PM_MAX_BATCH 1024

enum pm_kind { PM_RAW_IP, PM_PACKET, PM_NETLINK, PM_DATAGRAM };

/*
 * Two owners: the handle object (until its finalizer) and the poll handle (until its close callback). The last one frees.
 * While open, the poll handle keeps the callback alive, so an open socket works even when nobody holds its handle.
 */
struct pm_socket {
  napi_env env;
  enum pm_kind kind;
  int fd;
  int family;
  unsigned interface_index;
  uint16_t ether_type;
  /* Address of the only peer of a datagram socket. */
  uint8_t peer[16];
  int owners;
  bool is_open;
  uv_poll_t poll;
  napi_ref on_readable;
  napi_async_context async_context;
  napi_async_cleanup_hook_handle cleanup;
  /* Of a datagram socket not there: there may be thousands. */
  uint8_t buffer[PM_BUFFER_SIZE];
};

/*
 * Takes over `fd` (closed on failure) and answers the handle object, or NULL with an exception pending. `watch` false:
 * the socket is never polled (send only).
 */
napi_value pm_socket_adopt(napi_env env, int fd, enum pm_kind kind, bool watch, napi_value on_readable,
                           struct pm_socket **out);
/* The open socket of that kind behind a handle object, or NULL with an exception pending. */
struct pm_socket *pm_socket_of(napi_env env, napi_value handle, enum pm_kind kind);

napi_value pm_socket_close(napi_env env, napi_callback_info info);
napi_value pm_socket_set_referenced(napi_env env, napi_callback_info info);
napi_value pm_socket_drops(napi_env env, napi_callback_info info);

#endif
