/* Where packets leave from and go to, out of JavaScript. Used by datagram.c and routine_api.c. */
#ifndef PACEMAKER_OUTGOING_API_H
#define PACEMAKER_OUTGOING_API_H

#include <node_api.h>

#include "outgoing.h"

/* An address of `length` bytes, or of none, and a port. False: an exception is pending. */
bool pm_place_of(napi_env env, napi_value address, napi_value port, size_t length, const char *name, struct pm_place *out);
/* Five arguments: family (4 or 6), link, mark, local address, local port. False: an exception is pending. */
bool pm_outgoing_of(napi_env env, const napi_value *arguments, struct pm_outgoing *out);

#endif
