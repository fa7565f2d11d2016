/* Sockets to one peer: TCP ones whose descriptor Node takes over, and datagrams (UDP, ICMP echo) with the errors about them. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Needs time.h before it. */
#include <linux/errqueue.h>

#include "entries.h"
#include "outgoing_api.h"
#include "socket.h"
#include "values.h"

/* The most errors one call takes from the queue; the rest wakes the loop again. */
#define PM_ERROR_BATCH 64

/* streamPrepare(family, link, mark, local, localPort) -> the descriptor, which is the caller's to close. */
napi_value pm_stream_prepare(napi_env env, napi_callback_info info) {
  napi_value arguments[5], result;
  struct pm_outgoing from;
  if (!pm_arguments(env, info, 5, arguments) || !pm_outgoing_of(env, arguments, &from)) return NULL;
  struct pm_opened stream = pm_open_stream(&from);
  if (stream.error != 0) {
    pm_throw_errno(env, stream.call, stream.error);
    return NULL;
  }
  PM_TRY(env, napi_create_int32(env, stream.fd, &result));
  return result;
}

/* datagramOpen(family, link, mark, local, localPort, protocol, remote, remotePort, onReadable) */
napi_value pm_datagram_open(napi_env env, napi_callback_info info) {
  napi_value arguments[9], handle;
  struct pm_outgoing from;
  struct pm_place to;
  struct pm_socket *socket_ = NULL;
  int64_t protocol;
  if (!pm_arguments(env, info, 9, arguments) || !pm_outgoing_of(env, arguments, &from) ||
      !pm_integer(env, arguments[5], 1, 255, "protocol", &protocol) ||
      !pm_place_of(env, arguments[6], arguments[7], from.family == AF_INET6 ? 16 : 4, "remote", &to) ||
      !pm_is_function(env, arguments[8], "onReadable")) {
    return NULL;
  }
  struct pm_opened opened = pm_open_datagram(&from, (int)protocol, &to);
  if (opened.error != 0) {
    pm_throw_errno(env, opened.call, opened.error);
    return NULL;
  }
  handle = pm_socket_adopt(env, opened.fd, PM_DATAGRAM, true, arguments[8], &socket_);
  if (handle == NULL) return NULL;
  socket_->family = from.family;
  memcpy(socket_->peer, to.address, sizeof socket_->peer);
  return handle;
}

/* datagramSend(handle, bytes) -> 0 or the errno of the kernel's refusal, which may be about an earlier datagram. */
napi_value pm_datagram_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  const uint8_t *bytes;
  size_t length;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 2, arguments) || !pm_bytes(env, arguments[1], "bytes", &bytes, &length)) return NULL;
  socket_ = pm_socket_of(env, arguments[0], PM_DATAGRAM);
  if (socket_ == NULL) return NULL;
  int error = send(socket_->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
  PM_TRY(env, napi_create_int32(env, error, &result));
  return result;
}

/* Sockets of ICMP echo hear every reply to their identifier, whoever sends it. */
static bool is_from_peer(const struct pm_socket *socket_, const struct sockaddr_storage *from) {
  if (from->ss_family == AF_INET) return memcmp(&((const struct sockaddr_in *)from)->sin_addr, socket_->peer, 4) == 0;
  return from->ss_family == AF_INET6 && memcmp(&((const struct sockaddr_in6 *)from)->sin6_addr, socket_->peer, 16) == 0;
}

static int errno_of(const struct msghdr *message) {
  const struct cmsghdr *item = CMSG_FIRSTHDR(message);
  struct sock_extended_err report;
  if (item == NULL || item->cmsg_len < CMSG_LEN(sizeof report)) return 0;
  if (!(item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_RECVERR) &&
      !(item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_RECVERR)) {
    return 0;
  }
  memcpy(&report, CMSG_DATA(item), sizeof report);
  return (int)report.ee_errno;
}

/* Empties the queue of errors, else the loop is woken for ever. Answers the first errno in it, or 0. */
static int take_errors(int fd) {
  union {
    struct cmsghdr align;
    uint8_t bytes[256];
  } control;
  int first = 0;
  for (int taken = 0; taken < PM_ERROR_BATCH; taken++) {
    struct msghdr message = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) break;
    if (first == 0) first = errno_of(&message);
  }
  return first;
}

/* datagramReceive(handle, max) -> { datagrams, error } */
napi_value pm_datagram_receive(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result, list, datagram;
  int64_t max, taken;
  uint32_t count = 0;
  int error = 0;
  uint8_t bytes[PM_BUFFER_SIZE];
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 2, arguments) || !pm_integer(env, arguments[1], 1, PM_MAX_BATCH, "max", &max)) return NULL;
  socket_ = pm_socket_of(env, arguments[0], PM_DATAGRAM);
  if (socket_ == NULL) return NULL;
  PM_TRY(env, napi_create_object(env, &result));
  PM_TRY(env, napi_create_array(env, &list));
  for (taken = 0; taken < max; taken++) {
    struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
    socklen_t from_length = sizeof from;
    ssize_t length = recvfrom(socket_->fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &from_length);
    if (length < 0) {
      if (errno != EAGAIN && errno != EINTR) error = errno;
      break;
    }
    if (!is_from_peer(socket_, &from)) continue;
    PM_TRY(env, napi_create_buffer_copy(env, (size_t)length, bytes, NULL, &datagram));
    PM_TRY(env, napi_set_element(env, list, count++, datagram));
  }
  /* Nothing to read is what a report of trouble looks like; behind datagrams it wakes the loop once more. */
  int queued = count == 0 ? take_errors(socket_->fd) : 0;
  PM_TRY(env, napi_set_named_property(env, result, "datagrams", list));
  if (!pm_set_number(env, result, "error", error != 0 ? error : queued)) {
    pm_throw_api(env, "cannot deliver datagrams");
    return NULL;
  }
  return result;
}
