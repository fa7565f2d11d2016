/*
 * The pacemaker's things and who may touch which of their fields. `pacer` is the thread with its line to JavaScript; a line is
 * a socket, a beacon sends on it, a watch listens on it. No Node-API: the API files and the stress test both drive this.
 *
 * "The user" is the one thread that gives commands: JavaScript's.
 */
#ifndef PACEMAKER_PACER_H
#define PACEMAKER_PACER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "allowance.h"
#include "match.h"
#include "news.h"
#include "packets.h"
#include "return.h"
#include "ring.h"
#include "schedule.h"
#include "stack.h"

/* No time: not due, no deadline, never heard. */
#define PM_NEVER INT64_MIN

#define PM_RING_SIZE (1u << 20)
#define PM_SOCKET_BUFFER (1 << 20)
/* Packets per recvmmsg and sendmmsg. */
#define PM_BATCH 64
#define PM_PACKET_SIZE 65536
/* As many small packets as a receive buffer can hold: after that many, all that had arrived before has been seen. */
#define PM_BATCHES_PER_PASS 64
#define PM_EVENTS 128
#define PM_BUCKETS 1024
#define PM_TROUBLES 6
/* Places that sources are told apart by, where a flood is held back. */
#define PM_SOURCES 256
/* No router has touched it (RFC 5082). */
#define PM_HOP_LIMIT_OF_NEIGHBOURS 255

enum pm_object_kind { PM_LINE, PM_BEACON, PM_WATCH };

/* The head of a line, beacon or watch. */
struct pm_object {
  /* Back to the user when the thread is done with it. */
  struct pm_link returned;
  /* In the mail: a beacon that ended, a watch that fell silent. */
  struct pm_link mail;
  atomic_bool is_mailed;
  struct pm_pacer *pacer;
  enum pm_object_kind kind;
  uint32_t id;
  /* User only: its handle and the thread hold a share each; the last one frees. */
  unsigned owners;
  bool is_open;
  bool is_returned;
};

/* What the kernel refused, told once a second at most. */
struct pm_trouble {
  int error;
  bool is_receiving;
  uint64_t untold;
  int64_t told_at;
};

struct pm_line {
  struct pm_object object;
  /* Unchanged once the thread has it. */
  enum pm_transport transport;
  int family;
  unsigned interface_index;
  uint16_t ether_type;
  int receive_fd, send_fd;
  struct pm_key_place key;
  /* PM_BUCKETS lists of watches with a key; NULL without keys. */
  struct pm_watch **buckets;
  bool tells_strays;
  /* PM_SOURCES of them for strays, then as many for what watches do not expect; NULL without keys. Thread only, as `strays`. */
  struct pm_allowance *sources;
  struct pm_allowance strays;
  _Atomic uint64_t discarded;
  /* Packets that the user was not told of, because too many came. */
  _Atomic uint64_t untold;
  /* Thread only. */
  struct pm_line *next, *previous;
  struct pm_beacon *beacons;
  struct pm_watch *watches;
  /* Of its watches: all, and those that refuse what has come over routers. */
  unsigned watch_count, near_watch_count;
  struct pm_line *next_unsent;
  bool is_unsent;
  unsigned batch_count;
  struct mmsghdr batch[PM_BATCH];
  struct pm_trouble troubles[PM_TROUBLES];
};

enum pm_end { PM_LAPSED, PM_OVERSLEPT };

struct pm_beacon {
  struct pm_object object;
  struct pm_line *line;
  /* Given with the opening, then thread only. */
  struct pm_outgoing_list *packets;
  struct pm_outgoing_list *last;
  int64_t interval_us;
  double jitter_least, jitter_most;
  uint64_t random;
  /* Negative: none. */
  int64_t lease_us, latest_us;
  bool tells_turns;
  int64_t first_at;
  /* Thread only. */
  struct pm_beacon *next, *previous;
  struct pm_slot due;
  struct pm_slot lease;
  int64_t last_turn;
  bool is_live;
  /* Written before it is mailed. */
  enum pm_end end;
  int64_t ended_at;
  /* Read by the user at any time. */
  _Atomic uint64_t turns;
  _Atomic int64_t next_at;
  _Atomic uint32_t applied;
  /* Thread only: the watch whose silence turns it, or NULL. */
  struct pm_watch *turned_by;
  /* User only: changes given so far, and the next turn that the latest of them asked for. */
  uint32_t changes;
  int64_t asked_next_at;
};

