/* Entry points of the thread itself: start, status, renewal, mail. Their JavaScript signatures stand in src/native-pacemaker.ts. */
#include <errno.h>
#include <uv.h>

#include "api.h"
#include "entries.h"
#include "memory.h"
#include "values.h"

#define MOST_MAIL 4096

/* The pacer of one environment and its way into the loop. Owners: the handle object and the async handle. */
struct service {
  napi_env env;
  struct pm_pacer *pacer;
  uv_async_t async;
  napi_ref on_mail;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  int owners;
};

static const napi_type_tag service_tag = {0x51d8c3f7024b4ea9ULL, 0xa3e96b15d80f4c27ULL};

static void disown(struct service *service) {
  if (--service->owners > 0) return;
  if (service->pacer != NULL) pm_pacer_disown(service->pacer);
  pm_free(service);
}

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  disown(data);
}

/* Called by the thread. */
static void notify(void *data) {
  struct service *service = data;
  (void)uv_async_send(&service->async);
}

static void on_mail(uv_async_t *async) {
  struct service *service = async->data;
  napi_env env = service->env;
  napi_handle_scope scope;
  napi_value callback, receiver, thrown;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, service->on_mail, &callback) == napi_ok && callback != NULL &&
      napi_get_global(env, &receiver) == napi_ok &&
      napi_make_callback(env, service->context, receiver, callback, 0, NULL, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &thrown) == napi_ok) {
    (void)napi_fatal_exception(env, thrown);
  }
  (void)napi_close_handle_scope(env, scope);
}

/* Runs on the loop after uv_close; the environment may be gone, so nothing of JavaScript is touched. */
static void on_async_closed(uv_handle_t *handle) {
  struct service *service = handle->data;
  if (service->cleanup != NULL) (void)napi_remove_async_cleanup_hook(service->cleanup);
  disown(service);
}

static void on_environment_end(napi_async_cleanup_hook_handle handle, void *data) {
  struct service *service = data;
  (void)handle;
  pm_pacer_stop(service->pacer);
  (void)napi_async_destroy(service->env, service->context);
  (void)napi_delete_reference(service->env, service->on_mail);
  uv_close((uv_handle_t *)&service->async, on_async_closed);
}

static int prepare(struct service *service, napi_value callback) {
  napi_env env = service->env;
  napi_value name;
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || napi_create_reference(env, callback, 1, &service->on_mail) != napi_ok ||
      napi_create_string_utf8(env, "pacemaker", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_async_init(env, NULL, name, &service->context) != napi_ok) {
    return ENOMEM;
  }
  return -uv_async_init(loop, &service->async, on_mail);
}

/* Answers 0 or an errno. From the moment that the async handle exists, the end of the environment cleans up. */
static int start(struct service *service, napi_value callback) {
  int error = prepare(service, callback);
  if (error != 0) return error;
  service->owners++;
  service->async.data = service;
  uv_unref((uv_handle_t *)&service->async);
  error = pm_pacer_start(notify, service, &service->pacer);
  if (error == 0 && napi_add_async_cleanup_hook(service->env, on_environment_end, service, &service->cleanup) == napi_ok) {
    return 0;
  }
  if (error == 0) pm_pacer_stop(service->pacer);
  uv_close((uv_handle_t *)&service->async, on_async_closed);
  return error == 0 ? ENOMEM : error;
}

/* pacerStart(onMail) -> handle */
napi_value pm_pacer_start_entry(napi_env env, napi_callback_info info) {
  napi_value callback, handle;
  struct service *service;
  int error;
  if (!pm_arguments(env, info, 1, &callback) || !pm_is_function(env, callback, "onMail")) return NULL;
  service = pm_alloc(sizeof *service);
  if (service == NULL) return pm_throw_memory(env);
  service->env = env;
  service->owners = 1;
  error = start(service, callback);
  if (error != 0) {
    disown(service);
    pm_throw_errno(env, "pthread_create", error);
    return NULL;
  }
  if (napi_create_object(env, &handle) != napi_ok || napi_type_tag_object(env, handle, &service_tag) != napi_ok ||
      napi_wrap(env, handle, service, on_handle_collected, NULL, NULL) != napi_ok) {
    /* The thread idles until the environment ends. */
    pm_throw_api(env, "cannot make a handle");
    return NULL;
  }
  return handle;
}

static struct service *service_of(napi_env env, napi_value handle) {
  bool is_ours = false;
  void *data = NULL;
  if (napi_check_object_type_tag(env, handle, &service_tag, &is_ours) != napi_ok || !is_ours ||
      napi_unwrap(env, handle, &data) != napi_ok) {
    pm_throw_type(env, "not a handle of a pacemaker thread");
    return NULL;
  }
  if (!((struct service *)data)->pacer->is_running) {
    pm_throw_errno(env, "pacemaker", EBADF);
    return NULL;
  }
  return data;
}

struct pm_pacer *pm_pacer_of(napi_env env, napi_value handle) {
  struct service *service = service_of(env, handle);
  return service == NULL ? NULL : service->pacer;
}

/* The one argument of an entry point, as the running pacer. */
static struct service *argument(napi_env env, napi_callback_info info) {
  napi_value handle;
  return pm_arguments(env, info, 1, &handle) ? service_of(env, handle) : NULL;
}

