#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include "runtime/toeplitz.h"

#include <time.h>

int64_t toeplitz_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + (int64_t)now.tv_nsec;
}
