/* Exercises batches of networks of a GPU, and the memory and graphs that they
 * have, against the stub of the driver;
 * prints one line for each property that holds and ends with status 1 at the
 * first that doesn't. */

#define _GNU_SOURCE /* setenv */

#include "gpu_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_batches(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool = open_counted(network);
  for (int samples = 0; samples <= BATCH; ++samples)
    CHECK(run_samples(network, pool, samples, 2) == TOEPLITZ_SUCCESS);
  CHECK(run_samples(network, NULL, BATCH, 3) == TOEPLITZ_SUCCESS);
  float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  fill(x, BATCH, 7);
  network->run_batch(pool, NULL, inputs, outputs, BATCH);
  CHECK(is_right(x, y, BATCH));
  CHECK(run_samples(network, pool, -1, 0) == TOEPLITZ_BAD_BATCH);
  CHECK(run_samples(scaled_network(0, 0), pool, 2, 0) == TOEPLITZ_BAD_BATCH);
  inputs[0] = NULL;
  CHECK(network->run_checked(network, pool, 1, inputs, outputs, NULL) ==
        TOEPLITZ_NULL_TENSOR);
  close_counted(pool, "batches of any size, none included");
}

/* Memory for several samples is had when they are asked for, beside that for
 * one, and only if there isn't enough yet. */
