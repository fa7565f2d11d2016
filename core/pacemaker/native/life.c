/*
 * Start and end of the thread. Called by the user thread; at the end of the process also by exit(3), so that beacons say their
 * last however the process ends in order.
 */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "memory.h"
#include "user.h"

#define STACK_SIZE (256 * 1024)
#define FIFO_PRIORITY 50
/* Below the pacemaker: what the hands do may take its time. */
#define HANDS_PRIORITY 40
#define NICEST (-20)

struct beginning {
  struct pm_pacer *pacer;
  sem_t is_ready;
};

/* Every running pacer of the process, for exit(3). Never touched by the threads themselves. */
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pm_pacer *running;
static pthread_once_t at_exit_once = PTHREAD_ONCE_INIT;

static int choose_scheduling(int fifo_priority) {
  struct sched_param priority = {.sched_priority = fifo_priority};
  int error;
  if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0) return 0;
  error = errno;
  (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICEST);
  return error;
}

static void *body(void *data) {
  struct beginning *beginning = data;
  struct pm_pacer *pacer = beginning->pacer;
  (void)prctl(PR_SET_NAME, "pacemaker", 0, 0, 0);
  (void)prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  pacer->scheduling_error = choose_scheduling(FIFO_PRIORITY);
  pm_hold_stack();
  (void)sem_post(&beginning->is_ready);
  pm_run(pacer);
  return NULL;
}

static void *hands_body(void *data) {
  (void)prctl(PR_SET_NAME, "pacemaker-hands", 0, 0, 0);
  (void)choose_scheduling(HANDS_PRIORITY);
  pm_hold_stack();
  pm_hands_run(data);
  return NULL;
}

/* After the pacemaker, which gives it work. */
static void end_hands(struct pm_pacer *pacer) {
  const uint64_t one = 1;
  if (!pacer->has_hands) return;
  atomic_store_explicit(&pacer->must_rest, true, memory_order_release);
  (void)!write(pacer->hands_fd, &one, sizeof one);
  (void)pthread_join(pacer->hands, NULL);
}

static void end_thread(struct pm_pacer *pacer) {
  const uint64_t one = 1;
  pacer->is_running = false;
  atomic_store_explicit(&pacer->must_stop, true, memory_order_release);
  (void)!write(pacer->wake_fd, &one, sizeof one);
  (void)pthread_join(pacer->thread, NULL);
  end_hands(pacer);
}

static void end_all(void) {
  (void)pthread_mutex_lock(&running_lock);
  for (; running != NULL; running = running->next_running) end_thread(running);
  (void)pthread_mutex_unlock(&running_lock);
}

static void register_at_exit(void) { (void)atexit(end_all); }

static int watch_fd(const struct pm_pacer *pacer, const int *fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = (void *)(uintptr_t)fd};
  return epoll_ctl(pacer->epoll_fd, EPOLL_CTL_ADD, *fd, &event) == 0 ? 0 : errno;
}

static int open_descriptors(struct pm_pacer *pacer) {
  int error;
  pacer->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (pacer->epoll_fd < 0) return errno;
  pacer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (pacer->wake_fd < 0) return errno;
  pacer->hands_fd = eventfd(0, EFD_CLOEXEC);
  if (pacer->hands_fd < 0) return errno;
  pacer->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (pacer->timer_fd < 0) return errno;
  error = watch_fd(pacer, &pacer->wake_fd);
  return error != 0 ? error : watch_fd(pacer, &pacer->timer_fd);
}

static int create_thread(struct pm_pacer *pacer) {
  struct beginning beginning = {.pacer = pacer};
  pthread_attr_t attributes;
  sigset_t all, former;
  int error = pthread_attr_init(&attributes);
  if (error != 0) return error;
  (void)sem_init(&beginning.is_ready, 0, 0);
  (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
  /* Signals are the business of the other threads. */
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &former);
  /* First, because the pacemaker asks whether it is there; without it the user does everything. */
  pacer->has_hands = pthread_create(&pacer->hands, &attributes, hands_body, pacer) == 0;
  error = pthread_create(&pacer->thread, &attributes, body, &beginning);
  (void)pthread_sigmask(SIG_SETMASK, &former, NULL);
  while (error == 0 && sem_wait(&beginning.is_ready) != 0) {
  }
  (void)sem_destroy(&beginning.is_ready);
  (void)pthread_attr_destroy(&attributes);
  if (error != 0) end_hands(pacer);
  return error;
}

static void close_descriptors(const struct pm_pacer *pacer) {
  const int fds[] = {pacer->epoll_fd, pacer->wake_fd, pacer->timer_fd, pacer->hands_fd};
  for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
    if (fds[i] >= 0) (void)close(fds[i]);
  }
}

static void free_buffers(struct pm_pacer *pacer) {
  pm_ring_free(&pacer->ring);
  pm_free(pacer->receive);
  pacer->receive = NULL;
}

int pm_pacer_start(void (*notify)(void *data), void *data, struct pm_pacer **out) {
  struct pm_pacer *pacer = pm_alloc(sizeof *pacer);
  int error = ENOMEM;
  if (pacer == NULL) return ENOMEM;
  pm_hold_programs();
  *pacer = (struct pm_pacer){.epoll_fd = -1, .wake_fd = -1, .timer_fd = -1, .hands_fd = -1, .notify = notify, .notify_data = data};
  pacer->owners = 1;
  pacer->troubles_due = PM_NEVER;
  pacer->mail_limit = 0;
  atomic_store(&pacer->renewed_at, pm_clock());
  pacer->receive = pm_alloc(sizeof *pacer->receive);
  if (pm_ring_make(&pacer->ring, PM_RING_SIZE) && pacer->receive != NULL) error = open_descriptors(pacer);
  if (error == 0) error = create_thread(pacer);
  if (error != 0) {
    close_descriptors(pacer);
    free_buffers(pacer);
    pm_free(pacer);
    return error;
  }
  pacer->is_running = true;
  (void)pthread_once(&at_exit_once, register_at_exit);
  (void)pthread_mutex_lock(&running_lock);
  pacer->next_running = running;
  running = pacer;
  (void)pthread_mutex_unlock(&running_lock);
  *out = pacer;
  return 0;
}

static void forget_running(const struct pm_pacer *pacer) {
  (void)pthread_mutex_lock(&running_lock);
  for (struct pm_pacer **place = &running; *place != NULL; place = &(*place)->next_running) {
    if (*place == pacer) {
      *place = pacer->next_running;
      break;
    }
  }
  (void)pthread_mutex_unlock(&running_lock);
}

void pm_pacer_stop(struct pm_pacer *pacer) {
  struct pm_mail mail;
  if (!pacer->is_running) return;
  forget_running(pacer);
  end_thread(pacer);
  /* The thread is gone: its part is done here, on its behalf. */
  while (pacer->lines != NULL) pm_line_close(pacer, pacer->lines);
  while (pm_mail_next(pacer, &mail)) {
  }
  pm_reclaim(pacer);
  close_descriptors(pacer);
  free_buffers(pacer);
}

void pm_pacer_disown(struct pm_pacer *pacer) {
  if (--pacer->owners == 0) pm_free(pacer);
}
