/* Packets that go back to where they came from, in the thread. Used by watch.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "pacer.h"

union control {
  struct cmsghdr align;
  uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* By the generic cell rate algorithm: packets may come early by `burst - 1` intervals in all. */
static bool is_too_often(struct pm_returns *returns, int64_t now) {
  int64_t due = returns->due;
  if (due == PM_NEVER || due < now) due = now;
  if (due - now > (returns->burst - 1) * returns->every_us) return true;
  returns->due = due + returns->every_us;
  return false;
}

/* From the address that it was sent to, on the link on which it came. */
static size_t write_control(union control *control, const struct pm_received *packet) {
  struct cmsghdr *item = &control->align;
  if (packet->address_length == 4) {
    struct in_pktinfo from = {.ipi_ifindex = (int)packet->interface_index};
    memcpy(&from.ipi_spec_dst, packet->destination, 4);
    *item = (struct cmsghdr){.cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof from)};
    memcpy(CMSG_DATA(item), &from, sizeof from);
    return CMSG_SPACE(sizeof from);
  }
  struct in6_pktinfo from6 = {.ipi6_ifindex = packet->interface_index};
  memcpy(&from6.ipi6_addr, packet->destination, 16);
  *item = (struct cmsghdr){.cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = CMSG_LEN(sizeof from6)};
  memcpy(CMSG_DATA(item), &from6, sizeof from6);
  return CMSG_SPACE(sizeof from6);
}

static socklen_t write_address(struct sockaddr_storage *to, const struct pm_received *packet) {
  memset(to, 0, sizeof *to);
  if (packet->address_length == 4) {
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(packet->source_port)};
    memcpy(&to4.sin_addr, packet->source, 4);
    memcpy(to, &to4, sizeof to4);
    return sizeof to4;
  }
  struct sockaddr_in6 to6 = {
      .sin6_family = AF_INET6, .sin6_port = htons(packet->source_port), .sin6_scope_id = packet->interface_index};
  memcpy(&to6.sin6_addr, packet->source, 16);
  memcpy(to, &to6, sizeof to6);
  return sizeof to6;
}

void pm_return(struct pm_pacer *pacer, struct pm_watch *watch, const struct pm_received *packet) {
  struct sockaddr_storage to;
  union control control = {.bytes = {0}};
  struct iovec bytes = {.iov_base = (void *)(uintptr_t)packet->payload, .iov_len = packet->payload_length};
  struct msghdr message = {.msg_name = &to, .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control.bytes};
  if (is_too_often(&watch->returns, pacer->now)) {
    atomic_fetch_add_explicit(&watch->returns.withheld, 1, memory_order_relaxed);
    return;
  }
  message.msg_namelen = write_address(&to, packet);
  message.msg_controllen = write_control(&control, packet);
  if (sendmsg(watch->line->send_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    pm_trouble(pacer, watch->line, errno, false);
  } else {
    atomic_fetch_add_explicit(&watch->returns.returned, 1, memory_order_relaxed);
  }
}
