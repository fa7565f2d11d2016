/*
 * Raw IP reception with what the npm package cannot give: hop limit, destination and arrival interface of IPv6, and close
 * on exec. Bound to one interface. Never sends.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "decode.h"
#include "entries.h"
#include "interface.h"
#include "open.h"
#include "socket.h"
#include "values.h"

/* rawIpOpen(family 4|6, protocol, interfaceIndex, receiveBufferBytes, onReadable) */
napi_value pm_raw_ip_open(napi_env env, napi_callback_info info) {
  napi_value arguments[5], handle;
  int64_t version, protocol, index, buffer_bytes;
  int family;
  struct pm_opened raw;
  struct pm_socket *socket_ = NULL;
  if (!pm_arguments(env, info, 5, arguments) || !pm_integer(env, arguments[0], 4, 6, "family", &version) ||
      !pm_integer(env, arguments[1], 1, 255, "protocol", &protocol) ||
      !pm_integer(env, arguments[2], 1, INT32_MAX, "interfaceIndex", &index) ||
      !pm_integer(env, arguments[3], 0, INT32_MAX / 2, "receiveBufferBytes", &buffer_bytes) ||
      !pm_is_function(env, arguments[4], "onReadable")) {
    return NULL;
  }
  family = version == 6 ? AF_INET6 : AF_INET;
  raw = pm_open_raw_receiver(family, (int)protocol, (unsigned)index, (int)buffer_bytes);
  if (raw.error != 0) {
    pm_throw_errno(env, raw.call, raw.error);
    return NULL;
  }
  handle = pm_socket_adopt(env, raw.fd, PM_RAW_IP, true, arguments[4], &socket_);
  if (handle == NULL) return NULL;
  socket_->family = family;
  socket_->interface_index = (unsigned)index;
  return handle;
}

/* rawIpMembership(handle, join, groupBytes) */
napi_value pm_raw_ip_membership(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  const uint8_t *group;
  size_t length;
  int error;
  bool join;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 3, arguments) || !pm_boolean(env, arguments[1], "join", &join) ||
      !pm_bytes(env, arguments[2], "group", &group, &length)) {
    return NULL;
  }
  socket_ = pm_socket_of(env, arguments[0], PM_RAW_IP);
  if (socket_ == NULL) return NULL;
  if (length != (socket_->family == AF_INET ? 4u : 16u)) {
    pm_throw_type(env, "the group address has the wrong length for the socket's family");
    return NULL;
  }
  error = pm_set_membership(socket_->fd, socket_->family, socket_->interface_index, join, group);
  if (error != 0) pm_throw_errno(env, join ? "join group" : "leave group", error);
  return NULL;
}

static bool append_packet(napi_env env, napi_value list, uint32_t position, const struct pm_received *packet) {
  napi_value object;
  return napi_create_object(env, &object) == napi_ok &&
         pm_set_bytes(env, object, "source", packet->source, packet->address_length) &&
         pm_set_bytes(env, object, "destination", packet->destination, packet->address_length) &&
         pm_set_number(env, object, "hopLimit", packet->hop_limit) &&
         pm_set_number(env, object, "interfaceIndex", packet->interface_index) &&
         pm_set_bytes(env, object, "payload", packet->payload, packet->payload_length) &&
         napi_set_element(env, list, position, object) == napi_ok;
}

/* Takes one packet. 1: `out` is filled; 0: a packet that cannot be used was dropped; otherwise -errno. */
static int receive_one(struct pm_socket *socket_, struct pm_received *out) {
  union {
    struct cmsghdr align;
    uint8_t bytes[PM_CONTROL_SIZE];
  } control;
  struct sockaddr_in6 from;
  struct iovec vector = {.iov_base = socket_->buffer, .iov_len = sizeof socket_->buffer};
  struct msghdr message = {.msg_name = &from,
                           .msg_namelen = sizeof from,
                           .msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t length = recvmsg(socket_->fd, &message, MSG_DONTWAIT);
  if (length < 0) return -errno;
  return pm_decode(PM_IP, socket_->family, &message, socket_->buffer, (size_t)length, out) ? 1 : 0;
}

/* rawIpReceive(handle, max) -> { packets, discarded, error } */
napi_value pm_raw_ip_receive(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result, list;
  int64_t max, taken;
  uint32_t count = 0, discarded = 0;
  int outcome = 1;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 2, arguments) || !pm_integer(env, arguments[1], 1, PM_MAX_BATCH, "max", &max)) return NULL;
  socket_ = pm_socket_of(env, arguments[0], PM_RAW_IP);
  if (socket_ == NULL) return NULL;
  PM_TRY(env, napi_create_object(env, &result));
  PM_TRY(env, napi_create_array(env, &list));
  for (taken = 0; taken < max; taken++) {
    struct pm_received packet;
    outcome = receive_one(socket_, &packet);
    if (outcome < 0) break;
    if (outcome == 0) {
      discarded++;
    } else if (!append_packet(env, list, count++, &packet)) {
      pm_throw_api(env, "cannot deliver a packet");
      return NULL;
    }
  }
  PM_TRY(env, napi_set_named_property(env, result, "packets", list));
  if (!pm_set_number(env, result, "discarded", discarded) ||
      !pm_set_number(env, result, "error", outcome < 0 && outcome != -EAGAIN && outcome != -EINTR ? -outcome : 0)) {
    pm_throw_api(env, "cannot deliver packets");
    return NULL;
  }
  return result;
}
