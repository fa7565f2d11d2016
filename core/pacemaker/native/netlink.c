/*
 * Netlink sockets whose receive buffer may overrun: the overrun is reported as part of a batch, and reading goes on. Only
 * messages of the kernel itself (port 0) are delivered.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "entries.h"
#include "interface.h"
#include "socket.h"
#include "values.h"

#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK 11
#endif
#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

/* Better errors, short acknowledgements, filtered dumps. Older kernels lack some of them and answer less. */
static void ask_for_comforts(int fd) {
  int on = 1;
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
}

/* netlinkOpen(protocol, receiveBufferBytes, onReadable) */
napi_value pm_netlink_open(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  int64_t protocol, buffer_bytes;
  int fd;
  struct pm_socket *socket_ = NULL;
  if (!pm_arguments(env, info, 3, arguments) || !pm_integer(env, arguments[0], 0, 31, "protocol", &protocol) ||
      !pm_integer(env, arguments[1], 0, INT32_MAX / 2, "receiveBufferBytes", &buffer_bytes) ||
      !pm_is_function(env, arguments[2], "onReadable")) {
    return NULL;
  }
  fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, (int)protocol);
  if (fd < 0) {
    pm_throw_errno(env, "socket", errno);
    return NULL;
  }
  ask_for_comforts(fd);
  pm_set_receive_buffer(fd, (int)buffer_bytes);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    int error = errno;
    (void)close(fd);
    pm_throw_errno(env, "bind", error);
    return NULL;
  }
  return pm_socket_adopt(env, fd, PM_NETLINK, true, arguments[2], &socket_);
}

/* netlinkMembership(handle, join, group) */
napi_value pm_netlink_membership(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  int64_t group;
  bool join;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 3, arguments) || !pm_boolean(env, arguments[1], "join", &join) ||
      !pm_integer(env, arguments[2], 1, INT32_MAX, "group", &group)) {
    return NULL;
  }
  socket_ = pm_socket_of(env, arguments[0], PM_NETLINK);
  if (socket_ == NULL) return NULL;
  int number = (int)group;
  if (setsockopt(socket_->fd, SOL_NETLINK, join ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &number,
                 sizeof number) != 0) {
    pm_throw_errno(env, join ? "join group" : "leave group", errno);
  }
  return NULL;
}

/* netlinkSend(handle, messages): one datagram to the kernel; throws the errno of a refusal. */
napi_value pm_netlink_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  const uint8_t *data;
  size_t length;
  struct pm_socket *socket_;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  if (!pm_arguments(env, info, 2, arguments) || !pm_bytes(env, arguments[1], "messages", &data, &length)) return NULL;
  socket_ = pm_socket_of(env, arguments[0], PM_NETLINK);
  if (socket_ == NULL) return NULL;
  if (sendto(socket_->fd, data, length, MSG_DONTWAIT, (struct sockaddr *)&kernel, sizeof kernel) < 0) {
    pm_throw_errno(env, "sendto", errno);
  }
  return NULL;
}

/* netlinkReceive(handle, max) -> { datagrams, overrun, drained, error } */
napi_value pm_netlink_receive(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result, list, datagram;
  int64_t max, taken;
  uint32_t count = 0;
  int error = 0;
  bool overrun = false, drained = false;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 2, arguments) || !pm_integer(env, arguments[1], 1, PM_MAX_BATCH, "max", &max)) return NULL;
  socket_ = pm_socket_of(env, arguments[0], PM_NETLINK);
  if (socket_ == NULL) return NULL;
  PM_TRY(env, napi_create_object(env, &result));
  PM_TRY(env, napi_create_array(env, &list));
  for (taken = 0; taken < max; taken++) {
    struct sockaddr_nl from = {0};
    socklen_t from_length = sizeof from;
    ssize_t length = recvfrom(socket_->fd, socket_->buffer, sizeof socket_->buffer, MSG_DONTWAIT | MSG_TRUNC,
                              (struct sockaddr *)&from, &from_length);
    if (length < 0) {
      int reason = errno;
      if (reason == EINTR) continue;
      if (reason == ENOBUFS) {
        overrun = true;
        continue;
      }
      drained = reason == EAGAIN;
      if (!drained) error = reason;
      break;
    }
    if (from_length != sizeof from || from.nl_pid != 0) continue;
    /* A message that does not fit is lost like one that the kernel could not queue. */
    if ((size_t)length > sizeof socket_->buffer) {
      overrun = true;
      continue;
    }
    PM_TRY(env, napi_create_buffer_copy(env, (size_t)length, socket_->buffer, NULL, &datagram));
    PM_TRY(env, napi_set_element(env, list, count++, datagram));
  }
  PM_TRY(env, napi_set_named_property(env, result, "datagrams", list));
  if (!pm_set_boolean(env, result, "overrun", overrun) || !pm_set_boolean(env, result, "drained", drained) ||
      !pm_set_number(env, result, "error", error)) {
    pm_throw_api(env, "cannot deliver messages");
    return NULL;
  }
  return result;
}