static void check_growth(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool = open_counted(network);
  size_t alone = stub->device_bytes;
  CHECK(stub->memory == 4 && stub->host_memory == 2);
  CHECK(run_samples(network, pool, 1, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->memory == 4 && stub->calls[STUB_cuMemGetInfo_v2] == 0);
  CHECK(run_samples(network, pool, 3, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->memory == 7 && stub->host_memory == 4);
  CHECK(stub->device_bytes == alone + 3 * 3 * SAMPLE);
  /* In one piece, on memory of its own. */
  CHECK(stub->launch_count == 4);
  CHECK(stub->launches[0].samples == 1 && stub->launches[2].samples == 3);
  CHECK(stub->launches[2].blocks == SCALED_BLOCKS);
  CHECK(stub->launches[2].values[2] != stub->launches[0].values[2]);
  int allocations = stub->calls[STUB_cuMemAlloc_v2];
  CHECK(run_samples(network, pool, 2, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuMemAlloc_v2] == allocations);
  CHECK(stub->launches[4].samples == 2);
  CHECK(stub->launches[4].values[2] == stub->launches[2].values[2]);
  CHECK(run_samples(network, pool, BATCH, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->memory == 7 && stub->host_memory == 4);
  CHECK(stub->device_bytes == alone + 3 * BATCH * SAMPLE);
  close_counted(pool, "memory grows with the batch");
}

/* A number of samples that comes again has a graph, and few numbers have one at
 * a time. */
static void check_graphs(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool = open_counted(network);
  int captures = stub->calls[STUB_cuStreamBeginCapture_v2];
  CHECK(captures == 1 && stub->executables == 1);
  CHECK(run_samples(network, pool, 3, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->executables == 1 && stub->calls[STUB_cuGraphLaunch] == 0);
  for (int run = 1; run <= RUNS; ++run) {
    CHECK(run_samples(network, pool, 3, (float)run) == TOEPLITZ_SUCCESS);
    CHECK(stub->executables == 2 && stub->calls[STUB_cuGraphLaunch] == run);
  }
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == 2);
  CHECK(stub->launch_count == 2 + 2 + 2);
  /* Another memory needs another graph. */
  CHECK(run_samples(network, pool, BATCH, 2) == TOEPLITZ_SUCCESS);
  CHECK(stub->executables == 1);
  CHECK(run_samples(network, pool, 3, 2) == TOEPLITZ_SUCCESS);
  CHECK(run_samples(network, pool, 3, 3) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == 3);
  /* The one that wasn't used for the longest time goes. */
  for (int samples = 2; samples <= BATCH; ++samples)
    for (int run = 0; run < 2; ++run)
      CHECK(run_samples(network, pool, samples, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->executables == 1 + 4 && stub->graphs == 0);
  captures = stub->calls[STUB_cuStreamBeginCapture_v2];
  for (int samples = BATCH - 3; samples <= BATCH; ++samples)
    CHECK(run_samples(network, pool, samples, 2) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == captures);
  for (int run = 0; run < 2; ++run)
    CHECK(run_samples(network, pool, BATCH - 4, 3) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == captures + 1);
  CHECK(stub->executables == 1 + 4);
  close_counted(pool, "graphs of the numbers of samples that come again");
}

/* Whatever is left for several samples, a batch is computed. */
static void check_little_memory(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool = open_counted(network);
  size_t alone = stub->device_bytes;
  /* None. */
  set_memory(alone);
  CHECK(find_parts(pool, 3) == 0); /* by the graph of one sample */
  CHECK(stub->calls[STUB_cuGraphLaunch] == 3 && stub->memory == 4);
  int questions = stub->calls[STUB_cuMemGetInfo_v2];
  CHECK(find_parts(pool, 3) == 0);
  CHECK(stub->calls[STUB_cuMemGetInfo_v2] == questions);
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  /* Half of it holds two samples, each with its arena, input and output. The
   * graph of the second part computes the third one, too. */
  unsetenv("STUB_CUDA_MEMORY");
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  set_memory(alone + 14 * SAMPLE);
  CHECK(find_parts(pool, 7) == 22);
  CHECK(stub->calls[STUB_cuGraphLaunch] == 2 + 1);
  CHECK(stub->device_bytes == alone + 6 * SAMPLE);
  unsetenv("STUB_CUDA_MEMORY");
  int allocations = stub->calls[STUB_cuMemAlloc_v2];
  CHECK(find_parts(pool, 7) == 0); /* it isn't tried again */
  CHECK(stub->calls[STUB_cuMemAlloc_v2] == allocations);
  close_counted(pool, "batches in parts where memory is little");
}

/* A grid has 65535 samples at most. */
static void check_large_batch(void) {
  enum { LARGE = 65535 + 2 };
  const toeplitz_network *network = scaled_network(1, 0);
  float *x = malloc((size_t)LARGE * SAMPLE),
        *y = malloc((size_t)LARGE * SAMPLE);
  CHECK(x && y);
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool = open_counted(network);
  fill(x, LARGE, 1);
  CHECK(network->run_checked(network, pool, LARGE, inputs, outputs, NULL) == 0);
  CHECK(is_right(x, y, LARGE));
  CHECK(stub->launch_count == 6 && stub->launches[2].samples == 65535);
  CHECK(stub->launches[4].samples == 2);
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  free(x);
  free(y);
  puts("more samples than a grid has");
}

/* The driver may have less than it says. */
static void check_fallback(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool;
  /* The arena, an input, an output; or one of the pinned ones. */
  for (int call = 5; call <= 7; ++call) {
    start_counting();
    CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
    fail_at("cuMemAlloc_v2", call, CUDA_ERROR_OUT_OF_MEMORY);
    CHECK(find_parts(pool, 8) == 44 && stub->failed);
    unsetenv("STUB_CUDA_FAIL");
    toeplitz_gpu_destroy(pool);
    CHECK(nothing_is_alive());
  }
  for (int call = 3; call <= 4; ++call) {
    start_counting();
    CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
    fail_at("cuMemHostAlloc", call, CUDA_ERROR_OUT_OF_MEMORY);
    CHECK(find_parts(pool, 9) == 44 && stub->failed);
    unsetenv("STUB_CUDA_FAIL");
    CHECK(find_parts(pool, 3) == 3);
    toeplitz_gpu_destroy(pool);
    CHECK(nothing_is_alive());
  }
  /* Another error is none of memory. */
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  fail_at("cuMemAlloc_v2", 5, CUDA_ERROR_LAUNCH_FAILED);
  CHECK(run_samples(network, pool, 8, 1) == TOEPLITZ_GPU_LOST);
  CHECK(strcmp(network->error_text(pool),
               "cuMemAlloc_v2, 9600 bytes for what layers hand to each other: "
               "CUDA_ERROR_LAUNCH_FAILED") == 0);
  unsetenv("STUB_CUDA_FAIL");
  CHECK(find_parts(pool, 8) == 8);
  close_counted(pool, "fewer samples at once where memory is refused");
}

/* The parts before the one that failed have their outputs. */
static void check_failure_in_the_middle(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool;
  float x[6 * SCALED_SIZE], y[6 * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  fail_at("cuMemAlloc_v2", 5, CUDA_ERROR_OUT_OF_MEMORY);
  CHECK(find_parts(pool, 4) == 22);
  fill(x, 6, 3);
  for (int index = 0; index < 6 * SCALED_SIZE; ++index)
    y[index] = 42;
  fail_at("cuStreamSynchronize", stub->calls[STUB_cuStreamSynchronize] + 2,
          CUDA_ERROR_LAUNCH_FAILED);
  CHECK(network->run_checked(network, pool, 6, inputs, outputs, NULL) ==
        TOEPLITZ_GPU_LOST);
  unsetenv("STUB_CUDA_FAIL");
  CHECK(is_right(x, y, 2));
  for (int index = 2 * SCALED_SIZE; index < 6 * SCALED_SIZE; ++index)
    CHECK(y[index] == 42);
  close_counted(pool, "the parts before a failure are there");
}

int main(void) {
  find_stub();
  check_batches();
  check_growth();
  check_graphs();
  check_little_memory();
  check_large_batch();
  check_fallback();
  check_failure_in_the_middle();
  return 0;
}
