/* Opens and binds the sockets of packets; the one place that knows their options. Used by raw_ip.c, packet.c and line_api.c. */
#include "open.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame_filter.h"
#include "interface.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* An option and its value. */
struct setting {
  int level;
  int option;
  int value;
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int apply(int fd, const struct setting *settings, size_t count) {
  for (size_t i = 0; i < count; i++) {
    int error = pm_set_option(fd, settings[i].level, settings[i].option, settings[i].value);
    /* Kernels before 4.20 lack the option and deliver every group of the interface: harmless, packets are filtered. */
    if (error == ENOPROTOOPT && settings[i].level == IPPROTO_IPV6 && settings[i].option == IPV6_MULTICAST_ALL) continue;
    if (error != 0) return error;
  }
  return 0;
}

static struct pm_opened opened(int fd, int error, const char *call) {
  if (error != 0 && fd >= 0) {
    (void)close(fd);
    fd = -1;
  }
  return (struct pm_opened){.fd = fd, .error = error, .call = call};
}

static struct pm_opened open_socket(int family, int type, int protocol) {
  int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  return opened(fd, fd < 0 ? errno : 0, "socket");
}

/* Packets that came from other interfaces before the socket was bound: no more than the receive buffer holds. */
static void discard_early_packets(int fd) {
  char byte;
  int most = 1 << 14;
  while (most-- > 0 && recv(fd, &byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC) >= 0) {
  }
}

struct pm_opened pm_open_raw_receiver(int family, int protocol, unsigned interface_index, int receive_buffer) {
  /* Only groups that this socket joined, and the control data that pm_decode reads. */
  const struct setting settings4[] = {{IPPROTO_IP, IP_PKTINFO, 1}, {IPPROTO_IP, IP_MULTICAST_ALL, 0}};
  const struct setting settings6[] = {
      {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1}, {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1}, {IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0}};
  struct pm_opened raw = open_socket(family, SOCK_RAW, protocol);
  int error;
  if (raw.error != 0) return raw;
  error = pm_bind_to_interface(raw.fd, interface_index);
  if (error == 0) {
    error = family == AF_INET ? apply(raw.fd, settings4, COUNT(settings4)) : apply(raw.fd, settings6, COUNT(settings6));
  }
  if (error == 0) {
    discard_early_packets(raw.fd);
    pm_set_receive_buffer(raw.fd, receive_buffer);
  }
  return opened(raw.fd, error, "setsockopt");
}

struct pm_opened pm_open_raw_sender(int family, unsigned interface_index) {
  struct ip_mreqn interface4 = {.imr_ifindex = (int)interface_index};
  const struct setting settings4[] = {{IPPROTO_IP, IP_HDRINCL, 1}, {IPPROTO_IP, IP_MULTICAST_LOOP, 0}};
  const struct setting settings6[] = {{IPPROTO_IPV6, IPV6_HDRINCL, 1},
                                      {IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface_index},
                                      {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0}};
  struct pm_opened raw = open_socket(family, SOCK_RAW, IPPROTO_RAW);
  int error;
  if (raw.error != 0) return raw;
  error = pm_bind_to_interface(raw.fd, interface_index);
  if (error == 0 && family == AF_INET) {
    error = apply(raw.fd, settings4, COUNT(settings4));
    if (error == 0 && setsockopt(raw.fd, IPPROTO_IP, IP_MULTICAST_IF, &interface4, sizeof interface4) != 0) error = errno;
  } else if (error == 0) {
    error = apply(raw.fd, settings6, COUNT(settings6));
  }
  return opened(raw.fd, error, "setsockopt");
}

static int bind_udp(int fd, const struct pm_udp_place *place) {
  struct sockaddr_in local4 = {.sin_family = AF_INET, .sin_port = htons(place->port)};
  struct sockaddr_in6 local6 = {
      .sin6_family = AF_INET6, .sin6_port = htons(place->port), .sin6_scope_id = place->interface_index};
  int result;
  if (place->family == AF_INET) {
    if (place->address_length != 0) memcpy(&local4.sin_addr, place->address, sizeof local4.sin_addr);
    result = bind(fd, (struct sockaddr *)&local4, sizeof local4);
  } else {
    if (place->address_length != 0) memcpy(&local6.sin6_addr, place->address, sizeof local6.sin6_addr);
    result = bind(fd, (struct sockaddr *)&local6, sizeof local6);
  }
  return result == 0 ? 0 : errno;
}

static int configure_udp(int fd, const struct pm_udp_place *place) {
  struct ip_mreqn interface4 = {.imr_ifindex = (int)place->interface_index};
  const struct setting settings4[] = {{IPPROTO_IP, IP_PKTINFO, 1},
                                      {IPPROTO_IP, IP_RECVTTL, 1},
                                      {IPPROTO_IP, IP_MULTICAST_ALL, 0},
                                      {IPPROTO_IP, IP_MULTICAST_LOOP, 0},
                                      {IPPROTO_IP, IP_TTL, place->hop_limit},
                                      {IPPROTO_IP, IP_MULTICAST_TTL, place->hop_limit},
                                      {IPPROTO_IP, IP_TOS, place->traffic_class}};
  const struct setting settings6[] = {{IPPROTO_IPV6, IPV6_V6ONLY, 1},
                                      {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
                                      {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1},
                                      {IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0},
                                      {IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)place->interface_index},
                                      {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0},
                                      {IPPROTO_IPV6, IPV6_UNICAST_HOPS, place->hop_limit},
                                      {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, place->hop_limit},
                                      {IPPROTO_IPV6, IPV6_TCLASS, place->traffic_class}};
  /* 0: every interface, and the routes decide. */
  int error = place->interface_index == 0 ? 0 : pm_bind_to_interface(fd, place->interface_index);
  if (error != 0) return error;
  if (place->family == AF_INET6) return apply(fd, settings6, COUNT(settings6));
  error = apply(fd, settings4, COUNT(settings4));
  if (error != 0) return error;
  return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface4, sizeof interface4) == 0 ? 0 : errno;
}

struct pm_opened pm_open_udp(const struct pm_udp_place *place) {
  struct pm_opened udp = open_socket(place->family, SOCK_DGRAM, 0);
  int error;
  if (udp.error != 0) return udp;
  error = configure_udp(udp.fd, place);
  if (error != 0) return opened(udp.fd, error, "setsockopt");
  return opened(udp.fd, bind_udp(udp.fd, place), "bind");
}

struct pm_opened pm_open_frames(unsigned interface_index, uint16_t ether_type, int receive, const uint8_t *rules,
                                size_t rules_length) {
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)interface_index};
  /* Protocol 0 hears nothing until bind names interface and type together. */
  struct pm_opened frames = open_socket(AF_PACKET, SOCK_RAW, 0);
  if (frames.error != 0) return frames;
  /* Kernels before 4.20 lack the option; own frames are then skipped on reception. */
  (void)pm_set_option(frames.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  address.sll_protocol = receive ? htons(ether_type) : 0;
  if (rules_length > 0) {
    int error = pm_filter_frames(frames.fd, rules, rules_length);
    if (error != 0) return opened(frames.fd, error, "SO_ATTACH_FILTER");
  }
  return opened(frames.fd, bind(frames.fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno, "bind");
}
