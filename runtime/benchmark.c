#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include "runtime/benchmark.h"

#include <stdlib.h>
#include <time.h>

/* When the caller leaves the number of runs open. */
static const double SECONDS = 2.0;
enum { MINIMUM_RUNS = 5, MAXIMUM_RUNS = 100000 };

static double milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static int compare_doubles(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Without the checks, unless the network has no other way to say that it
 * failed. */
static int run_once(const toeplitz_network *network, toeplitz_pool *pool,
                    int64_t batch, const void *const *inputs,
                    void *const *outputs, void *workspace) {
  if (network->run_checked)
    return network->run_checked(network, pool, batch, inputs, outputs,
                                workspace);
  if (network->run_batch)
    network->run_batch(pool, workspace, inputs, outputs, batch);
  else
    network->run(pool, workspace, inputs, outputs);
  return TOEPLITZ_SUCCESS;
}

int toeplitz_benchmark(const toeplitz_network *network, toeplitz_pool *pool,
                       int64_t batch, const void *const *inputs,
                       void *const *outputs, void *workspace, int64_t runs,
                       toeplitz_timing *timing) {
  /* The first run touches the pages of the weights and the workspace; the
   * second one tells how long a run takes. */
  double start = 0, single = 0;
  for (int warm_up = 0; warm_up < 2; ++warm_up) {
    start = milliseconds_now();
    int error = toeplitz_network_run_checked(network, pool, batch, inputs,
                                             outputs, workspace);
    if (error)
      return error;
    single = milliseconds_now() - start;
  }
  if (runs <= 0) {
    double fitting = single > 0 ? SECONDS * 1e3 / single : MAXIMUM_RUNS;
    runs = fitting < MINIMUM_RUNS   ? MINIMUM_RUNS
           : fitting > MAXIMUM_RUNS ? MAXIMUM_RUNS
                                    : (int64_t)fitting;
  }
  if (runs > TOEPLITZ_MAXIMUM_TIMED_RUNS)
    runs = TOEPLITZ_MAXIMUM_TIMED_RUNS;
  double *times = malloc((size_t)runs * sizeof *times);
  if (!times)
    return TOEPLITZ_OUT_OF_MEMORY;
  double total = 0;
  for (int64_t run = 0; run < runs; ++run) {
    start = milliseconds_now();
    int error = run_once(network, pool, batch, inputs, outputs, workspace);
    if (error) {
      free(times);
      return error;
    }
    times[run] = milliseconds_now() - start;
    total += times[run];
  }
  qsort(times, (size_t)runs, sizeof *times, compare_doubles);
  timing->runs = runs;
  timing->minimum = times[0];
  timing->median = (times[(runs - 1) / 2] + times[runs / 2]) / 2;
  timing->mean = total / (double)runs;
  free(times);
  return TOEPLITZ_SUCCESS;
}
