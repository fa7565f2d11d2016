/* Sending and receiving in batches, and who a packet is for, in the thread. Used by thread.c, execute.c and beacon.c. */
#include <errno.h>
#include <unistd.h>

#include "pacer.h"

void pm_line_attach(struct pm_pacer *pacer, struct pm_line *line) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
  line->next = pacer->lines;
  line->previous = NULL;
  if (pacer->lines != NULL) pacer->lines->previous = line;
  pacer->lines = line;
  if (epoll_ctl(pacer->epoll_fd, EPOLL_CTL_ADD, line->receive_fd, &event) != 0) pm_trouble(pacer, line, errno, true);
}

static void send_batch(struct pm_pacer *pacer, struct pm_line *line) {
  unsigned sent = 0;
  while (sent < line->batch_count) {
    int count = sendmmsg(line->send_fd, line->batch + sent, line->batch_count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) {
      sent += (unsigned)count;
    } else if (errno != EINTR) {
      /* It is about the first that was not sent; the others have their chance. */
      pm_trouble(pacer, line, errno, false);
      sent++;
    }
  }
  line->batch_count = 0;
}

static struct mmsghdr message_of(const struct pm_outgoing *packet) {
  return (struct mmsghdr){.msg_hdr = {.msg_name = (void *)(uintptr_t)&packet->to,
                                      .msg_namelen = packet->to_length,
                                      .msg_iov = (struct iovec *)(uintptr_t)&packet->bytes,
                                      .msg_iovlen = 1}};
}

void pm_line_rehearse(struct pm_line *line, const struct pm_outgoing_list *packets) {
  if (packets->count > 0) line->batch[0] = message_of(&packets->items[0]);
  (void)sendmmsg(line->send_fd, line->batch, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void pm_line_queue(struct pm_pacer *pacer, struct pm_line *line, const struct pm_outgoing_list *packets) {
  for (size_t i = 0; i < packets->count; i++) {
    if (line->batch_count == PM_BATCH) send_batch(pacer, line);
    line->batch[line->batch_count++] = message_of(&packets->items[i]);
  }
  if (line->is_unsent) return;
  line->is_unsent = true;
  line->next_unsent = pacer->unsent;
  pacer->unsent = line;
}

void pm_send_all(struct pm_pacer *pacer) {
  while (pacer->unsent != NULL) {
    struct pm_line *line = pacer->unsent;
    pacer->unsent = line->next_unsent;
    line->is_unsent = false;
    send_batch(pacer, line);
  }
}

void pm_line_detach(struct pm_pacer *pacer, struct pm_line *line) {
  pm_send_all(pacer);
  pm_forget_events(pacer, line);
  (void)epoll_ctl(pacer->epoll_fd, EPOLL_CTL_DEL, line->receive_fd, NULL);
  if (line->previous != NULL) {
    line->previous->next = line->next;
  } else {
    pacer->lines = line->next;
  }
  if (line->next != NULL) line->next->previous = line->previous;
}

void pm_line_release(struct pm_pacer *pacer, struct pm_line *line) {
  (void)close(line->receive_fd);
  if (line->send_fd != line->receive_fd) (void)close(line->send_fd);
  if (line->transport != PM_FRAMES) atomic_fetch_add_explicit(&pacer->lines_closed, 1, memory_order_release);
  pm_push(&pacer->used, &line->object.returned);
}

static void deliver(struct pm_pacer *pacer, struct pm_line *line, const struct pm_received *packet) {
  bool is_wanted = false;
  uint32_t key;
  if (line->buckets != NULL && pm_key_of(&line->key, packet, &key)) {
    for (struct pm_watch *watch = line->buckets[key % PM_BUCKETS]; watch != NULL; watch = watch->next) {
      if (watch->key == key && pm_watch_hear(pacer, watch, packet)) is_wanted = true;
    }
  }
  for (struct pm_watch *watch = line->watches; watch != NULL; watch = watch->next) {
    if (pm_watch_hear(pacer, watch, packet)) is_wanted = true;
  }
  if (!is_wanted && line->tells_strays) pm_tell_stray(pacer, line, packet);
}

/* The first `count` are ready to be received into; the others still are. */
static void prepare(struct pm_receive_buffers *buffers, int count) {
  for (int i = 0; i < count; i++) {
    struct msghdr *header = &buffers->messages[i].msg_hdr;
    buffers->vectors[i] = (struct iovec){.iov_base = buffers->packets[i], .iov_len = PM_PACKET_SIZE};
    *header = (struct msghdr){.msg_name = &buffers->names[i],
                              .msg_namelen = sizeof buffers->names[i],
                              .msg_iov = &buffers->vectors[i],
                              .msg_iovlen = 1,
                              .msg_control = buffers->controls[i].bytes,
                              .msg_controllen = sizeof buffers->controls[i].bytes};
  }
}

bool pm_line_receive(struct pm_pacer *pacer, struct pm_line *line) {
  struct pm_receive_buffers *buffers = pacer->receive;
  struct pm_received packet;
  int count;
  if (!buffers->is_prepared) prepare(buffers, PM_BATCH);
  buffers->is_prepared = true;
  count = recvmmsg(line->receive_fd, buffers->messages, PM_BATCH, MSG_DONTWAIT, NULL);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) pm_trouble(pacer, line, errno, true);
    return false;
  }
  pm_touch(pacer);
  pacer->received += count;
  for (int i = 0; i < count; i++) {
    struct mmsghdr *message = &buffers->messages[i];
    if (pm_decode(line->transport, line->family, &message->msg_hdr, buffers->packets[i], message->msg_len, &packet)) {
      deliver(pacer, line, &packet);
    } else {
      atomic_fetch_add_explicit(&line->discarded, 1, memory_order_relaxed);
    }
  }
  prepare(buffers, count);
  return count == PM_BATCH;
}
