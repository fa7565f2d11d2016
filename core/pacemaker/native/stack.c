/* Push by compare and swap, take by exchange: no ABA, because nothing is ever popped singly. */
#include "stack.h"

#include <stddef.h>

void pm_push(struct pm_stack *stack, struct pm_link *link) {
  struct pm_link *top = atomic_load_explicit(&stack->top, memory_order_relaxed);
  do {
    link->next = top;
  } while (!atomic_compare_exchange_weak_explicit(&stack->top, &top, link, memory_order_release, memory_order_relaxed));
}

struct pm_link *pm_take_all(struct pm_stack *stack) {
  struct pm_link *ordered = NULL;
  struct pm_link *link = atomic_load_explicit(&stack->top, memory_order_relaxed);
  if (link == NULL) return NULL;
  link = atomic_exchange_explicit(&stack->top, NULL, memory_order_acquire);
  while (link != NULL) {
    struct pm_link *below = link->next;
    link->next = ordered;
    ordered = link;
    link = below;
  }
  return ordered;
}
