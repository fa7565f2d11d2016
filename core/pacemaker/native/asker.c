/* Life of an asker: adoption by the event loop, wake-ups, its table of routines, and the end of the environment. */
#include "asker.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "values.h"

#define MILLISECOND INT64_C(1000000)
#define PLACE_BITS 20

static const napi_type_tag asker_tag = {0x51d0c3a97e2f4b68ULL, 0xa6e81b5d70c94f32ULL};

static void disown(struct pm_asker_handle *asker) {
  if (--asker->owners > 0) return;
  free(asker->routines);
  free(asker->generations);
  free(asker);
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  disown(data);
}

/* Runs on the loop after uv_close; the environment may be gone, so nothing of JavaScript is touched. */
static void on_closed(uv_handle_t *handle) {
  struct pm_asker_handle *asker = handle->data;
  if (--asker->loop_handles == 0 && asker->cleanup != NULL) (void)napi_remove_async_cleanup_hook(asker->cleanup);
  disown(asker);
}

void pm_asker_close(struct pm_asker_handle *asker) {
  if (!asker->is_open) return;
  asker->is_open = false;
  for (size_t place = 0; place < asker->places; place++) {
    if (asker->routines[place] != NULL) pm_asker_remove(asker, asker->routines[place]);
  }
  uv_close((uv_handle_t *)&asker->poll, on_closed);
  uv_close((uv_handle_t *)&asker->timer, on_closed);
  (void)close(asker->asker.poller);
  (void)napi_async_destroy(asker->env, asker->async_context);
  (void)napi_delete_reference(asker->env, asker->on_departed);
}

static void on_environment_end(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  pm_asker_close(data);
}

/* The list of those that departed; they are freed. What cannot be told now is told at the next turn. NULL: an exception is pending. */
static napi_value take_departed(struct pm_asker_handle *asker) {
  napi_env env = asker->env;
  napi_value list, value;
  uint32_t count = 0;
  PM_TRY(env, napi_create_array(env, &list));
  while (asker->asker.departed != NULL) {
    struct pm_routine *routine = asker->asker.departed;
    value = pm_departed_value(env, routine);
    if (value == NULL || napi_set_element(env, list, count++, value) != napi_ok) break;
    asker->asker.departed = routine->next;
    pm_asker_remove(asker, routine);
  }
  if (asker->asker.departed == NULL) asker->asker.last_departed = &asker->asker.departed;
  return list;
}

static void tell(struct pm_asker_handle *asker) {
  napi_env env = asker->env;
  napi_handle_scope scope;
  napi_value list, callback, receiver, thrown;
  bool is_pending = false;
  if (asker->asker.departed == NULL || napi_open_handle_scope(env, &scope) != napi_ok) return;
  list = take_departed(asker);
  if (list != NULL && napi_get_reference_value(env, asker->on_departed, &callback) == napi_ok && callback != NULL &&
      napi_get_global(env, &receiver) == napi_ok) {
    (void)napi_make_callback(env, asker->async_context, receiver, callback, 1, &list, NULL);
  }
  if (napi_is_exception_pending(env, &is_pending) == napi_ok && is_pending &&
      napi_get_and_clear_last_exception(env, &thrown) == napi_ok) {
    (void)napi_fatal_exception(env, thrown);
  }
  (void)napi_close_handle_scope(env, scope);
}

static void turn(struct pm_asker_handle *asker) {
  asker->owners++;
  pm_asker_turn(&asker->asker);
  tell(asker);
  if (asker->is_open) pm_asker_arm(asker);
  disown(asker);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  turn(poll->data);
}

static void on_timer(uv_timer_t *timer) { turn(timer->data); }

/* Only what is due keeps the loop alive. */
void pm_asker_arm(struct pm_asker_handle *asker) {
  const struct pm_slot *first = asker->asker.schedule.first;
  if (first == NULL && asker->asker.departed == NULL) {
    (void)uv_timer_stop(&asker->timer);
    return;
  }
  int64_t left = asker->asker.departed != NULL ? 0 : first->at - pm_asker_now();
  /* Not 0: such a timer is called again before the loop looks at anything else. */
  uint64_t milliseconds = left <= 0 ? 1 : (uint64_t)((left + MILLISECOND - 1) / MILLISECOND);
  uv_update_time(asker->timer.loop);
  (void)uv_timer_start(&asker->timer, on_timer, milliseconds, 0);
}

