/* Life of a watched socket: adoption by the event loop, wake-ups, closing, and the end of the environment. */
#include "socket.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interface.h"
#include "values.h"

static const napi_type_tag handle_tag = {0x7c1a5be0d2f34e61ULL, 0x9b3f6a8847d01c25ULL};

static void disown(struct pm_socket *socket_) {
  if (--socket_->owners == 0) free(socket_);
}

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  disown(data);
}

/* Runs on the loop after uv_close; the environment may be gone, so nothing of JavaScript is touched. */
static void on_poll_closed(uv_handle_t *handle) {
  struct pm_socket *socket_ = handle->data;
  if (socket_->cleanup != NULL) (void)napi_remove_async_cleanup_hook(socket_->cleanup);
  disown(socket_);
}

static void close_socket(struct pm_socket *socket_) {
  if (!socket_->is_open) return;
  socket_->is_open = false;
  (void)uv_poll_stop(&socket_->poll);
  uv_close((uv_handle_t *)&socket_->poll, on_poll_closed);
  (void)close(socket_->fd);
  socket_->fd = -1;
  (void)napi_async_destroy(socket_->env, socket_->async_context);
  (void)napi_delete_reference(socket_->env, socket_->on_readable);
}

static void on_environment_end(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  close_socket(data);
}

static void call_on_readable(struct pm_socket *socket_, int error) {
  napi_env env = socket_->env;
  napi_handle_scope scope;
  napi_value callback, receiver, argument, thrown;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, socket_->on_readable, &callback) == napi_ok && callback != NULL &&
      napi_get_global(env, &receiver) == napi_ok && napi_create_int32(env, error, &argument) == napi_ok &&
      napi_make_callback(env, socket_->async_context, receiver, callback, 1, &argument, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &thrown) == napi_ok) {
    (void)napi_fatal_exception(env, thrown);
  }
  (void)napi_close_handle_scope(env, scope);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static int start_polling(struct pm_socket *socket_) {
  return uv_poll_start(&socket_->poll, UV_READABLE, on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  struct pm_socket *socket_ = poll->data;
  int error = 0;
  (void)events;
  if (status < 0) {
    /* libuv stops watching on POLLERR. Reading SO_ERROR clears it (ENOBUFS, ENETDOWN), then watching goes on. */
    socklen_t length = sizeof error;
    if (getsockopt(socket_->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (start_polling(socket_) != 0) error = EBADF;
  }
  socket_->owners++;
  call_on_readable(socket_, error);
  disown(socket_);
}

/* After this the poll handle owns the fd and one share of the socket. Answers 0 or an errno. */
static int start(struct pm_socket *socket_, bool watch, napi_value on_readable) {
  napi_env env = socket_->env;
  uv_loop_t *loop = NULL;
  napi_value name;
  int result;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return EINVAL;
  if (napi_create_string_utf8(env, "mainstay:socket", NAPI_AUTO_LENGTH, &name) != napi_ok) return EINVAL;
  if (napi_create_reference(env, on_readable, 1, &socket_->on_readable) != napi_ok) return EINVAL;
  if (napi_async_init(env, NULL, name, &socket_->async_context) != napi_ok) {
    (void)napi_delete_reference(env, socket_->on_readable);
    return EINVAL;
  }
  result = uv_poll_init(loop, &socket_->poll, socket_->fd);
  if (result != 0) {
    (void)napi_async_destroy(env, socket_->async_context);
    (void)napi_delete_reference(env, socket_->on_readable);
    return -result;
  }
  socket_->poll.data = socket_;
  socket_->owners++;
  socket_->is_open = true;
  if (napi_add_async_cleanup_hook(env, on_environment_end, socket_, &socket_->cleanup) != napi_ok) {
    socket_->cleanup = NULL;
    return EINVAL;
  }
  return watch ? -start_polling(socket_) : 0;
}

napi_value pm_socket_adopt(napi_env env, int fd, enum pm_kind kind, bool watch, napi_value on_readable,
                           struct pm_socket **out) {
  napi_value handle;
  int error;
  struct pm_socket *socket_ = calloc(1, kind == PM_DATAGRAM ? offsetof(struct pm_socket, buffer) : sizeof *socket_);
  if (socket_ == NULL) {
    (void)close(fd);
    pm_throw_errno(env, "calloc", ENOMEM);
    return NULL;
  }
  socket_->env = env;
  socket_->kind = kind;
  socket_->fd = fd;
  socket_->owners = 1;
  if (napi_create_object(env, &handle) != napi_ok || napi_type_tag_object(env, handle, &handle_tag) != napi_ok ||
      napi_wrap(env, handle, socket_, on_handle_collected, NULL, NULL) != napi_ok) {
    (void)close(fd);
    free(socket_);
    pm_throw_api(env, "cannot make a socket handle");
    return NULL;
  }
  /* From here the finalizer of the handle object gives up the first share. */
  error = start(socket_, watch, on_readable);
  if (error != 0) {
    if (socket_->is_open) {
      close_socket(socket_);
    } else {
      (void)close(fd);
    }
    pm_throw_errno(env, "poll", error);
    return NULL;
  }
  *out = socket_;
  return handle;
}

static struct pm_socket *any_socket_of(napi_env env, napi_value handle) {
  bool is_ours = false;
  void *data = NULL;
  if (napi_check_object_type_tag(env, handle, &handle_tag, &is_ours) != napi_ok || !is_ours ||
      napi_unwrap(env, handle, &data) != napi_ok) {
    pm_throw_type(env, "not a socket handle");
    return NULL;
  }
  return data;
}

struct pm_socket *pm_socket_of(napi_env env, napi_value handle, enum pm_kind kind) {
  struct pm_socket *socket_ = any_socket_of(env, handle);
  if (socket_ == NULL) return NULL;
  if (socket_->kind != kind) {
    pm_throw_type(env, "a socket handle of another kind");
    return NULL;
  }
  if (!socket_->is_open) {
    pm_throw_errno(env, "socket", EBADF);
    return NULL;
  }
  return socket_;
}

napi_value pm_socket_close(napi_env env, napi_callback_info info) {
  napi_value argument;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 1, &argument)) return NULL;
  socket_ = any_socket_of(env, argument);
  if (socket_ != NULL) close_socket(socket_);
  return NULL;
}

napi_value pm_socket_set_referenced(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct pm_socket *socket_;
  bool referenced = true;
  if (!pm_arguments(env, info, 2, arguments)) return NULL;
  if (!pm_boolean(env, arguments[1], "referenced", &referenced)) return NULL;
  socket_ = any_socket_of(env, arguments[0]);
  if (socket_ == NULL || !socket_->is_open) return NULL;
  if (referenced) {
    uv_ref((uv_handle_t *)&socket_->poll);
  } else {
    uv_unref((uv_handle_t *)&socket_->poll);
  }
  return NULL;
}

napi_value pm_socket_drops(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  struct pm_socket *socket_;
  if (!pm_arguments(env, info, 1, &argument)) return NULL;
  socket_ = any_socket_of(env, argument);
  if (socket_ == NULL) return NULL;
  PM_TRY(env, napi_create_uint32(env, socket_->is_open ? pm_kernel_drops(socket_->fd) : 0, &result));
  return result;
}