struct pm_terms {
  uint32_t generation;
  /* Changes with the expected packet: equal epochs, equal packets. */
  uint32_t epoch;
  /* PM_NEVER: none. */
  int64_t deadline;
  /* Time asleep when the deadline was given; what is added later moves it. */
  int64_t asleep_us;
  struct pm_expected *expected;
  /* So long before the deadline the user is warned. Negative: not at all. */
  int64_t warn_us;
  /* Negative: nothing re-arms. */
  int64_t rearm_us;
  bool is_rearmed_by_any;
};

struct pm_watch {
  struct pm_object object;
  struct pm_line *line;
  /* Given with the opening, then thread only. `filter.rules` is a block of its own, or NULL. */
  bool has_key;
  uint32_t key;
  struct pm_filter filter;
  struct pm_returns returns;
  /* Thread only. Times in here leave out the time asleep, so that falling asleep moves all deadlines at once. */
  struct pm_watch *next, *previous;
  struct pm_terms terms;
  int64_t deadline;
  int64_t heard_awake;
  struct pm_slot slot;
  struct pm_allowance unexpected;
  bool is_warned;
  /* What to send and to do the moment that silence is noticed, and whether the user consents to it now. */
  struct pm_outgoing_list *words;
  struct pm_deeds *deeds;
  /* `words` and `deeds` were not used yet. */
  bool has_plan;
  bool may_speak;
  /* How `words` go on at this distance until the user takes over, and for how long at most; 0: they do not. */
  int64_t repeat_us, repeat_for_us;
  struct pm_slot repeat;
  int64_t repeat_until;
  /* Packets that the user was told of: under consent it must have read them all. */
  uint32_t packets_told;
  /* A packet passed the filter and was not told: it may have meant anything, until the expected one comes again. */
  bool has_untold;
  /* What a beacon changes to at silence without consent, where the user has read so many packets, and they are all. NULL: nothing. */
  struct pm_beacon *turned;
  struct pm_outgoing_list *turned_packets;
  int64_t turned_interval_us;
  uint32_t packets_read;
  /* With the hands while the watch is on its way through them to the mail; freed by the user, who takes it out. */
  struct pm_deeds *doing;
  /* Read by the user at any time. `heard_at` belongs to `epoch`. */
  _Atomic int64_t imminent_at;
  /* One word each, so that what is read together belongs together; pm_news_of makes them. */
  _Atomic uint64_t warning;
  _Atomic uint64_t silence;
  _Atomic int64_t heard_at;
  _Atomic uint32_t epoch;
  _Atomic uint64_t consumed;
  _Atomic int64_t silent_at;
  /* When `words` are sent again; PM_NEVER: they are not. */
  _Atomic int64_t repeats_at;
  _Atomic uint64_t repeats;
  /* User only. */
  struct pm_expected *asked_expected;
  uint32_t asked_epoch, asked_generation;
  uint64_t told_silence, told_warning;
};

enum pm_command_kind { PM_DO_OPEN, PM_DO_CLOSE, PM_DO_SEND, PM_DO_SET, PM_DO_ARM, PM_DO_FORESEE, PM_DO_CONSENT, PM_DO_TURN, PM_DO_READ };

/* The user allocates it, the thread executes it and gives it back, with what it no longer needs in it. */
struct pm_command {
  struct pm_link link;
  enum pm_command_kind kind;
  struct pm_object *object;
  /* Send, set and foresee; NULL in set: unchanged, in foresee: nothing. */
  struct pm_outgoing_list *packets;
  /* Foresee; NULL: nothing. */
  struct pm_deeds *deeds;
  int64_t repeat_us, repeat_for_us;
  /* Turn; NULL: nothing is turned. */
  struct pm_beacon *beacon;
  /* Consent, turn and read: what the user had read and heard by then. */
  uint32_t packets_read;
  uint64_t consumed;
  /* Set; 0: unchanged. */
  int64_t interval_us;
  /* Set; PM_NEVER: unchanged. */
  int64_t next_at;
  struct pm_terms terms;
};

