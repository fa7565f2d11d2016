/* AF_PACKET: whole Ethernet frames of one type on one interface, for gratuitous ARP and the like. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "entries.h"
#include "open.h"
#include "socket.h"
#include "values.h"

/* Frames that one system call takes. */
#define PM_SEND_BATCH 64

/* packetOpen(interfaceIndex, etherType, receive, onReadable) */
napi_value pm_packet_open(napi_env env, napi_callback_info info) {
  napi_value arguments[4], handle;
  int64_t index, type;
  bool receive;
  struct pm_opened frames;
  struct pm_socket *socket_ = NULL;
  if (!pm_arguments(env, info, 4, arguments) ||
      !pm_integer(env, arguments[0], 1, INT32_MAX, "interfaceIndex", &index) ||
      !pm_integer(env, arguments[1], 1, 65535, "etherType", &type) ||
      !pm_boolean(env, arguments[2], "receive", &receive) || !pm_is_function(env, arguments[3], "onReadable")) {
    return NULL;
  }
  frames = pm_open_frames((unsigned)index, (uint16_t)type, receive, NULL, 0);
  if (frames.error != 0) {
    pm_throw_errno(env, frames.call, frames.error);
    return NULL;
  }
  handle = pm_socket_adopt(env, frames.fd, PM_PACKET, receive, arguments[3], &socket_);
  if (handle == NULL) return NULL;
  socket_->interface_index = (unsigned)index;
  socket_->ether_type = (uint16_t)type;
  return handle;
}

/* packetSend(handle, frame): throws the errno of the kernel's refusal. */
napi_value pm_packet_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  const uint8_t *frame;
  size_t length;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 2, arguments) || !pm_bytes(env, arguments[1], "frame", &frame, &length)) return NULL;
  socket_ = pm_socket_of(env, arguments[0], PM_PACKET);
  if (socket_ == NULL) return NULL;
  struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                .sll_ifindex = (int)socket_->interface_index,
                                .sll_protocol = htons(socket_->ether_type)};
  if (sendto(socket_->fd, frame, length, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address) < 0) {
    pm_throw_errno(env, "sendto", errno);
  }
  return NULL;
}

/* Hands over `count` frames with as few calls as may be; one that is refused is passed over. Answers the first errno. */
static int send_all(int fd, struct mmsghdr *messages, unsigned count, uint32_t *refused) {
  int first = 0;
  unsigned at = 0;
  while (at < count) {
    int sent = sendmmsg(fd, messages + at, count - at, MSG_DONTWAIT);
    if (sent > 0) {
      at += (unsigned)sent;
    } else if (sent == 0 || errno != EINTR) {
      if (first == 0) first = sent == 0 ? EAGAIN : errno;
      (*refused)++;
      at++;
    }
  }
  return first;
}

/* packetSendAll(handle, frames) -> { refused, error }: how many the kernel refused, and the errno of the first. */
napi_value pm_packet_send_all(napi_env env, napi_callback_info info) {
  napi_value arguments[2], frame, result;
  uint32_t total = 0, refused = 0;
  int error = 0;
  bool is_array = false;
  struct pm_socket *socket_;
  struct mmsghdr messages[PM_SEND_BATCH];
  struct iovec parts[PM_SEND_BATCH];
  if (!pm_arguments(env, info, 2, arguments)) return NULL;
  if (napi_is_array(env, arguments[1], &is_array) != napi_ok || !is_array) {
    pm_throw_type(env, "frames must be an array");
    return NULL;
  }
  socket_ = pm_socket_of(env, arguments[0], PM_PACKET);
  if (socket_ == NULL) return NULL;
  PM_TRY(env, napi_get_array_length(env, arguments[1], &total));
  struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                .sll_ifindex = (int)socket_->interface_index,
                                .sll_protocol = htons(socket_->ether_type)};
  for (uint32_t done = 0; done < total;) {
    uint32_t count = total - done < PM_SEND_BATCH ? total - done : PM_SEND_BATCH;
    for (uint32_t i = 0; i < count; i++) {
      const uint8_t *bytes;
      size_t length;
      PM_TRY(env, napi_get_element(env, arguments[1], done + i, &frame));
      if (!pm_bytes(env, frame, "each frame", &bytes, &length)) return NULL;
      parts[i] = (struct iovec){.iov_base = (void *)bytes, .iov_len = length};
      messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &address,
                                                 .msg_namelen = sizeof address,
                                                 .msg_iov = &parts[i],
                                                 .msg_iovlen = 1}};
    }
    int first = send_all(socket_->fd, messages, count, &refused);
    if (error == 0) error = first;
    done += count;
  }
  PM_TRY(env, napi_create_object(env, &result));
  if (!pm_set_number(env, result, "refused", refused) || !pm_set_number(env, result, "error", error)) {
    pm_throw_api(env, "cannot answer");
    return NULL;
  }
  return result;
}

/* packetReceive(handle, max) -> { frames, error } */
napi_value pm_packet_receive(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result, list, frame;
  int64_t max, taken;
  uint32_t count = 0;
  int error = 0;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 2, arguments) || !pm_integer(env, arguments[1], 1, PM_MAX_BATCH, "max", &max)) return NULL;
  socket_ = pm_socket_of(env, arguments[0], PM_PACKET);
  if (socket_ == NULL) return NULL;
  PM_TRY(env, napi_create_object(env, &result));
  PM_TRY(env, napi_create_array(env, &list));
  for (taken = 0; taken < max; taken++) {
    struct sockaddr_ll from = {0};
    socklen_t from_length = sizeof from;
    ssize_t length = recvfrom(socket_->fd, socket_->buffer, sizeof socket_->buffer, MSG_DONTWAIT | MSG_TRUNC,
                              (struct sockaddr *)&from, &from_length);
    if (length < 0) {
      if (errno != EAGAIN && errno != EINTR) error = errno;
      break;
    }
    if (from.sll_pkttype == PACKET_OUTGOING || (size_t)length > sizeof socket_->buffer) continue;
    PM_TRY(env, napi_create_buffer_copy(env, (size_t)length, socket_->buffer, NULL, &frame));
    PM_TRY(env, napi_set_element(env, list, count++, frame));
  }
  PM_TRY(env, napi_set_named_property(env, result, "frames", list));
  if (!pm_set_number(env, result, "error", error)) {
    pm_throw_api(env, "cannot deliver frames");
    return NULL;
  }
  return result;
}
