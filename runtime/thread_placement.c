#include "runtime/thread_placement.h"

#ifdef __GLIBC__

int toeplitz_current_processor(void) { return sched_getcpu(); }

void toeplitz_place_elsewhere(pthread_t thread, toeplitz_placement *placement,
                              int processor) {
  cpu_set_t now;
  if (processor < 0 || processor >= CPU_SETSIZE ||
      pthread_getaffinity_np(thread, sizeof now, &now) != 0)
    return;
  if (!CPU_EQUAL(&now, &placement->given))
    placement->allowed = now;
  cpu_set_t wanted = placement->allowed;
  CPU_CLR(processor, &wanted);
  if (CPU_COUNT(&wanted) == 0)
    wanted = placement->allowed;
  if (CPU_EQUAL(&wanted, &now) ||
      pthread_setaffinity_np(thread, sizeof wanted, &wanted) == 0)
    placement->given = wanted;
}

#else

int toeplitz_current_processor(void) { return -1; }

void toeplitz_place_elsewhere(pthread_t thread, toeplitz_placement *placement,
                              int processor) {
  (void)thread;
  (void)placement;
  (void)processor;
}

#endif