struct pm_receive_buffers {
  struct mmsghdr messages[PM_BATCH];
  struct iovec vectors[PM_BATCH];
  struct sockaddr_storage names[PM_BATCH];
  union {
    struct cmsghdr align;
    uint8_t bytes[PM_CONTROL_SIZE];
  } controls[PM_BATCH];
  uint8_t packets[PM_BATCH][PM_PACKET_SIZE];
  bool is_prepared;
};

struct pm_pacer {
  /* Shared. */
  struct pm_stack commands, used, ended, silent, deeds;
  struct pm_ring ring;
  _Atomic int64_t renewed_at;
  _Atomic int64_t asleep_us;
  _Atomic int64_t latest_us;
  _Atomic uint64_t lost;
  _Atomic uint32_t lines_closed;
  atomic_bool must_stop, must_rest;
  int wake_fd, epoll_fd, timer_fd, hands_fd;
  /* Called by the thread when there is mail. */
  void (*notify)(void *data);
  void *notify_data;
  /* Written before pm_pacer_start returns: 0 or the errno for which it is not SCHED_FIFO. */
  int scheduling_error;
  /* Thread only. */
  struct pm_schedule due, leases, deadlines, repeats;
  struct pm_line *lines, *unsent;
  struct pm_link *executed;
  int64_t now;
  /* How late the latest wake-up was. */
  int64_t woke_late_us;
  int64_t troubles_due;
  /* For when the timer is set, and when the longest wait ends. */
  int64_t timer_at, tick_at;
  /* The turn that was rehearsed last. */
  int64_t rehearsed;
  /* Packets received since then, and whether they came so fast that they are gathered. */
  int64_t weighed_at;
  int64_t received;
  bool is_busy;
  uint64_t objects;
  bool has_mail;
  bool has_deeds;
  struct epoll_event events[PM_EVENTS];
  int event_count;
  struct pm_receive_buffers *receive;
  /* Unchanged while the threads run. */
  bool has_hands;
  /* User only. */
  pthread_t thread, hands;
  bool is_running;
  struct pm_pacer *next_running;
  unsigned owners;
  uint32_t lines_closing;
  unsigned unflushed;
  int64_t flushed_at;
  struct pm_link *mail_ended, *mail_silent;
  uint64_t mail_limit;
  const struct pm_record *mail_record;
};

/* CLOCK_MONOTONIC in microseconds. */
int64_t pm_clock(void);

/* thread.c: the body of the thread. */
void pm_run(struct pm_pacer *pacer);
/* Reads the clock; a gap since the last reading that work does not explain is time asleep. */
void pm_touch(struct pm_pacer *pacer);
/* Forgets that a line was found readable. */
void pm_forget_events(struct pm_pacer *pacer, const struct pm_line *line);

/* execute.c: carries out everything that the user has asked for. */
void pm_execute(struct pm_pacer *pacer);
/* Closes a line with all that is on it and gives it back. */
void pm_line_close(struct pm_pacer *pacer, struct pm_line *line);

/* line.c */
void pm_line_attach(struct pm_pacer *pacer, struct pm_line *line);
void pm_line_detach(struct pm_pacer *pacer, struct pm_line *line);
/* Closes the sockets of a detached line, which may wait long, and gives it back. The line is not to be touched after it. */
void pm_line_release(struct pm_pacer *pacer, struct pm_line *line);
/* Puts packets into the line's batch; what fills it goes out at once. The packets must stay until pm_send_all. */
void pm_line_queue(struct pm_pacer *pacer, struct pm_line *line, const struct pm_outgoing_list *packets);
void pm_send_all(struct pm_pacer *pacer);
/* Touches what pm_line_queue and pm_send_all touch; sends nothing. Nothing may be queued. */
void pm_line_rehearse(struct pm_line *line, const struct pm_outgoing_list *packets);
/* Takes one batch. False: nothing is left. */
bool pm_line_receive(struct pm_pacer *pacer, struct pm_line *line);

/* trouble.c: the kernel refused to send or receive. */
void pm_trouble(struct pm_pacer *pacer, struct pm_line *line, int error, bool is_receiving);
void pm_tell_troubles(struct pm_pacer *pacer);

