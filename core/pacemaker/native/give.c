/* Commands to the thread and what comes back from it, on the user thread. Used by the API files. */
#include <errno.h>
#include <unistd.h>

#include "memory.h"
#include "user.h"

/* A burst of commands costs one wake-up each time that so many are waiting. */
#define MOST_UNFLUSHED 32
/* A command that comes this long after the last wake-up is no part of a burst. */
#define BURST_US 100
#define CLOSE_WAIT_US 200
#define CLOSE_WAITS 1000

void pm_flush(struct pm_pacer *pacer) {
  const uint64_t one = 1;
  pacer->unflushed = 0;
  pacer->flushed_at = pm_clock();
  if (pacer->is_running) (void)!write(pacer->wake_fd, &one, sizeof one);
}

static bool is_preparation(enum pm_command_kind kind) {
  return kind == PM_DO_FORESEE || kind == PM_DO_CONSENT || kind == PM_DO_TURN || kind == PM_DO_READ;
}

bool pm_give(struct pm_pacer *pacer, struct pm_command *command) {
  bool is_urgent;
  pm_reclaim(pacer);
  /* Preparations are for later. */
  is_urgent = !is_preparation(command->kind) && pm_clock() - pacer->flushed_at > BURST_US;
  pm_push(&pacer->commands, &command->link);
  pacer->unflushed++;
  if (pacer->unflushed < MOST_UNFLUSHED && !is_urgent) return true;
  pm_flush(pacer);
  return false;
}

struct pm_command *pm_command_new(enum pm_command_kind kind, struct pm_object *object) {
  struct pm_command *command = pm_alloc(sizeof *command);
  if (command == NULL) return NULL;
  command->link.kind = PM_LINK_COMMAND;
  command->kind = kind;
  command->object = object;
  command->next_at = PM_NEVER;
  return command;
}

void pm_command_free(struct pm_command *command) {
  pm_free(command->packets);
  pm_free(command->deeds);
  pm_free(command->terms.expected);
  pm_free(command);
}

void pm_disown(struct pm_object *object) {
  if (--object->owners == 0) pm_object_free(object);
}

void pm_reclaim(struct pm_pacer *pacer) {
  struct pm_link *link = pm_take_all(&pacer->used), *next;
  for (; link != NULL; link = next) {
    next = link->next;
    if (link->kind == PM_LINK_COMMAND) {
      struct pm_command *command = PM_OWNER(link, struct pm_command, link);
      pm_command_free(command);
      continue;
    }
    struct pm_object *object = PM_OWNER(link, struct pm_object, returned);
    object->is_returned = true;
    /* What is in the mail is let go of by whoever takes it out. */
    if (!atomic_load(&object->is_mailed)) pm_disown(object);
  }
}

bool pm_close(struct pm_object *object, bool *must_flush) {
  struct pm_pacer *pacer = object->pacer;
  struct pm_line *line = object->kind == PM_BEACON  ? ((struct pm_beacon *)object)->line
                         : object->kind == PM_WATCH ? ((struct pm_watch *)object)->line
                                                    : NULL;
  struct pm_command *command;
  *must_flush = false;
  if (!object->is_open || !pacer->is_running) return true;
  /* A closed line has taken it along. */
  if (line != NULL && !line->object.is_open) return true;
  command = pm_command_new(PM_DO_CLOSE, object);
  if (command == NULL) return false;
  object->is_open = false;
  if (object->kind == PM_LINE && ((struct pm_line *)object)->transport != PM_FRAMES) pacer->lines_closing++;
  *must_flush = pm_give(pacer, command);
  return true;
}

void pm_await_closed_lines(struct pm_pacer *pacer) {
  pm_flush(pacer);
  for (int i = 0; i < CLOSE_WAITS; i++) {
    if (atomic_load_explicit(&pacer->lines_closed, memory_order_acquire) == pacer->lines_closing) return;
    (void)usleep(CLOSE_WAIT_US);
  }
}
