/* Exercises handles of networks of a GPU, and runs from the host's memory,
 * against the stub of the driver;
 * prints one line for each property that holds and ends with status 1 at the
 * first that doesn't. */

#include "gpu_checks.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4 };

static void check_load_and_run(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  toeplitz_pool *pool;
  start_counting();
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  CHECK(strcmp(network->error_text(pool), "") == 0);
  CHECK(stub->memory == 4 && stub->host_memory == 2 && stub->modules == 1);
  CHECK(stub->executables == 1 && stub->graphs == 0);
  /* Two kernels, both captured. */
  CHECK(stub->launch_count == 2);
  const stub_launch *scale = &stub->launches[0], *add = &stub->launches[1];
  CHECK(strcmp(scale->kernel, "scale") == 0 && strcmp(add->kernel, "add") == 0);
  CHECK(scale->captured && add->captured);
  CHECK(scale->blocks == SCALED_BLOCKS && scale->threads == SCALED_THREADS);
  CHECK(scale->shared_bytes == 0 && add->shared_bytes == 65536);
  CHECK(scale->values[3] == SCALED_SIZE && add->values[3] == SCALED_SIZE);
  CHECK(scale->values[1] == add->values[1]); /* the weights */
  CHECK(scale->values[2] == add->values[0]); /* the arena */
  CHECK(stub->calls[STUB_cuFuncSetAttribute] == 1);
  int uploads = stub->calls[STUB_cuMemcpyHtoDAsync_v2];
  for (int run = 0; run < RUNS; ++run)
    CHECK(run_samples(network, pool, 1, (float)run) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == 1);
  CHECK(stub->calls[STUB_cuGraphLaunch] == RUNS);
  CHECK(stub->calls[STUB_cuLaunchKernel] == 2);
  CHECK(stub->calls[STUB_cuMemcpyHtoDAsync_v2] == uploads + RUNS);
  network->threads_destroy(pool);
  CHECK(nothing_is_alive());
  puts("loaded and captured once, launched for each run");
}

static void check_no_pool(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  start_counting();
  CHECK(run_samples(network, NULL, 1, 3) == TOEPLITZ_SUCCESS);
  CHECK(nothing_is_alive() && stub->calls[STUB_cuModuleLoadDataEx] == 1);
  float x[SCALED_SIZE], y[SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  fill(x, 1, 5);
  network->run(NULL, NULL, inputs, outputs);
  CHECK(is_right(x, y, 1) && nothing_is_alive());
  CHECK(toeplitz_network_run(network, NULL, inputs, outputs, NULL) ==
        TOEPLITZ_SUCCESS);
  CHECK(nothing_is_alive() && stub->calls[STUB_cuModuleLoadDataEx] == 3);
  puts("without a handle: one for each run");
}

static void check_two_handles(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  toeplitz_pool *pools[2];
  start_counting();
  for (int index = 0; index < 2; ++index)
    CHECK(toeplitz_gpu_create(network, 0, &pools[index]) == TOEPLITZ_SUCCESS);
  CHECK(stub->contexts == 2 && stub->modules == 2);
  CHECK(stub->launches[0].values[2] != stub->launches[2].values[2]);
  for (int run = 0; run < RUNS; ++run)
    CHECK(run_samples(network, pools[run % 2], 1, (float)run) == 0);
  toeplitz_gpu_destroy(pools[0]);
  CHECK(run_samples(network, pools[1], 1, 1) == TOEPLITZ_SUCCESS);
  toeplitz_gpu_destroy(pools[1]);
  toeplitz_gpu_destroy(NULL);
  CHECK(nothing_is_alive());
  puts("two handles at once");
}

static void *run_many(void *pool) {
  for (int run = 0; run < RUNS; ++run)
    CHECK(run_samples(scaled_network(0, 0), pool, 1, (float)run) == 0);
  return NULL;
}

static void check_threads(void) {
  toeplitz_pool *pool;
  pthread_t threads[THREADS];
  start_counting();
  CHECK(toeplitz_gpu_create(scaled_network(0, 0), 0, &pool) == 0);
  for (int index = 0; index < THREADS; ++index)
    CHECK(pthread_create(&threads[index], NULL, run_many, pool) == 0);
  for (int index = 0; index < THREADS; ++index)
    pthread_join(threads[index], NULL);
  CHECK(stub->calls[STUB_cuGraphLaunch] == THREADS * RUNS);
  close_counted(pool, "threads take turns with one handle");
}

int main(void) {
  find_stub();
  check_load_and_run();
  check_no_pool();
  check_two_handles();
  check_threads();
  return 0;
}
