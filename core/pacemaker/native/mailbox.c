/*
 * The mail in the order in which it must be read after a stall: who was cut off, what arrived, who is silent. On the user thread;
 * used by the API files.
 */
#include <stdlib.h>

#include "user.h"

/*
 * Silence is taken out first and told last, so that every packet that came before it is within the limit; beacons that ended are
 * taken out after the limit was read, so that no packet is told whose beacon had ended before it came and is told later.
 */
static bool begin_round(struct pm_pacer *pacer) {
  pacer->mail_silent = pm_take_all(&pacer->silent);
  pacer->mail_limit = pm_ring_written(&pacer->ring);
  pacer->mail_ended = pm_take_all(&pacer->ended);
  return pacer->mail_silent != NULL || pacer->mail_ended != NULL || pm_ring_peek(&pacer->ring, pacer->mail_limit) != NULL;
}

/* Takes the first object out of a list; from then on the thread may mail it again. */
static struct pm_object *take_out(struct pm_link **list) {
  struct pm_object *object = PM_OWNER(*list, struct pm_object, mail);
  *list = (*list)->next;
  if (object->kind == PM_WATCH) {
    struct pm_watch *watch = (struct pm_watch *)object;
    free(watch->doing);
    watch->doing = NULL;
  }
  atomic_store(&object->is_mailed, false);
  return object;
}

/* Whether anyone still wants to hear of it; where the thread is done with it, this was the last use. */
static bool is_of_use(struct pm_object *object) {
  const struct pm_line *line =
      object->kind == PM_BEACON ? ((struct pm_beacon *)object)->line : ((struct pm_watch *)object)->line;
  bool is_open = object->is_open && line->object.is_open;
  if (object->is_returned) pm_disown(object);
  return is_open;
}

static bool next_ended(struct pm_pacer *pacer, struct pm_mail *mail) {
  while (pacer->mail_ended != NULL) {
    struct pm_object *object = take_out(&pacer->mail_ended);
    const struct pm_beacon *beacon = (const struct pm_beacon *)object;
    *mail = (struct pm_mail){.kind = PM_MAIL_ENDED, .object = object->id, .end = beacon->end, .at = beacon->ended_at};
    if (is_of_use(object)) return true;
  }
  return false;
}

static bool next_record(struct pm_pacer *pacer, struct pm_mail *mail) {
  pacer->mail_record = pm_ring_peek(&pacer->ring, pacer->mail_limit);
  if (pacer->mail_record == NULL) return false;
  *mail = (struct pm_mail){.kind = PM_MAIL_RECORD, .record = pacer->mail_record};
  return true;
}

/* Under terms that are no more it is news only to whom words were put into the mouth. */
static bool read_silence(const struct pm_watch *watch, uint32_t silences, struct pm_mail *mail) {
  *mail = (struct pm_mail){.kind = PM_MAIL_SILENT,
                           .object = watch->object.id,
                           .generation = atomic_load_explicit(&watch->silent_generation, memory_order_relaxed),
                           .at = atomic_load_explicit(&watch->silent_at, memory_order_relaxed),
                           .has_spoken = atomic_load_explicit(&watch->has_spoken, memory_order_relaxed)};
  return silences != watch->told_silences && (mail->has_spoken || mail->generation == watch->asked_generation);
}

static bool read_warning(const struct pm_watch *watch, uint32_t warnings, struct pm_mail *mail) {
  *mail = (struct pm_mail){.kind = PM_MAIL_IMMINENT,
                           .object = watch->object.id,
                           .generation = atomic_load_explicit(&watch->warned_generation, memory_order_relaxed),
                           .at = atomic_load_explicit(&watch->imminent_at, memory_order_relaxed)};
  return warnings != watch->told_warnings && mail->generation == watch->asked_generation;
}

static bool next_silent(struct pm_pacer *pacer, struct pm_mail *mail) {
  while (pacer->mail_silent != NULL) {
    struct pm_object *object = take_out(&pacer->mail_silent);
    struct pm_watch *watch = (struct pm_watch *)object;
    uint32_t silences = atomic_load_explicit(&watch->silences, memory_order_acquire);
    uint32_t warnings = atomic_load_explicit(&watch->warnings, memory_order_acquire);
    bool is_news = read_silence(watch, silences, mail) || read_warning(watch, warnings, mail);
    watch->told_silences = silences;
    watch->told_warnings = warnings;
    if (is_of_use(object) && is_news) return true;
  }
  return false;
}

bool pm_mail_next(struct pm_pacer *pacer, struct pm_mail *mail) {
  if (pacer->mail_record != NULL) {
    pm_ring_drop(&pacer->ring, pacer->mail_record);
    pacer->mail_record = NULL;
  }
  do {
    if (next_ended(pacer, mail) || next_record(pacer, mail) || next_silent(pacer, mail)) return true;
  } while (begin_round(pacer));
  return false;
}
