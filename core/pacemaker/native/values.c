/* Conversions between JavaScript values and C, and the exceptions of the addon. */
#include "values.h"

#include <stdio.h>
#include <uv.h>

static bool exception_is_pending(napi_env env) {
  bool pending = false;
  return napi_is_exception_pending(env, &pending) == napi_ok && pending;
}

void pm_throw_errno(napi_env env, const char *syscall_name, int error) {
  char message[160];
  napi_value code, text, thrown, name;
  if (exception_is_pending(env)) return;
  snprintf(message, sizeof message, "%s: %s", syscall_name, uv_strerror(-error));
  if (napi_create_string_utf8(env, uv_err_name(-error), NAPI_AUTO_LENGTH, &code) != napi_ok) return;
  if (napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text) != napi_ok) return;
  if (napi_create_error(env, code, text, &thrown) != napi_ok) return;
  if (napi_create_string_utf8(env, syscall_name, NAPI_AUTO_LENGTH, &name) != napi_ok) return;
  if (napi_set_named_property(env, thrown, "syscall", name) != napi_ok) return;
  (void)napi_throw(env, thrown);
}

void pm_throw_api(napi_env env, const char *what) {
  if (!exception_is_pending(env)) (void)napi_throw_error(env, "ERR_NATIVE", what);
}

void pm_throw_type(napi_env env, const char *message) {
  if (!exception_is_pending(env)) (void)napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
}

bool pm_arguments(napi_env env, napi_callback_info info, size_t want, napi_value *arguments) {
  size_t count = want;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < want) {
    pm_throw_type(env, "too few arguments");
    return false;
  }
  return true;
}

bool pm_integer(napi_env env, napi_value value, int64_t low, int64_t high, const char *name, int64_t *out) {
  char message[120];
  double number = 0;
  if (napi_get_value_double(env, value, &number) == napi_ok && number >= (double)low && number <= (double)high &&
      number == (double)(int64_t)number) {
    *out = (int64_t)number;
    return true;
  }
  snprintf(message, sizeof message, "%s must be a whole number in %lld..%lld", name, (long long)low, (long long)high);
  pm_throw_type(env, message);
  return false;
}

bool pm_bytes(napi_env env, napi_value value, const char *name, const uint8_t **data, size_t *length) {
  char message[120];
  bool is_typed = false;
  napi_typedarray_type type;
  void *bytes = NULL;
  if (napi_is_typedarray(env, value, &is_typed) == napi_ok && is_typed &&
      napi_get_typedarray_info(env, value, &type, length, &bytes, NULL, NULL) == napi_ok && type == napi_uint8_array) {
    *data = bytes;
    return true;
  }
  snprintf(message, sizeof message, "%s must be a Uint8Array", name);
  pm_throw_type(env, message);
  return false;
}

bool pm_boolean(napi_env env, napi_value value, const char *name, bool *out) {
  char message[120];
  if (napi_get_value_bool(env, value, out) == napi_ok) return true;
  snprintf(message, sizeof message, "%s must be a boolean", name);
  pm_throw_type(env, message);
  return false;
}

bool pm_is_function(napi_env env, napi_value value, const char *name) {
  char message[120];
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_function) return true;
  snprintf(message, sizeof message, "%s must be a function", name);
  pm_throw_type(env, message);
  return false;
}

bool pm_set_bytes(napi_env env, napi_value object, const char *name, const void *data, size_t length) {
  napi_value value;
  return napi_create_buffer_copy(env, length, data, NULL, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

bool pm_set_number(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  return napi_create_double(env, number, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

bool pm_set_boolean(napi_env env, napi_value object, const char *name, bool flag) {
  napi_value value;
  return napi_get_boolean(env, flag, &value) == napi_ok && napi_set_named_property(env, object, name, value) == napi_ok;
}
