/*
 * Memory of the threads, which the kernel may not take away: a page that was reclaimed while nobody touched it would have to be fetched
 * back in the middle of a turn, from the disk at worst. Not the whole process is held: V8 gives pages back and does not
 * survive a kernel that refuses. Used by everything that allocates for the threads, on the user thread only.
 */
#ifndef PACEMAKER_MEMORY_H
#define PACEMAKER_MEMORY_H

#include <stddef.h>

/* Zeroed and held. NULL: no memory. What the kernel refuses to hold is there all the same. */
void *pm_alloc(size_t size);
void pm_free(void *block);

/* Holds the code and the constants of this library and of the C library. Once in a process. */
void pm_hold_programs(void);
/* Holds the stack of the calling thread. */
void pm_hold_stack(void);
/* The errno for which the kernel refused to hold something, such as ENOMEM beyond RLIMIT_MEMLOCK; 0: it never did. */
int pm_hold_error(void);

#endif
