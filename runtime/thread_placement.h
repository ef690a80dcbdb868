/* On which processors the workers of a pool run: not on the caller's. */

#ifndef TOEPLITZ_RUNTIME_THREAD_PLACEMENT_H
#define TOEPLITZ_RUNTIME_THREAD_PLACEMENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* cpu_set_t; before the first header of the system */
#endif

#include <pthread.h>
#include <sched.h>

/* Where one thread may run. */
typedef struct toeplitz_placement {
#ifdef __GLIBC__
  cpu_set_t allowed; /* as the thread was created, or changed by others */
  cpu_set_t given;   /* what toeplitz_place_elsewhere has made of it */
#else
  int unused;
#endif
} toeplitz_placement;

/* The processor of the calling thread, or -1 where that can't be known or
 * toeplitz_place_elsewhere does nothing. Takes some nanoseconds. */
int toeplitz_current_processor(void);

/* Keeps the thread away from the processor, and only from that one, unless it
 * has no other. Processors that the thread wasn't allowed stay forbidden, also
 * where somebody else has changed its affinity meanwhile. `placement` begins as
 * zeros. */
void toeplitz_place_elsewhere(pthread_t thread, toeplitz_placement *placement,
                              int processor);

#endif /* TOEPLITZ_RUNTIME_THREAD_PLACEMENT_H */
