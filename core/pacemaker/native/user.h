/*
 * What the user thread calls: start and stop, make and change things, take the mail. No Node-API. Used by the API files and by
 * the stress test.
 */
#ifndef PACEMAKER_USER_H
#define PACEMAKER_USER_H

#include "open.h"
#include "pacer.h"

/* life.c. Answers 0 or an errno; the caller holds one share of the pacer. */
int pm_pacer_start(void (*notify)(void *data), void *data, struct pm_pacer **out);
/* Sends the last packets of live beacons, joins the thread, frees what it held. */
void pm_pacer_stop(struct pm_pacer *pacer);
void pm_pacer_disown(struct pm_pacer *pacer);

/* give.c: commands. They answer whether pm_flush must follow soon; a burst is flushed by itself now and then. */
bool pm_give(struct pm_pacer *pacer, struct pm_command *command);
void pm_flush(struct pm_pacer *pacer);
/* Frees what the thread is done with. */
void pm_reclaim(struct pm_pacer *pacer);
struct pm_command *pm_command_new(enum pm_command_kind kind, struct pm_object *object);
/* Of a command that was not given. */
void pm_command_free(struct pm_command *command);
/* Gives a PM_DO_CLOSE; closing twice does nothing. NULL memory is no excuse: answers false and stays open. */
bool pm_close(struct pm_object *object, bool *must_flush);
/* Waits, for a short while, until closed lines have let go of their sockets. */
void pm_await_closed_lines(struct pm_pacer *pacer);
void pm_disown(struct pm_object *object);

/* make.c: things, not yet given to the thread. NULL: no memory. The answer carries two shares, the handle's and the thread's. */
struct pm_line *pm_line_new(struct pm_pacer *pacer, uint32_t id, enum pm_transport transport, int family,
                            unsigned interface_index, struct pm_key_place key);
struct pm_beacon *pm_beacon_new(struct pm_line *line, uint32_t id);
struct pm_watch *pm_watch_new(struct pm_line *line, uint32_t id);
/* The memory for `count` packets of `bytes` in all. */
struct pm_outgoing_list *pm_outgoing_new(size_t count, size_t bytes);
/* The memory for `frame_count` frames, and `bytes` of them and the requests behind that. */
struct pm_deeds *pm_deeds_new(size_t frame_count, size_t bytes);
/* Fills in a packet whose bytes were put in place. The destination has the length that fits the line. */
void pm_outgoing_address(const struct pm_line *line, struct pm_outgoing *packet, const uint8_t *destination, uint16_t port);
struct pm_expected *pm_expected_new(const struct pm_received *packet);
/* Sets generation and epoch of an arm command's terms, and what the user remembers of them. False: no memory. */
bool pm_prepare_arm(struct pm_watch *watch, struct pm_command *command, uint32_t generation);
void pm_object_free(struct pm_object *object);

/* What the user reads while the thread runs. */
int64_t pm_beacon_next_at(const struct pm_beacon *beacon);
/* PM_NEVER: not yet. */
int64_t pm_watch_heard_at(const struct pm_watch *watch);

/* mailbox.c */
enum pm_mail_kind { PM_MAIL_RECORD, PM_MAIL_ENDED, PM_MAIL_SILENT, PM_MAIL_IMMINENT };
struct pm_mail {
  enum pm_mail_kind kind;
  /* In place until the next call. */
  const struct pm_record *record;
  uint32_t object;
  enum pm_end end;
  uint32_t generation;
  int64_t at;
  bool has_spoken;
};
/* The next piece: beacons that ended, then what had arrived by then, then silence, and again. False: nothing is left. */
bool pm_mail_next(struct pm_pacer *pacer, struct pm_mail *mail);

#endif
