/*
 * An asker as JavaScript holds it: its routines by number, and what wakes the event loop for it. Used by asker.c and routine_api.c.
 */
#ifndef PACEMAKER_ASKER_H
#define PACEMAKER_ASKER_H

#include <node_api.h>
#include <uv.h>

#include "routine.h"

/*
 * Owners: the handle object (until its finalizer), and the poll and the timer handle (until their close callbacks). The last one frees.
 */
struct pm_asker_handle {
  napi_env env;
  struct pm_asker asker;
  bool is_open;
  int owners, loop_handles;
  uv_poll_t poll;
  uv_timer_t timer;
  napi_ref on_departed;
  napi_async_context async_context;
  napi_async_cleanup_hook_handle cleanup;
  /* An id is a place in here, and above 20 bits how many had that place before. */
  struct pm_routine **routines;
  uint64_t *generations;
  size_t places, count, free_hint;
};

/* Answers the handle object, or NULL with an exception pending. `on_departed`: a function. */
napi_value pm_asker_make(napi_env env, napi_value on_departed);
/* The open asker behind a handle object, or NULL with an exception pending. */
struct pm_asker_handle *pm_asker_of(napi_env env, napi_value handle);
/* Ends every routine. Closing twice does nothing. */
void pm_asker_close(struct pm_asker_handle *asker);
/* Wakes the loop when the next round or deadline is due. */
void pm_asker_arm(struct pm_asker_handle *asker);

/* Gives the routine an id. False: no memory. */
bool pm_asker_add(struct pm_asker_handle *asker, struct pm_routine *routine);
/* NULL: there is none, or not any more. */
struct pm_routine *pm_asker_find(const struct pm_asker_handle *asker, uint64_t id);
/* Ends and frees it. */
void pm_asker_remove(struct pm_asker_handle *asker, struct pm_routine *routine);

/* routine_api.c: what JavaScript is told of a routine that departed; NULL: an exception is pending. Gives its socket away. */
napi_value pm_departed_value(napi_env env, struct pm_routine *routine);

#endif