/* pacerStatus(handle) -> { errno, memoryErrno, lost, latestUs } */
napi_value pm_pacer_status(napi_env env, napi_callback_info info) {
  struct service *service = argument(env, info);
  napi_value result;
  if (service == NULL) return NULL;
  PM_TRY(env, napi_create_object(env, &result));
  if (!pm_set_number(env, result, "errno", service->pacer->scheduling_error) ||
      !pm_set_number(env, result, "memoryErrno", pm_hold_error()) ||
      !pm_set_number(env, result, "lost", (double)atomic_load(&service->pacer->lost)) ||
      !pm_set_number(env, result, "latestUs", (double)atomic_load(&service->pacer->latest_us))) {
    pm_throw_api(env, "cannot tell the status");
    return NULL;
  }
  return result;
}

/* pacerRenew(handle): the event loop turns. */
napi_value pm_pacer_renew(napi_env env, napi_callback_info info) {
  struct service *service = argument(env, info);
  if (service != NULL) atomic_store_explicit(&service->pacer->renewed_at, pm_clock(), memory_order_relaxed);
  return NULL;
}

/* pacerUnflushed(handle) -> whether commands wait for pacerFlush */
napi_value pm_pacer_unflushed(napi_env env, napi_callback_info info) {
  struct service *service = argument(env, info);
  napi_value result;
  if (service == NULL) return NULL;
  PM_TRY(env, napi_get_boolean(env, service->pacer->unflushed > 0, &result));
  return result;
}

/* pacerFlush(handle) */
napi_value pm_pacer_flush(napi_env env, napi_callback_info info) {
  struct service *service = argument(env, info);
  if (service != NULL && service->pacer->unflushed > 0) pm_flush(service->pacer);
  return NULL;
}

/* pacerReference(handle, isReferenced): whether the thread keeps the loop alive. */
napi_value pm_pacer_reference(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct service *service;
  bool referenced;
  if (!pm_arguments(env, info, 2, arguments) || !pm_boolean(env, arguments[1], "isReferenced", &referenced)) return NULL;
  service = service_of(env, arguments[0]);
  if (service == NULL) return NULL;
  if (referenced) {
    uv_ref((uv_handle_t *)&service->async);
  } else {
    uv_unref((uv_handle_t *)&service->async);
  }
  return NULL;
}

static bool set_record(napi_env env, napi_value object, const struct pm_record *record) {
  const uint8_t *payload = (const uint8_t *)(record + 1);
  if (!pm_set_number(env, object, "id", record->object) || !pm_set_number(env, object, "at", (double)record->at)) return false;
  if (record->kind == PM_RECORD_TURN) return pm_set_number(env, object, "kind", 3);
  if (record->kind == PM_RECORD_TROUBLE) {
    return pm_set_number(env, object, "kind", 4) && pm_set_number(env, object, "errno", record->number) &&
           pm_set_number(env, object, "count", (double)record->count) &&
           pm_set_boolean(env, object, "isReceiving", record->is_receiving);
  }
  return pm_set_number(env, object, "kind", 1) && pm_set_bytes(env, object, "source", record->source, record->address_length) &&
         pm_set_bytes(env, object, "destination", record->destination, record->address_length) &&
         pm_set_number(env, object, "sourcePort", record->source_port) &&
         pm_set_number(env, object, "hopLimit", record->number) &&
         pm_set_number(env, object, "interfaceIndex", record->interface_index) &&
         pm_set_bytes(env, object, "payload", payload, record->length);
}

static bool set_mail(napi_env env, napi_value object, const struct pm_mail *mail) {
  if (mail->kind == PM_MAIL_RECORD) return set_record(env, object, mail->record);
  if (!pm_set_number(env, object, "id", mail->object) || !pm_set_number(env, object, "at", (double)mail->at)) return false;
  if (mail->kind == PM_MAIL_ENDED) {
    return pm_set_number(env, object, "kind", 0) && pm_set_boolean(env, object, "hasOverslept", mail->end == PM_OVERSLEPT);
  }
  return pm_set_number(env, object, "kind", mail->kind == PM_MAIL_SILENT ? 2 : 5) &&
         pm_set_number(env, object, "generation", mail->generation) &&
         pm_set_boolean(env, object, "hasSpoken", mail->has_spoken);
}

/* pacerTake(handle, max) -> mail[] in its order; as many as max: there may be more */
napi_value pm_pacer_take(napi_env env, napi_callback_info info) {
  napi_value arguments[2], list, object;
  int64_t max;
  uint32_t count = 0;
  struct service *service;
  struct pm_mail mail;
  if (!pm_arguments(env, info, 2, arguments) || !pm_integer(env, arguments[1], 1, MOST_MAIL, "max", &max)) return NULL;
  service = service_of(env, arguments[0]);
  if (service == NULL) return NULL;
  pm_reclaim(service->pacer);
  PM_TRY(env, napi_create_array(env, &list));
  while (count < max && pm_mail_next(service->pacer, &mail)) {
    PM_TRY(env, napi_create_object(env, &object));
    if (!set_mail(env, object, &mail)) {
      pm_throw_api(env, "cannot deliver mail");
      return NULL;
    }
    PM_TRY(env, napi_set_element(env, list, count++, object));
  }
  return list;
}
