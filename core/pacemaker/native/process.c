/* Attributes of the process itself that Node has no call for. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "entries.h"
#include "values.h"

/*
 * setParentDeathSignal(signal, parent) -> true, or false where the parent is gone already (nothing is sent then).
 * The kernel watches the THREAD that forked this process: right for Node, which forks on its main thread.
 */
napi_value pm_set_parent_death_signal(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  int64_t signal_number, parent;
  if (!pm_arguments(env, info, 2, arguments) || !pm_integer(env, arguments[0], 0, NSIG - 1, "signal", &signal_number) ||
      !pm_integer(env, arguments[1], 1, INT32_MAX, "parent", &parent)) {
    return NULL;
  }
  if (prctl(PR_SET_PDEATHSIG, (unsigned long)signal_number, 0UL, 0UL, 0UL) < 0) {
    pm_throw_errno(env, "prctl", errno);
    return NULL;
  }
  /* It may have died before the call: then nobody would ever send the signal. */
  PM_TRY(env, napi_get_boolean(env, getppid() == (pid_t)parent, &result));
  return result;
}
