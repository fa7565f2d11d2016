/*
 * The mail in the order in which it must be read after a stall: who was cut off, what arrived, who is silent. On the user thread;
 * used by the API files.
 */

#include "memory.h"
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
    pm_free(watch->doing);
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

/*
 * Under terms that are no more it is news only to whom words were put into the mouth. Of several silences that were not read in
 * time the last is told, with the word that any of them has spoken.
 */
static bool read_silence(struct pm_watch *watch, struct pm_mail *mail) {
  uint64_t word = atomic_load_explicit(&watch->silence, memory_order_acquire);
  struct pm_news news = pm_news_of(word), told = pm_news_of(watch->told_silence);
  *mail = (struct pm_mail){.kind = PM_MAIL_SILENT,
                           .object = watch->object.id,
                           .generation = news.generation,
                           .at = atomic_load_explicit(&watch->silent_at, memory_order_relaxed),
                           .has_spoken = news.acts != told.acts};
  watch->told_silence = word;
  return news.count != told.count && (mail->has_spoken || news.generation == watch->asked_generation);
}

static bool read_warning(struct pm_watch *watch, struct pm_mail *mail) {
  uint64_t word = atomic_load_explicit(&watch->warning, memory_order_acquire);
  struct pm_news news = pm_news_of(word), told = pm_news_of(watch->told_warning);
  *mail = (struct pm_mail){.kind = PM_MAIL_IMMINENT,
                           .object = watch->object.id,
                           .generation = news.generation,
                           .at = atomic_load_explicit(&watch->imminent_at, memory_order_relaxed)};
  watch->told_warning = word;
  return news.count != told.count && news.generation == watch->asked_generation;
}

static bool next_silent(struct pm_pacer *pacer, struct pm_mail *mail) {
  while (pacer->mail_silent != NULL) {
    struct pm_object *object = take_out(&pacer->mail_silent);
    struct pm_watch *watch = (struct pm_watch *)object;
    struct pm_mail silence, warning;
    uint64_t told_warning = watch->told_warning;
    bool is_silent = read_silence(watch, &silence), is_warned = read_warning(watch, &warning);
    /* The silence that it warned of; or that of a deadline after this one, for which it goes into the next round. */
    bool is_later = is_silent && is_warned && warning.at > silence.at;
    *mail = is_silent ? silence : warning;
    if (is_later && !object->is_returned) {
      watch->told_warning = told_warning;
      if (!atomic_exchange(&object->is_mailed, true)) pm_push(&pacer->silent, &object->mail);
    }
    if (is_of_use(object) && (is_silent || is_warned)) return true;
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