/* Answers 0 or an errno; nothing is left behind on failure. */
static int start(struct pm_asker_handle *asker, napi_value on_departed) {
  napi_env env = asker->env;
  uv_loop_t *loop = NULL;
  napi_value name;
  int error = EINVAL;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok ||
      napi_create_string_utf8(env, "mainstay:asker", NAPI_AUTO_LENGTH, &name) != napi_ok) {
    return error;
  }
  error = pm_asker_open(&asker->asker);
  if (error != 0) return error;
  if (napi_create_reference(env, on_departed, 1, &asker->on_departed) != napi_ok) {
    error = EINVAL;
    goto no_reference;
  }
  if (napi_async_init(env, NULL, name, &asker->async_context) != napi_ok) {
    error = EINVAL;
    goto no_context;
  }
  error = -uv_poll_init(loop, &asker->poll, asker->asker.poller);
  if (error != 0) goto no_poll;
  (void)uv_timer_init(loop, &asker->timer);
  asker->poll.data = asker;
  asker->timer.data = asker;
  asker->owners += 2;
  asker->loop_handles = 2;
  asker->is_open = true;
  uv_unref((uv_handle_t *)&asker->poll);
  error = -uv_poll_start(&asker->poll, UV_READABLE, on_poll);
  if (error == 0 && napi_add_async_cleanup_hook(env, on_environment_end, asker, &asker->cleanup) != napi_ok) error = EINVAL;
  if (error != 0) pm_asker_close(asker);
  return error;

no_poll:
  (void)napi_async_destroy(env, asker->async_context);
no_context:
  (void)napi_delete_reference(env, asker->on_departed);
no_reference:
  (void)close(asker->asker.poller);
  return error;
}

napi_value pm_asker_make(napi_env env, napi_value on_departed) {
  napi_value handle;
  struct pm_asker_handle *asker = calloc(1, sizeof *asker);
  if (asker == NULL) {
    pm_throw_errno(env, "calloc", ENOMEM);
    return NULL;
  }
  asker->env = env;
  asker->owners = 1;
  if (napi_create_object(env, &handle) != napi_ok || napi_type_tag_object(env, handle, &asker_tag) != napi_ok ||
      napi_wrap(env, handle, asker, on_collected, NULL, NULL) != napi_ok) {
    free(asker);
    pm_throw_api(env, "cannot make an asker handle");
    return NULL;
  }
  /* From here the finalizer of the handle object gives up the first share. */
  int error = start(asker, on_departed);
  if (error == 0) return handle;
  pm_throw_errno(env, "epoll", error);
  return NULL;
}

struct pm_asker_handle *pm_asker_of(napi_env env, napi_value handle) {
  bool is_ours = false;
  void *data = NULL;
  if (napi_check_object_type_tag(env, handle, &asker_tag, &is_ours) != napi_ok || !is_ours ||
      napi_unwrap(env, handle, &data) != napi_ok) {
    pm_throw_type(env, "not an asker handle");
    return NULL;
  }
  struct pm_asker_handle *asker = data;
  if (asker->is_open) return asker;
  pm_throw_errno(env, "asker", EBADF);
  return NULL;
}

static bool has_room(struct pm_asker_handle *asker) {
  if (asker->count < asker->places) return true;
  size_t places = asker->places == 0 ? 64 : 2 * asker->places;
  if (places > (size_t)1 << PLACE_BITS) return false;
  struct pm_routine **routines = realloc(asker->routines, places * sizeof *routines);
  if (routines == NULL) return false;
  asker->routines = routines;
  uint64_t *generations = realloc(asker->generations, places * sizeof *generations);
  if (generations == NULL) return false;
  asker->generations = generations;
  for (size_t place = asker->places; place < places; place++) {
    routines[place] = NULL;
    generations[place] = 0;
  }
  asker->places = places;
  return true;
}

bool pm_asker_add(struct pm_asker_handle *asker, struct pm_routine *routine) {
  if (!has_room(asker)) return false;
  size_t place = asker->free_hint;
  while (asker->routines[place] != NULL) place = (place + 1) % asker->places;
  asker->routines[place] = routine;
  asker->free_hint = (place + 1) % asker->places;
  asker->count++;
  routine->id = (++asker->generations[place] << PLACE_BITS) | place;
  return true;
}

struct pm_routine *pm_asker_find(const struct pm_asker_handle *asker, uint64_t id) {
  size_t place = (size_t)(id & (((uint64_t)1 << PLACE_BITS) - 1));
  if (place >= asker->places || asker->routines[place] == NULL || asker->routines[place]->id != id) return NULL;
  return asker->routines[place];
}

void pm_asker_remove(struct pm_asker_handle *asker, struct pm_routine *routine) {
  asker->routines[routine->id & (((uint64_t)1 << PLACE_BITS) - 1)] = NULL;
  asker->count--;
  pm_routine_end(&asker->asker, routine);
}
