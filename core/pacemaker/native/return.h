/* What passes the filter of a watch and goes back to where it came from, and how often that may be. Used by watch.c. */
#ifndef PACEMAKER_RETURN_H
#define PACEMAKER_RETURN_H

#include <stdatomic.h>
#include <stdint.h>

struct pm_pacer;
struct pm_watch;
struct pm_received;

struct pm_returns {
  /* Given with the opening: how often, 0: never; and how many at a time. */
  int64_t every_us, burst;
  /* Thread only: when the next packet would come if they came evenly. */
  int64_t due;
  /* Read by the user at any time. */
  _Atomic uint64_t returned, withheld;
};

/* Sends the packet back at once, unless that would be too often. */
void pm_return(struct pm_pacer *pacer, struct pm_watch *watch, const struct pm_received *packet);

#endif
