/*
 * The second thread: at silence it changes addresses and announces them, as the user has foreseen; and it closes sockets. The kernel may
 * make it wait, for a lock that others hold or for every processor, which the pacemaker itself must never do. Started by life.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pacer.h"

struct hands {
  int netlink_fd;
  int frame_fd;
};

static struct hands open_sockets(void) {
  struct sockaddr_nl own = {.nl_family = AF_NETLINK};
  struct hands hands = {.netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE),
                        .frame_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};
  if (hands.netlink_fd >= 0 && bind(hands.netlink_fd, (struct sockaddr *)&own, sizeof own) != 0) {
    (void)close(hands.netlink_fd);
    hands.netlink_fd = -1;
  }
  return hands;
}

/* The answers are nobody's: the user asks again for whatever it wanted, and hears then. */
static void drop_answers(int fd) {
  uint8_t answer[4096];
  while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) >= 0 || errno == ENOBUFS) {
  }
}

static void request(int fd, const struct pm_deeds *deeds) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  if (fd < 0 || deeds->requests_length == 0) return;
  (void)sendto(fd, deeds->requests, deeds->requests_length, MSG_DONTWAIT, (struct sockaddr *)&kernel, sizeof kernel);
  drop_answers(fd);
}

static void announce(int fd, const struct pm_deed_frame *frame) {
  struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                .sll_ifindex = (int)frame->interface_index,
                                .sll_protocol = htons(frame->ether_type)};
  if (fd < 0) return;
  (void)sendto(fd, frame->bytes, frame->length, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address);
}

static void perform(const struct hands *hands, const struct pm_deeds *deeds) {
  request(hands->netlink_fd, deeds);
  for (size_t i = 0; i < deeds->frame_count; i++) announce(hands->frame_fd, &deeds->frames[i]);
}

bool pm_hands_take(struct pm_pacer *pacer, struct pm_watch *watch) {
  if (!pacer->has_hands || watch->deeds == NULL) return false;
  /* In the mail already, so it cannot be in a second list; the user does it all then. */
  if (atomic_exchange(&watch->object.is_mailed, true)) return false;
  watch->doing = watch->deeds;
  watch->deeds = NULL;
  pm_push(&pacer->deeds, &watch->object.mail);
  pacer->has_deeds = true;
  return true;
}

void pm_hands_wake(struct pm_pacer *pacer) {
  const uint64_t one = 1;
  if (!pacer->has_deeds) return;
  pacer->has_deeds = false;
  (void)!write(pacer->hands_fd, &one, sizeof one);
}

void pm_hands_close(struct pm_pacer *pacer, struct pm_line *line) {
  /* When they rest, the thread is gone, too, and nothing is held up. */
  if (!pacer->has_hands || atomic_load_explicit(&pacer->must_rest, memory_order_relaxed)) {
    pm_line_release(pacer, line);
    return;
  }
  pm_push(&pacer->deeds, &line->object.mail);
  pacer->has_deeds = true;
}

/* Performs what there is and closes what is closed fast; puts the lines of frames in front of `slow`, and returns that. */
static struct pm_link *take_deeds(struct pm_pacer *pacer, const struct hands *hands, struct pm_link *slow) {
  struct pm_link *link = pm_take_all(&pacer->deeds), *next, *lines = NULL;
  for (; link != NULL; link = next) {
    struct pm_object *object = PM_OWNER(link, struct pm_object, mail);
    next = link->next;
    if (object->kind == PM_LINE) {
      link->next = lines;
      lines = link;
      continue;
    }
    perform(hands, ((const struct pm_watch *)object)->doing);
    pm_push(&pacer->silent, link);
    pacer->notify(pacer->notify_data);
  }
  for (link = lines; link != NULL; link = next) {
    struct pm_line *line = (struct pm_line *)PM_OWNER(link, struct pm_object, mail);
    next = link->next;
    if (line->transport != PM_FRAMES) {
      pm_line_release(pacer, line);
      continue;
    }
    link->next = slow;
    slow = link;
  }
  return slow;
}

/* Closing a packet socket waits for every processor (synchronize_net), some 10 ms: what comes meanwhile waits for one at most. */
static void work_off(struct pm_pacer *pacer, const struct hands *hands) {
  struct pm_link *slow = take_deeds(pacer, hands, NULL);
  while (slow != NULL) {
    struct pm_line *line = (struct pm_line *)PM_OWNER(slow, struct pm_object, mail);
    slow = slow->next;
    pm_line_release(pacer, line);
    slow = take_deeds(pacer, hands, slow);
  }
}

void pm_hands_run(struct pm_pacer *pacer) {
  struct hands hands = open_sockets();
  bool must_rest = false;
  while (!must_rest) {
    uint64_t count;
    if (read(pacer->hands_fd, &count, sizeof count) < 0 && errno != EINTR) break;
    must_rest = atomic_load_explicit(&pacer->must_rest, memory_order_acquire);
    work_off(pacer, &hands);
  }
  if (hands.netlink_fd >= 0) (void)close(hands.netlink_fd);
  if (hands.frame_fd >= 0) (void)close(hands.frame_fd);
}
