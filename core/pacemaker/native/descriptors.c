/*
 * Keeps descriptors out of child programs: the raw IP sockets of other libraries (raw-socket opens them without SOCK_CLOEXEC), or all
 * but the three standard ones.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "entries.h"
#include "values.h"

/* The C libraries that a published binary must run with know neither (glibc 2.34, Linux 5.9 and 5.11). */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* False: errno says why. A descriptor that another thread closes meanwhile needs no mark. */
static bool mark_one_by_one(void) {
  struct dirent *entry;
  DIR *directory = opendir("/proc/self/fd");
  if (directory == NULL) return false;
  while ((entry = readdir(directory)) != NULL) {
    char *end = NULL;
    long fd = strtol(entry->d_name, &end, 10);
    if (end == entry->d_name || *end != '\0' || fd <= STDERR_FILENO || fd > INT_MAX) continue;
    int flags = fcntl((int)fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) (void)fcntl((int)fd, F_SETFD, flags | FD_CLOEXEC);
  }
  (void)closedir(directory);
  return true;
}

/* closeOthersOnExec(isOneCall) -> undefined. False does without close_range(2), which is what happens where the kernel refuses it:
 * before 5.11, and under a seccomp filter that does not know it. */
napi_value pm_close_others_on_exec(napi_env env, napi_callback_info info) {
  napi_value argument;
  bool is_one_call;
  if (!pm_arguments(env, info, 1, &argument) || !pm_boolean(env, argument, "isOneCall", &is_one_call)) return NULL;
  if (is_one_call && syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return NULL;
  if (!mark_one_by_one()) pm_throw_errno(env, "opendir", errno);
  return NULL;
}

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
