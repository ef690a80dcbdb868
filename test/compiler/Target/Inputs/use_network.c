/* Calls the network of two-rows.mlir in every way that its header offers;
 * prints what it computes. Built with `-Wl,--wrap` for the allocation
 * functions, it also counts what a run allocates. */

#include "two_rows.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLERS = 4, RUNS = 500 };

static const float x[TWO_ROWS_X_SIZE] = {0, 1, 2, 3, 4, 5, 6, 7};
static const float factor = 0;
static const float expected[] = {0.5f,  2.5f,  6.5f,  12.5f,
                                 20.5f, 30.5f, 42.5f, 56.5f};
static two_rows_threads *shared_threads;

static int allocations;
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
int __real_posix_memalign(void **result, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __wrap_posix_memalign(void **result, size_t alignment, size_t size);
void *__wrap_malloc(size_t size) {
  ++allocations;
  return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
  ++allocations;
  return __real_calloc(count, size);
}
int __wrap_posix_memalign(void **result, size_t alignment, size_t size) {
  ++allocations;
  return __real_posix_memalign(result, alignment, size);
}

static void check(int error, const float *y) {
  if (error || memcmp(y, expected, sizeof expected) != 0) {
    printf("FAILED: %s; %g %g ...\n", two_rows_error_string(error), y[0], y[1]);
    exit(1);
  }
}

static void *run_often(void *argument) {
  two_rows_threads *threads = argument;
  for (int run = 0; run < RUNS; ++run) {
    float y[TWO_ROWS_FLOAT_2_SIZE] = {0}, z;
    check(two_rows_run_threads(threads, x, &factor, y, &z, NULL), y);
  }
  return NULL;
}

static void run_concurrently(two_rows_threads *threads) {
  pthread_t callers[CALLERS];
  for (int caller = 0; caller < CALLERS; ++caller)
    if (pthread_create(&callers[caller], NULL, run_often, threads) != 0)
      exit(1);
  for (int caller = 0; caller < CALLERS; ++caller)
    pthread_join(callers[caller], NULL);
}

int main(void) {
  float y[TWO_ROWS_FLOAT_2_SIZE] = {0}, z = 1;
  static unsigned char memory[TWO_ROWS_WORKSPACE_SIZE + 64];
  unsigned char *workspace = memory + (64 - (uintptr_t)memory % 64) % 64;

  check(two_rows_run(x, &factor, y, &z, NULL), y);
  printf("z %g, allocations without workspace: %d\n", z, allocations);

  memset(y, 0, sizeof y);
  allocations = 0;
  two_rows_prepare(NULL, 0);
  two_rows_prepare(workspace, TWO_ROWS_WORKSPACE_SIZE);
  check(two_rows_run(x, &factor, y, &z, workspace), y);
  printf("allocations with workspace: %d\n", allocations);

  shared_threads = two_rows_threads_create(3);
  allocations = 0;
  memset(y, 0, sizeof y);
  check(two_rows_run_threads(shared_threads, x, &factor, y, &z, workspace), y);
  printf("allocations with workspace and threads: %d\n", allocations);
  memset(y, 0, sizeof y);
  check(two_rows_run_threads(NULL, x, &factor, y, &z, workspace), y);
  run_concurrently(NULL);
  run_concurrently(shared_threads);
  puts("concurrent runs agree");
  two_rows_threads_destroy(shared_threads);
  two_rows_threads_destroy(NULL);

  y[0] = 7;
  int errors[] = {two_rows_run(NULL, &factor, y, &z, NULL),
                  two_rows_run(x, &factor, y, NULL, NULL),
                  two_rows_run(x, &factor, y, &z, workspace + 4)};
  for (int which = 0; which < 3; ++which)
    printf("%d: %s\n", errors[which], two_rows_error_string(errors[which]));
  printf("untouched: %g; %s; %s\n", y[0], two_rows_error_string(0),
         two_rows_error_string(99));

  const toeplitz_network *network = two_rows_network();
  printf("%s: %d inputs, %d outputs, %d bytes, %s of rank %d, %s of rank %d\n",
         network->name, (int)network->input_count, (int)network->output_count,
         (int)network->workspace_size, network->inputs[0].name,
         (int)network->inputs[0].rank, network->outputs[1].name,
         (int)network->outputs[1].rank);
  const void *inputs[] = {x, &factor};
  void *outputs[] = {y, &z};
  toeplitz_pool *pool = network->threads_create(2);
  network->run(pool, workspace, inputs, outputs);
  network->threads_destroy(pool);
  check(0, y);
  static const int64_t shape[] = TWO_ROWS_X_SHAPE;
  printf("shape %d %d of rank %d\n",
         (int)(shape[0] == network->inputs[0].shape[0]), (int)shape[1],
         TWO_ROWS_X_RANK);
  return 0;
}
