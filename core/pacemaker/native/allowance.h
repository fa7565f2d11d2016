/* How often something may happen: so many at once, and a rate in the long run. Pure; used by stray.c and watch.c. */
#ifndef PACEMAKER_ALLOWANCE_H
#define PACEMAKER_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

struct pm_rate {
  int64_t each_us;
  int64_t at_once;
};

/* All that was taken is given back by then. */
struct pm_allowance {
  int64_t whole_at;
};

static inline bool pm_may_take(const struct pm_allowance *allowance, const struct pm_rate *rate, int64_t now) {
  return allowance->whole_at - now <= rate->each_us * (rate->at_once - 1);
}

static inline void pm_take(struct pm_allowance *allowance, const struct pm_rate *rate, int64_t now) {
  if (allowance->whole_at < now) allowance->whole_at = now;
  allowance->whole_at += rate->each_us;
}

#endif
