/*
 * Raw IP reception with what the npm package cannot give: hop limit, destination and arrival interface of IPv6, and close
 * on exec. Bound to one interface. Sending is raw-socket's part (core's Linux ports).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "entries.h"
#include "socket.h"
#include "values.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

struct received {
  const uint8_t *source;
  const uint8_t *destination;
  size_t address_length;
  int hop_limit;
  unsigned interface_index;
  const uint8_t *payload;
  size_t payload_length;
};

static int set_flag(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : errno;
}

/* Only groups that this socket joined, and the control data that receive() reads. Answers 0 or an errno. */
static int configure(int fd, int family) {
  int error;
  if (family == AF_INET) {
    error = set_flag(fd, IPPROTO_IP, IP_PKTINFO, 1);
    return error != 0 ? error : set_flag(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  }
  error = set_flag(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  if (error == 0) error = set_flag(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  if (error != 0) return error;
  /* Kernels before 4.20 lack the option and deliver every group of the interface: harmless, the port filters. */
  error = set_flag(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
  return error == ENOPROTOOPT ? 0 : error;
}

/* Packets that came from other interfaces before the socket was bound: no more than the receive buffer holds. */
static void discard_early_packets(int fd) {
  char byte;
  int most = 1 << 14;
  while (most-- > 0 && recv(fd, &byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC) >= 0) {
  }
}

/* rawIpOpen(family 4|6, protocol, interfaceIndex, receiveBufferBytes, onReadable) */
napi_value pm_raw_ip_open(napi_env env, napi_callback_info info) {
  napi_value arguments[5], handle;
  int64_t version, protocol, index, buffer_bytes;
  int fd, error, family;
  struct pm_socket *socket_ = NULL;
  if (!pm_arguments(env, info, 5, arguments) || !pm_integer(env, arguments[0], 4, 6, "family", &version) ||
      !pm_integer(env, arguments[1], 1, 255, "protocol", &protocol) ||
      !pm_integer(env, arguments[2], 1, INT32_MAX, "interfaceIndex", &index) ||
      !pm_integer(env, arguments[3], 0, INT32_MAX / 2, "receiveBufferBytes", &buffer_bytes) ||
      !pm_is_function(env, arguments[4], "onReadable")) {
    return NULL;
  }
  family = version == 6 ? AF_INET6 : AF_INET;
  fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, (int)protocol);
  if (fd < 0) {
    pm_throw_errno(env, "socket", errno);
    return NULL;
  }
  error = pm_bind_to_interface(fd, (unsigned)index);
  if (error == 0) error = configure(fd, family);
  if (error != 0) {
    (void)close(fd);
    pm_throw_errno(env, "setsockopt", error);
    return NULL;
  }
  discard_early_packets(fd);
  pm_set_receive_buffer(fd, (int)buffer_bytes);
  handle = pm_socket_adopt(env, fd, PM_RAW_IP, true, arguments[4], &socket_);
  if (handle == NULL) return NULL;
  socket_->family = family;
  socket_->interface_index = (unsigned)index;
  return handle;
}

static int change_membership(const struct pm_socket *socket_, bool join, const uint8_t *group) {
  if (socket_->family == AF_INET) {
    struct ip_mreqn request = {.imr_ifindex = (int)socket_->interface_index};
    memcpy(&request.imr_multiaddr, group, sizeof request.imr_multiaddr);
    return setsockopt(socket_->fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request, sizeof request);
  }
  struct ipv6_mreq request6 = {.ipv6mr_interface = socket_->interface_index};
  memcpy(&request6.ipv6mr_multiaddr, group, sizeof request6.ipv6mr_multiaddr);
  return setsockopt(socket_->fd, IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request6,
                    sizeof request6);
}

/* rawIpMembership(handle, join, groupBytes) */
napi_value pm_raw_ip_membership(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  const uint8_t *group;
  size_t length;
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
  if (change_membership(socket_, join, group) != 0) pm_throw_errno(env, join ? "join group" : "leave group", errno);
  return NULL;
}

/* Cuts the payload to what the IP header says; false where the header contradicts the length. */
static bool decode4(const uint8_t *data, size_t length, struct received *out) {
  size_t header, total;
  if (length < 20 || data[0] >> 4 != 4) return false;
  header = (size_t)(data[0] & 15) * 4;
  total = (size_t)data[2] << 8 | data[3];
  if (header < 20 || total < header || total > length) return false;
  out->source = data + 12;
  out->destination = data + 16;
  out->address_length = 4;
  out->hop_limit = data[8];
  out->payload = data + header;
  out->payload_length = total - header;
  return true;
}

/* Reads the control data into `out`; `address` keeps the destination of IPv6. False where any of it is missing. */
static bool read_control(struct msghdr *message, int family, struct received *out, uint8_t address[16]) {
  struct cmsghdr *item;
  bool has_interface = false, has_hop_limit = family == AF_INET;
  for (item = CMSG_FIRSTHDR(message); item != NULL; item = CMSG_NXTHDR(message, item)) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo information;
      memcpy(&information, CMSG_DATA(item), sizeof information);
      out->interface_index = (unsigned)information.ipi_ifindex;
      has_interface = true;
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo information6;
      memcpy(&information6, CMSG_DATA(item), sizeof information6);
      memcpy(address, &information6.ipi6_addr, 16);
      out->destination = address;
      out->interface_index = information6.ipi6_ifindex;
      has_interface = true;
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_HOPLIMIT) {
      memcpy(&out->hop_limit, CMSG_DATA(item), sizeof out->hop_limit);
      has_hop_limit = true;
    }
  }
  return has_interface && has_hop_limit;
}

static bool append_packet(napi_env env, napi_value list, uint32_t position, const struct received *packet) {
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
static int receive_one(struct pm_socket *socket_, struct received *out, struct sockaddr_in6 *from, uint8_t address[16]) {
  union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + 64];
  } control;
  struct iovec vector = {.iov_base = socket_->buffer, .iov_len = sizeof socket_->buffer};
  struct msghdr message = {.msg_name = from,
                           .msg_namelen = sizeof *from,
                           .msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t length = recvmsg(socket_->fd, &message, MSG_DONTWAIT);
  if (length < 0) return -errno;
  memset(out, 0, sizeof *out);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return 0;
  if (!read_control(&message, socket_->family, out, address)) return 0;
  if (socket_->family == AF_INET) return decode4(socket_->buffer, (size_t)length, out) ? 1 : 0;
  out->source = from->sin6_addr.s6_addr;
  out->address_length = 16;
  out->payload = socket_->buffer;
  out->payload_length = (size_t)length;
  return 1;
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
    struct received packet;
    struct sockaddr_in6 from;
    uint8_t address[16];
    outcome = receive_one(socket_, &packet, &from, address);
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
