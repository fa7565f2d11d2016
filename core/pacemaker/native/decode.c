/* Headers and control data of what was received. Pure; used by raw_ip.c and line.c, and run by the fuzzer. */
#include "decode.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>

/* Cuts the payload to what the IP header says; false where the header contradicts the length. */
static bool decode4(const uint8_t *data, size_t length, struct pm_received *out) {
  size_t header, total;
  if (length < 20 || data[0] >> 4 != 4) return false;
  header = (size_t)(data[0] & 15) * 4;
  total = (size_t)data[2] << 8 | data[3];
  if (header < 20 || total < header || total > length) return false;
  memcpy(out->source, data + 12, 4);
  memcpy(out->destination, data + 16, 4);
  out->address_length = 4;
  out->hop_limit = data[8];
  out->payload = data + header;
  out->payload_length = total - header;
  return true;
}

/* Where the data of a control item lies, or NULL where it is not of that kind or too short. */
static const void *data_of(const struct cmsghdr *item, int level, int type, size_t length) {
  if (item->cmsg_level != level || item->cmsg_type != type || item->cmsg_len < CMSG_LEN(length)) return NULL;
  return CMSG_DATA(item);
}

struct control {
  bool has_interface;
  bool has_hop_limit;
};

static void read_item(const struct cmsghdr *item, struct pm_received *out, struct control *seen) {
  struct in_pktinfo information;
  struct in6_pktinfo information6;
  const void *data;
  if ((data = data_of(item, IPPROTO_IP, IP_PKTINFO, sizeof information)) != NULL) {
    memcpy(&information, data, sizeof information);
    memcpy(out->destination, &information.ipi_addr, 4);
    out->interface_index = (unsigned)information.ipi_ifindex;
    seen->has_interface = true;
  } else if ((data = data_of(item, IPPROTO_IPV6, IPV6_PKTINFO, sizeof information6)) != NULL) {
    memcpy(&information6, data, sizeof information6);
    memcpy(out->destination, &information6.ipi6_addr, 16);
    out->interface_index = information6.ipi6_ifindex;
    seen->has_interface = true;
  } else if ((data = data_of(item, IPPROTO_IPV6, IPV6_HOPLIMIT, sizeof out->hop_limit)) != NULL ||
             (data = data_of(item, IPPROTO_IP, IP_TTL, sizeof out->hop_limit)) != NULL) {
    memcpy(&out->hop_limit, data, sizeof out->hop_limit);
    seen->has_hop_limit = true;
  }
}

static struct control read_control(const struct msghdr *message, struct pm_received *out) {
  struct control seen = {false, false};
  const uint8_t *at = message->msg_control;
  size_t left = at == NULL ? 0 : message->msg_controllen;
  /* By hand: CMSG_NXTHDR does not check that the item it starts from ends within the buffer. */
  while (left >= sizeof(struct cmsghdr)) {
    const struct cmsghdr *item = (const void *)at;
    if (item->cmsg_len < sizeof *item || item->cmsg_len > left) break;
    read_item(item, out, &seen);
    if (CMSG_ALIGN(item->cmsg_len) >= left) break;
    at += CMSG_ALIGN(item->cmsg_len);
    left -= CMSG_ALIGN(item->cmsg_len);
  }
  return seen;
}

static bool read_source(int family, const struct msghdr *message, struct pm_received *out) {
  if (family == AF_INET) {
    struct sockaddr_in from;
    if (message->msg_name == NULL || message->msg_namelen < sizeof from) return false;
    memcpy(&from, message->msg_name, sizeof from);
    if (from.sin_family != AF_INET) return false;
    memcpy(out->source, &from.sin_addr, 4);
    out->source_port = ntohs(from.sin_port);
    out->address_length = 4;
    return true;
  }
  struct sockaddr_in6 from6;
  if (message->msg_name == NULL || message->msg_namelen < sizeof from6) return false;
  memcpy(&from6, message->msg_name, sizeof from6);
  if (from6.sin6_family != AF_INET6) return false;
  memcpy(out->source, &from6.sin6_addr, 16);
  out->source_port = ntohs(from6.sin6_port);
  out->address_length = 16;
  return true;
}

static bool decode_frame(const struct msghdr *message, struct pm_received *out) {
  struct sockaddr_ll from;
  if (message->msg_name == NULL || message->msg_namelen < offsetof(struct sockaddr_ll, sll_addr)) return false;
  memset(&from, 0, sizeof from);
  memcpy(&from, message->msg_name, message->msg_namelen < sizeof from ? message->msg_namelen : sizeof from);
  /* Own frames, on kernels that do not keep them from us. */
  if (from.sll_pkttype == PACKET_OUTGOING) return false;
  out->interface_index = (unsigned)from.sll_ifindex;
  return true;
}

bool pm_decode(enum pm_transport transport, int family, const struct msghdr *message, const uint8_t *data, size_t length,
               struct pm_received *out) {
  struct control seen;
  memset(out, 0, sizeof *out);
  out->payload = data;
  out->payload_length = length;
  if ((message->msg_flags & MSG_TRUNC) != 0) return false;
  if (transport == PM_FRAMES) return decode_frame(message, out);
  if ((message->msg_flags & MSG_CTRUNC) != 0) return false;
  seen = read_control(message, out);
  if (!seen.has_interface) return false;
  if (transport == PM_IP && family == AF_INET) return decode4(data, length, out);
  if (!seen.has_hop_limit || !read_source(family, message, out)) return false;
  /* Raw IPv6 sockets put the protocol where UDP has the port. */
  if (transport == PM_IP) out->source_port = 0;
  return true;
}
