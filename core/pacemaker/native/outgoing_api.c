/* Where packets leave from and go to, out of JavaScript. Used by datagram.c and routine_api.c. */
#include "outgoing_api.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "values.h"

bool pm_place_of(napi_env env, napi_value address, napi_value port, size_t length, const char *name, struct pm_place *out) {
  const uint8_t *bytes;
  int64_t number;
  if (!pm_bytes(env, address, name, &bytes, &out->length) || !pm_integer(env, port, 0, 65535, "port", &number)) return false;
  if (out->length != 0 && out->length != length) {
    pm_throw_type(env, "an address has the wrong length for its family");
    return false;
  }
  if (out->length != 0) memcpy(out->address, bytes, out->length);
  out->port = (uint16_t)number;
  return true;
}

bool pm_outgoing_of(napi_env env, const napi_value *arguments, struct pm_outgoing *out) {
  int64_t version, mark;
  size_t length = 0;
  memset(out, 0, sizeof *out);
  if (!pm_integer(env, arguments[0], 4, 6, "family", &version) || !pm_integer(env, arguments[2], 0, UINT32_MAX, "mark", &mark)) {
    return false;
  }
  if (napi_get_value_string_utf8(env, arguments[1], NULL, 0, &length) != napi_ok) {
    pm_throw_type(env, "link must be a string");
    return false;
  }
  if (length >= sizeof out->link) {
    /* No interface has a name so long. */
    pm_throw_errno(env, "SO_BINDTODEVICE", ENODEV);
    return false;
  }
  if (napi_get_value_string_utf8(env, arguments[1], out->link, sizeof out->link, &length) != napi_ok) return false;
  out->family = version == 6 ? AF_INET6 : AF_INET;
  out->mark = (uint32_t)mark;
  return pm_place_of(env, arguments[3], arguments[4], version == 6 ? 16 : 4, "local", &out->local);
}
