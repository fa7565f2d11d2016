/* Commands of the user, in the order in which they were given, in the thread. Used by thread.c. */
#include "pacer.h"

static void give_back(struct pm_pacer *pacer, struct pm_object *object) {
  pacer->objects--;
  pm_push(&pacer->used, &object->returned);
}

void pm_line_close(struct pm_pacer *pacer, struct pm_line *line) {
  struct pm_watch **list;
  while (line->beacons != NULL) {
    struct pm_beacon *beacon = line->beacons;
    pm_beacon_detach(pacer, beacon);
    give_back(pacer, &beacon->object);
  }
  for (int i = 0; i <= PM_BUCKETS; i++) {
    if (i < PM_BUCKETS && line->buckets == NULL) continue;
    list = i < PM_BUCKETS ? &line->buckets[i] : &line->watches;
    while (*list != NULL) {
      struct pm_watch *watch = *list;
      pm_watch_detach(pacer, watch);
      give_back(pacer, &watch->object);
    }
  }
  pm_line_detach(pacer, line);
  pm_hands_close(pacer, line);
}

static void open_object(struct pm_pacer *pacer, struct pm_object *object) {
  if (object->kind == PM_LINE) return pm_line_attach(pacer, (struct pm_line *)object);
  pacer->objects++;
  if (object->kind == PM_BEACON) {
    pm_beacon_attach(pacer, (struct pm_beacon *)object);
  } else {
    pm_watch_attach(pacer, (struct pm_watch *)object);
  }
}

static void close_object(struct pm_pacer *pacer, struct pm_object *object) {
  /* What is on its way out may still point into what is given back. */
  pm_send_all(pacer);
  if (object->kind == PM_LINE) return pm_line_close(pacer, (struct pm_line *)object);
  if (object->kind == PM_BEACON) {
    pm_beacon_detach(pacer, (struct pm_beacon *)object);
  } else {
    pm_watch_detach(pacer, (struct pm_watch *)object);
  }
  give_back(pacer, object);
}

static void execute(struct pm_pacer *pacer, struct pm_command *command) {
  switch (command->kind) {
    case PM_DO_OPEN:
      return open_object(pacer, command->object);
    case PM_DO_CLOSE:
      return close_object(pacer, command->object);
    case PM_DO_SEND:
      return pm_line_queue(pacer, (struct pm_line *)command->object, command->packets);
    case PM_DO_SET:
      return pm_beacon_set(pacer, (struct pm_beacon *)command->object, command);
    case PM_DO_FORESEE:
      return pm_watch_foresee(pacer, (struct pm_watch *)command->object, command);
    case PM_DO_CONSENT:
      return pm_watch_consent((struct pm_watch *)command->object, command);
    case PM_DO_TURN:
      return pm_watch_turn((struct pm_watch *)command->object, command);
    case PM_DO_READ:
      ((struct pm_watch *)command->object)->packets_read = command->packets_read;
      return;
    case PM_DO_ARM:
      return pm_watch_arm(pacer, (struct pm_watch *)command->object, command);
  }
}

void pm_execute(struct pm_pacer *pacer) {
  struct pm_link *commands = pm_take_all(&pacer->commands), *link, *next;
  if (commands == NULL) return;
  for (link = commands; link != NULL; link = link->next) {
    execute(pacer, PM_OWNER(link, struct pm_command, link));
  }
  /* Only now: the packets of a send belong to its command. */
  pm_send_all(pacer);
  /* Of what was closed. */
  pm_hands_wake(pacer);
  for (link = commands; link != NULL; link = next) {
    next = link->next;
    pm_push(&pacer->used, link);
  }
}
