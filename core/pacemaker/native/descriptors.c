/* Keeps the raw IP sockets of other libraries (raw-socket opens them without SOCK_CLOEXEC) out of child programs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "entries.h"
#include "values.h"

static bool is_raw_ip_socket(int fd) {
  int type = 0, domain = 0;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_RAW) return false;
  length = sizeof domain;
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && (domain == AF_INET || domain == AF_INET6);
}

/* closeRawSocketsOnExec() -> how many were marked. */
napi_value pm_close_raw_sockets_on_exec(napi_env env, napi_callback_info info) {
  napi_value result;
  uint32_t marked = 0;
  struct dirent *entry;
  DIR *directory = opendir("/proc/self/fd");
  (void)info;
  if (directory == NULL) {
    pm_throw_errno(env, "opendir", errno);
    return NULL;
  }
  while ((entry = readdir(directory)) != NULL) {
    char *end = NULL;
    long fd = strtol(entry->d_name, &end, 10);
    if (end == entry->d_name || *end != '\0' || !is_raw_ip_socket((int)fd)) continue;
    int flags = fcntl((int)fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0 && fcntl((int)fd, F_SETFD, flags | FD_CLOEXEC) == 0) marked++;
  }
  (void)closedir(directory);
  PM_TRY(env, napi_create_uint32(env, marked, &result));
  return result;
}