/* beacon.c */
void pm_beacon_attach(struct pm_pacer *pacer, struct pm_beacon *beacon);
void pm_beacon_detach(struct pm_pacer *pacer, struct pm_beacon *beacon);
/* Swaps the packets of the command for those of the beacon. */
void pm_beacon_set(struct pm_pacer *pacer, struct pm_beacon *beacon, struct pm_command *command);
/* Takes every turn that is due, ends every beacon whose lease has lapsed, and sends. */
void pm_beacons_serve(struct pm_pacer *pacer);
/* Swaps the packets for those of the beacon, which sends them now and at that interval. Served by the next pm_beacons_serve. */
void pm_beacon_turn(struct pm_pacer *pacer, struct pm_beacon *beacon, struct pm_outgoing_list **packets, int64_t interval_us);
/* Sends the last packets of every live beacon: the process ends. */
void pm_beacons_resign(struct pm_pacer *pacer);
/* When the next of it must happen; INT64_MAX: nothing. */
int64_t pm_beacons_next(const struct pm_pacer *pacer);
/* The same of turns alone. */
int64_t pm_beacons_next_turn(const struct pm_pacer *pacer);
/* Touches what the next turn will touch, and changes nothing. */
void pm_beacons_rehearse(struct pm_pacer *pacer);

/* watch.c */
void pm_watch_attach(struct pm_pacer *pacer, struct pm_watch *watch);
void pm_watch_detach(struct pm_pacer *pacer, struct pm_watch *watch);
/* Swaps the expected packet of the command for that of the watch. */
void pm_watch_arm(struct pm_pacer *pacer, struct pm_watch *watch, struct pm_command *command);
/* Swaps what the command holds for what the watch was to send and to do. */
void pm_watch_foresee(struct pm_pacer *pacer, struct pm_watch *watch, struct pm_command *command);
/* From now on it does so at silence. Does nothing under other terms than those of the command, or if anything was heard since. */
void pm_watch_consent(struct pm_watch *watch, const struct pm_command *command);
/* Swaps what the command holds for what a beacon was to say at silence. */
void pm_watch_turn(struct pm_watch *watch, struct pm_command *command);
/* False: the packet does not pass its filter. */
bool pm_watch_hear(struct pm_pacer *pacer, struct pm_watch *watch, const struct pm_received *packet);
/* Warns, and believes the deadlines up to `until`; what arrived before then must have been heard. pm_beacons_serve follows. */
void pm_watches_believe(struct pm_pacer *pacer, int64_t until);
/* Sends again what was foreseen, where the user has not taken over yet. */
void pm_watches_repeat(struct pm_pacer *pacer);
/* When the next of it must happen. Deadlines before `until` that were put off meanwhile are set right: they wake nobody. */
int64_t pm_watches_next(struct pm_pacer *pacer, int64_t until);

/* hands.c: the body of the second thread, which does what may have to wait for the kernel. */
void pm_hands_run(struct pm_pacer *pacer);
/* Gives it a watch that has fallen silent, on its way to the mail. False: it goes there directly. */
bool pm_hands_take(struct pm_pacer *pacer, struct pm_watch *watch);
/* Gives it a detached line whose sockets are to be closed; without it they are closed at once. */
void pm_hands_close(struct pm_pacer *pacer, struct pm_line *line);
/* Wakes it if it was given anything. */
void pm_hands_wake(struct pm_pacer *pacer);

/* stray.c */
/* A packet that no watch wants: told unless its source, or the line, was told too much already. */
void pm_tell_stray(struct pm_pacer *pacer, struct pm_line *line, const struct pm_received *packet);
/* A packet of a watch that is not the expected one. False: it was not told. */
bool pm_tell_unexpected(struct pm_pacer *pacer, struct pm_watch *watch, const struct pm_received *packet);

/* outbox.c: what the thread tells the user. */
/* False: the ring is full, and the packet lost. */
bool pm_tell_packet(struct pm_pacer *pacer, uint32_t object, const struct pm_received *packet);
/* A record without a payload. False: the ring is full. */
bool pm_tell(struct pm_pacer *pacer, struct pm_record *record);
void pm_mail_object(struct pm_pacer *pacer, struct pm_stack *stack, struct pm_object *object);

#endif
