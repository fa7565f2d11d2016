/* JavaScript values in and out of C, with the checks that every entry point needs. Used by every other file here. */
#ifndef PACEMAKER_VALUES_H
#define PACEMAKER_VALUES_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Leaves the calling entry point when a Node-API call fails; the exception is then pending. */
#define PM_TRY(env, call)                  \
  do {                                     \
    if ((call) != napi_ok) {               \
      pm_throw_api((env), #call);          \
      return NULL;                         \
    }                                      \
  } while (0)

/* Throws an Error with `code` (errno name), `syscall`; does nothing where an exception is pending already. */
void pm_throw_errno(napi_env env, const char *syscall_name, int error);
void pm_throw_api(napi_env env, const char *what);
void pm_throw_type(napi_env env, const char *message);

/* Reads exactly `want` arguments. False: an exception is pending. */
bool pm_arguments(napi_env env, napi_callback_info info, size_t want, napi_value *arguments);
/* A whole number within [low, high]. False: an exception is pending. */
bool pm_integer(napi_env env, napi_value value, int64_t low, int64_t high, const char *name, int64_t *out);
/* The bytes of a Uint8Array; valid until control returns to JavaScript. False: an exception is pending. */
bool pm_bytes(napi_env env, napi_value value, const char *name, const uint8_t **data, size_t *length);
bool pm_boolean(napi_env env, napi_value value, const char *name, bool *out);
bool pm_is_function(napi_env env, napi_value value, const char *name);

/* Sets a property; false on failure. */
bool pm_set_bytes(napi_env env, napi_value object, const char *name, const void *data, size_t length);
bool pm_set_number(napi_env env, napi_value object, const char *name, double number);
bool pm_set_boolean(napi_env env, napi_value object, const char *name, bool value);

#endif
