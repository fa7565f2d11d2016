/*
 * What the Node-API files of the pacemaker share: handles of its things, packets and times out of JavaScript. Used by
 * pacemaker_api.c, line_api.c, beacon_api.c and watch_api.c.
 */
#ifndef PACEMAKER_API_H
#define PACEMAKER_API_H

#include <node_api.h>

#include "user.h"

/* The running pacer behind a handle object, or NULL with an exception pending. */
struct pm_pacer *pm_pacer_of(napi_env env, napi_value handle);

/* Wraps a new thing, whose handle share the answer takes. On failure an exception is pending and the thing is freed. */
napi_value pm_object_wrap(napi_env env, struct pm_object *object);
/* The thing behind a handle object, which a closed one does not have; or NULL with an exception pending. */
struct pm_object *pm_object_of(napi_env env, napi_value handle, enum pm_object_kind kind);
/* The same, open or closed, of any kind; for closing and for reading. */
struct pm_object *pm_any_object_of(napi_env env, napi_value handle);
/* Wraps a new thing and gives the thread the command to open it. */
napi_value pm_object_open(napi_env env, struct pm_object *object);
/* A command, or NULL with an exception pending. */
struct pm_command *pm_command_for(napi_env env, enum pm_command_kind kind, struct pm_object *object);

/* A time or span in microseconds, rounded; NaN: PM_NEVER. False: an exception is pending. */
bool pm_time(napi_env env, napi_value value, const char *name, int64_t *out);
/* An address of exactly `length` bytes, or (where that is allowed) of none. False: an exception is pending. */
bool pm_address(napi_env env, napi_value value, const char *name, size_t length, bool may_be_empty, uint8_t out[16],
                size_t *out_length);
/* [bytes, destination, port][] for a line, 1..255 of them. NULL: an exception is pending. */
struct pm_outgoing_list *pm_packets(napi_env env, napi_value value, const struct pm_line *line);
/* Bytes of an address on this line: 4, 16, or 0 for frames. */
size_t pm_address_length(const struct pm_line *line);
napi_value pm_throw_memory(napi_env env);

#endif
