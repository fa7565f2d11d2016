/* Refusals of the kernel on a line: counted, and told once a second at most for each errno. Used by line.c and thread.c. */
#include "pacer.h"

#define QUIET_US 1000000

static bool tell(struct pm_pacer *pacer, const struct pm_line *line, struct pm_trouble *trouble) {
  struct pm_record record = {.kind = PM_RECORD_TROUBLE,
                             .object = line->object.id,
                             .number = trouble->error,
                             .at = pacer->now,
                             .count = trouble->untold,
                             .is_receiving = trouble->is_receiving};
  if (!pm_tell(pacer, &record)) return false;
  trouble->untold = 0;
  trouble->told_at = pacer->now;
  return true;
}

/* The place for this errno: its own, a free one, or that of the errno that was told longest ago. */
static struct pm_trouble *place_for(struct pm_line *line, int error, bool is_receiving) {
  struct pm_trouble *oldest = &line->troubles[0];
  for (unsigned i = 0; i < PM_TROUBLES; i++) {
    struct pm_trouble *trouble = &line->troubles[i];
    if (trouble->error == error && trouble->is_receiving == is_receiving) return trouble;
    if (trouble->told_at < oldest->told_at) oldest = trouble;
  }
  *oldest = (struct pm_trouble){.error = error, .is_receiving = is_receiving, .told_at = PM_NEVER};
  return oldest;
}

static bool may_tell(const struct pm_trouble *trouble, int64_t now) {
  return trouble->told_at == PM_NEVER || now - trouble->told_at >= QUIET_US;
}

void pm_trouble(struct pm_pacer *pacer, struct pm_line *line, int error, bool is_receiving) {
  struct pm_trouble *trouble = place_for(line, error, is_receiving);
  trouble->untold++;
  if (may_tell(trouble, pacer->now) && tell(pacer, line, trouble)) return;
  if (pacer->troubles_due == PM_NEVER) pacer->troubles_due = pacer->now + QUIET_US;
}

void pm_tell_troubles(struct pm_pacer *pacer) {
  bool is_all_told = true;
  if (pacer->troubles_due == PM_NEVER || pacer->now < pacer->troubles_due) return;
  for (struct pm_line *line = pacer->lines; line != NULL; line = line->next) {
    for (unsigned i = 0; i < PM_TROUBLES; i++) {
      struct pm_trouble *trouble = &line->troubles[i];
      if (trouble->untold == 0) continue;
      if (!may_tell(trouble, pacer->now) || !tell(pacer, line, trouble)) is_all_told = false;
    }
  }
  pacer->troubles_due = is_all_told ? PM_NEVER : pacer->now + QUIET_US;
}
