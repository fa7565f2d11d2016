/* Options that sockets of every kind share. Used by raw_ip.c, netlink.c, open.c and line_api.c. */
#include "interface.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
/* Positions in the SO_MEMINFO answer: linux/sock_diag.h. */
#define MEMINFO_DROPS 8
#define MEMINFO_COUNT 9

int pm_set_option(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : errno;
}

int pm_bind_to_interface(int fd, unsigned interface_index) {
  char name[IF_NAMESIZE];
  int error;
  /* Binding to an index that no interface has succeeds silently, so look first. */
  if (if_indextoname(interface_index, name) == NULL) return errno == ENXIO ? ENODEV : errno;
  error = pm_set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)interface_index);
  if (error != ENOPROTOOPT) return error;
  /* Kernels before 5.1 bind by name only. */
  return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof name) == 0 ? 0 : errno;
}

void pm_set_receive_buffer(int fd, int bytes) {
  if (pm_set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) != 0) (void)pm_set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

void pm_set_send_buffer(int fd, int bytes) {
  if (pm_set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes) != 0) (void)pm_set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}

int pm_set_membership(int fd, int family, unsigned interface_index, int join, const uint8_t *group) {
  int result;
  if (family == AF_INET) {
    struct ip_mreqn request = {.imr_ifindex = (int)interface_index};
    memcpy(&request.imr_multiaddr, group, sizeof request.imr_multiaddr);
    result = setsockopt(fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request, sizeof request);
  } else if (family == AF_INET6) {
    struct ipv6_mreq request6 = {.ipv6mr_interface = interface_index};
    memcpy(&request6.ipv6mr_multiaddr, group, sizeof request6.ipv6mr_multiaddr);
    result = setsockopt(fd, IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request6, sizeof request6);
  } else {
    struct packet_mreq frames = {.mr_ifindex = (int)interface_index, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};
    memcpy(frames.mr_address, group, 6);
    result = setsockopt(fd, SOL_PACKET, join ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, &frames, sizeof frames);
  }
  return result == 0 ? 0 : errno;
}

uint32_t pm_kernel_drops(int fd) {
  uint32_t information[MEMINFO_COUNT] = {0};
  socklen_t length = sizeof information;
  /* Kernels before 4.12 do not know the option: the answer is then 0. */
  (void)getsockopt(fd, SOL_SOCKET, SO_MEMINFO, information, &length);
  return information[MEMINFO_DROPS];
}
