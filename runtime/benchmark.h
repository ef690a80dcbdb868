/* Timing a network. */

#ifndef TOEPLITZ_RUNTIME_BENCHMARK_H
#define TOEPLITZ_RUNTIME_BENCHMARK_H

#include "runtime/toeplitz.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Times of single runs, in milliseconds. */
typedef struct toeplitz_timing {
  int64_t runs;
  double minimum;
  double median;
  double mean;
} toeplitz_timing;

enum { TOEPLITZ_MAXIMUM_TIMED_RUNS = 10000000 };

/* Runs the network on `batch` samples, which is 1 unless the batch is chosen
 * for each run, `runs` times (at most TOEPLITZ_MAXIMUM_TIMED_RUNS), or for
 * about two seconds when `runs` is 0, after warm-up runs which aren't counted.
 * The workspace must not be NULL unless the network needs none. Returns 0 or an
 * error number of toeplitz.h. */
int toeplitz_benchmark(const toeplitz_network *network, toeplitz_pool *pool,
                       int64_t batch, const void *const *inputs,
                       void *const *outputs, void *workspace, int64_t runs,
                       toeplitz_timing *timing);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_BENCHMARK_H */
