/* Held memory, in blocks of powers of two from chunks that are kept for reuse; large blocks are mappings of their own. */
#include "memory.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What lies below the caller on the stack: more than the threads use, less than the stacks have. */
#define STACK_HELD (128 * 1024)
#define CHUNK_SIZE (256 * 1024)
#define SMALLEST_LOG 6
#define LARGEST_LOG 15
#define CLASSES (LARGEST_LOG - SMALLEST_LOG + 1)
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

/* In front of every block. */
struct head {
  /* Of the class; of a large block its whole size. */
  size_t size;
  struct head *next_free;
};

_Static_assert(sizeof(struct head) % 16 == 0, "blocks are aligned as those of malloc");

/* Worker threads have an environment, and thus a pacemaker, each. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct head *free_blocks[CLASSES];
static uint8_t *chunk;
static size_t chunk_left;
static atomic_int hold_error;

/* Pages that were never touched need not be there: they are held from their first use on. */
static void hold(const void *start, size_t size, unsigned flags) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = (uintptr_t)start & ~(page - 1), to = ((uintptr_t)start + size + page - 1) & ~(page - 1);
  if (syscall(SYS_mlock2, from, to - from, flags) != 0) atomic_store(&hold_error, errno);
}

static void *map(size_t size) {
  void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NULL;
  hold(start, size, MLOCK_ONFAULT);
  return start;
}

static struct head *large(size_t size) {
  struct head *head = map(size);
  if (head != NULL) head->size = size;
  return head;
}

static struct head *from_chunk(size_t size) {
  struct head *head;
  if (chunk_left < size) {
    /* What is left of the former chunk is less than a block; it is lost. */
    uint8_t *fresh = map(CHUNK_SIZE);
    if (fresh == NULL) return NULL;
    chunk = fresh;
    chunk_left = CHUNK_SIZE;
  }
  head = (void *)chunk;
  chunk += size;
  chunk_left -= size;
  head->size = size;
  return head;
}

static int class_of(size_t size) {
  int class = 0;
  while (((size_t)1 << (class + SMALLEST_LOG)) < size) class++;
  return class;
}

void *pm_alloc(size_t size) {
  struct head *head;
  /* Sanitizers see mistakes in blocks of their own only. */
  if (IS_SANITIZED) return calloc(1, size);
  if (size > SIZE_MAX / 2) return NULL;
  size += sizeof *head;
  if (size > (size_t)1 << LARGEST_LOG) {
    head = large(size);
    return head == NULL ? NULL : head + 1;
  }
  int class = class_of(size);
  (void)pthread_mutex_lock(&lock);
  head = free_blocks[class];
  if (head != NULL) {
    free_blocks[class] = head->next_free;
  } else {
    head = from_chunk((size_t)1 << (class + SMALLEST_LOG));
  }
  (void)pthread_mutex_unlock(&lock);
  if (head == NULL) return NULL;
  return memset(head + 1, 0, head->size - sizeof *head);
}

void pm_free(void *block) {
  struct head *head;
  if (IS_SANITIZED) {
    free(block);
    return;
  }
  if (block == NULL) return;
  head = (struct head *)block - 1;
  if (head->size > (size_t)1 << LARGEST_LOG) {
    (void)munmap(head, head->size);
    return;
  }
  (void)pthread_mutex_lock(&lock);
  head->next_free = free_blocks[class_of(head->size)];
  free_blocks[class_of(head->size)] = head;
  (void)pthread_mutex_unlock(&lock);
}

struct wanted {
  uintptr_t addresses[2];
};

static int hold_library(struct dl_phdr_info *library, size_t size, void *data) {
  const struct wanted *wanted = data;
  (void)size;
  for (int i = 0; i < library->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &library->dlpi_phdr[i];
    uintptr_t start = library->dlpi_addr + segment->p_vaddr;
    bool is_wanted = false;
    for (size_t k = 0; k < sizeof wanted->addresses / sizeof wanted->addresses[0]; k++) {
      is_wanted = is_wanted || (wanted->addresses[k] >= start && wanted->addresses[k] < start + segment->p_memsz);
    }
    if (segment->p_type != PT_LOAD || !is_wanted) continue;
    for (int k = 0; k < library->dlpi_phnum; k++) {
      const ElfW(Phdr) *part = &library->dlpi_phdr[k];
      if (part->p_type == PT_LOAD) hold((void *)(library->dlpi_addr + part->p_vaddr), part->p_memsz, 0);
    }
    break;
  }
  return 0;
}

static void hold_programs(void) {
  struct wanted wanted = {{(uintptr_t)&pm_hold_programs, (uintptr_t)&epoll_wait}};
  (void)dl_iterate_phdr(hold_library, &wanted);
}

void pm_hold_programs(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  (void)pthread_once(&once, hold_programs);
}

void pm_hold_stack(void) {
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  hold((const void *)(here - STACK_HELD), STACK_HELD, 0);
}

int pm_hold_error(void) { return atomic_load(&hold_error); }
