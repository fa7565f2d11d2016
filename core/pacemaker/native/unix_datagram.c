/* One datagram to a Unix socket (the service manager's notification socket, the system log), without waiting. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "entries.h"
#include "values.h"

static int send_datagram(const struct sockaddr_un *address, socklen_t address_length, const uint8_t *data, size_t length) {
  int error = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  if (sendto(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)address, address_length) < 0) {
    error = errno;
  }
  (void)close(fd);
  return error;
}

/* unixDatagramSend(path, bytes) -> 0 or an errno. A leading @ names an abstract socket, as in NOTIFY_SOCKET. */
napi_value pm_unix_datagram_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const uint8_t *data;
  size_t path_length = 0, length;
  int error;
  if (!pm_arguments(env, info, 2, arguments) || !pm_bytes(env, arguments[1], "bytes", &data, &length)) return NULL;
  if (napi_get_value_string_utf8(env, arguments[0], NULL, 0, &path_length) != napi_ok) {
    pm_throw_type(env, "path must be a string");
    return NULL;
  }
  if (path_length == 0) {
    error = ENOENT;
  } else if (path_length >= sizeof address.sun_path) {
    error = ENAMETOOLONG;
  } else {
    PM_TRY(env, napi_get_value_string_utf8(env, arguments[0], address.sun_path, sizeof address.sun_path, &path_length));
    bool is_abstract = address.sun_path[0] == '@';
    if (is_abstract) address.sun_path[0] = '\0';
    socklen_t address_length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length + (is_abstract ? 0 : 1));
    error = send_datagram(&address, address_length, data, length);
  }
  PM_TRY(env, napi_create_int32(env, error, &result));
  return result;
}
