/* Opens, marks, binds and connects sockets that go out to one peer. Used by datagram.c and routine.c. */
#include "outgoing.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interface.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static bool is_link_local(const struct pm_place *place) {
  return place->length == 16 && place->address[0] == 0xfe && (place->address[1] & 0xc0) == 0x80;
}

socklen_t pm_address_from(const struct pm_outgoing *from, const struct pm_place *place, union pm_address *out) {
  memset(out, 0, sizeof *out);
  if (from->family == AF_INET) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(place->port);
    if (place->length == 4) memcpy(&out->v4.sin_addr, place->address, 4);
    return sizeof out->v4;
  }
  out->v6.sin6_family = AF_INET6;
  out->v6.sin6_port = htons(place->port);
  if (place->length == 16) memcpy(&out->v6.sin6_addr, place->address, 16);
  if (is_link_local(place) && from->link[0] != '\0') out->v6.sin6_scope_id = if_nametoindex(from->link);
  return sizeof out->v6;
}

static int bind_local(int fd, const struct pm_outgoing *from) {
  union pm_address local;
  socklen_t length = pm_address_from(from, &from->local, &local);
  if (from->local.port == 0) {
    /* Else the kernel takes a port from all destinations at once, and has none left after some 28,000 connections a minute. */
    (void)pm_set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  }
  return bind(fd, &local.any, length) == 0 ? 0 : errno;
}

/* Closes the socket and says where it failed. */
static struct pm_opened failed(int fd, int error, const char *call) {
  if (fd >= 0) (void)close(fd);
  return (struct pm_opened){.fd = -1, .error = error, .call = call};
}

static struct pm_opened open_from(const struct pm_outgoing *from, int type, int protocol) {
  int error, fd = socket(from->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (fd < 0) return failed(fd, errno, "socket");
  if (from->link[0] != '\0' && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, from->link, (socklen_t)strlen(from->link) + 1) != 0) {
    return failed(fd, errno, "SO_BINDTODEVICE");
  }
  if (from->mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &from->mark, sizeof from->mark) != 0) {
    return failed(fd, errno, "SO_MARK");
  }
  /*
   * As libuv does: the port of a connection that ended a minute ago is free. Datagrams from one port go to several servers at the same
   * time, each from a connected socket of its own: the kernel hands answers to the one whose peer sent them.
   */
  bool is_bound = from->local.length != 0 || from->local.port != 0;
  if (is_bound && (type == SOCK_STREAM || from->local.port != 0)) (void)pm_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  error = is_bound ? bind_local(fd, from) : 0;
  if (error != 0) return failed(fd, error, "bind");
  return (struct pm_opened){.fd = fd, .error = 0, .call = NULL};
}

struct pm_opened pm_open_stream(const struct pm_outgoing *from) { return open_from(from, SOCK_STREAM, IPPROTO_TCP); }

struct pm_opened pm_open_datagram(const struct pm_outgoing *from, int protocol, const struct pm_place *to) {
  union pm_address remote;
  struct pm_opened opened = open_from(from, SOCK_DGRAM, protocol);
  if (opened.error != 0) return opened;
  /* Without it routers' and neighbours' "unreachable" is not told. */
  int error = from->family == AF_INET ? pm_set_option(opened.fd, IPPROTO_IP, IP_RECVERR, 1)
                                      : pm_set_option(opened.fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  if (error != 0) return failed(opened.fd, error, "IP_RECVERR");
  socklen_t length = pm_address_from(from, to, &remote);
  if (connect(opened.fd, &remote.any, length) != 0) return failed(opened.fd, errno, "connect");
  return opened;
}
