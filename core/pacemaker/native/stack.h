/*
 * A lock-free stack that one thread pushes to and another takes whole: commands to the thread, used ones back, mail. A lock
 * would let a JavaScript thread that is not running hold up a packet that is due.
 */
#ifndef PACEMAKER_STACK_H
#define PACEMAKER_STACK_H

#include <stdatomic.h>
#include <stdbool.h>

enum pm_link_kind { PM_LINK_COMMAND, PM_LINK_OBJECT };

struct pm_link {
  struct pm_link *next;
  enum pm_link_kind kind;
};

struct pm_stack {
  _Atomic(struct pm_link *) top;
};

void pm_push(struct pm_stack *stack, struct pm_link *link);
/* Everything that was pushed, the oldest first; NULL: nothing. */
struct pm_link *pm_take_all(struct pm_stack *stack);

#endif
