/* Exercises the thread pool; prints one line for each property that holds and
 * ends with status 1 at the first that doesn't. */

#include "runtime/toeplitz.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 10000, ROUNDS = 300, CALLERS = 4 };

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("FAILED at line %d: %s\n", __LINE__, #condition);                 \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

/* One counter a task: each must end at exactly the number of loops. */
typedef struct counters {
  toeplitz_pool *pool;
  int64_t calls[TASKS];
  int64_t plain_sum; /* written by one task and read after the loop, without
                        atomics: the loop must order them */
} counters;

static void count_call(void *arguments, int64_t index) {
  counters *shared = arguments;
  ++shared->calls[index];
  if (index == TASKS / 2)
    ++shared->plain_sum;
}

static void check_each_index_once(toeplitz_pool *pool) {
  counters *shared = calloc(1, sizeof *shared);
  CHECK(shared);
  for (int round = 1; round <= 20; ++round) {
    toeplitz_parallel_for(pool, count_call, shared, TASKS);
    CHECK(shared->plain_sum == round);
    for (int index = 0; index < TASKS; ++index)
      CHECK(shared->calls[index] == round);
  }
  free(shared);
}

static void must_not_run(void *arguments, int64_t index) {
  (void)arguments;
  printf("FAILED: task %lld of an empty loop ran\n", (long long)index);
  exit(1);
}

static void add_one(void *arguments, int64_t index) {
  (void)index;
  __atomic_add_fetch((int64_t *)arguments, 1, __ATOMIC_RELAXED);
}

/* A loop within a loop on the same pool. */
typedef struct nested {
  toeplitz_pool *pool;
  int64_t total;
} nested;

static void run_inner_loop(void *arguments, int64_t index) {
  nested *shared = arguments;
  (void)index;
  int64_t inner = 0;
  toeplitz_parallel_for(shared->pool, add_one, &inner, 50);
  CHECK(inner == 50);
  __atomic_add_fetch(&shared->total, inner, __ATOMIC_RELAXED);
}

/* Several threads that share a pool, each with loops of its own, short and
 * long. */
static void *call_many_loops(void *arguments) {
  toeplitz_pool *pool = arguments;
  for (int64_t round = 0; round < ROUNDS; ++round) {
    int64_t total = 0, count = round % 7 == 0 ? 2000 : round % 5;
    toeplitz_parallel_for(pool, add_one, &total, count);
    CHECK(total == count);
  }
  return NULL;
}

/* Tasks that need each other: they only end when two threads run them at the
 * same time. */
typedef struct meeting {
  int arrived;
} meeting;

static void wait_for_the_other(void *arguments, int64_t index) {
  meeting *shared = arguments;
  (void)index;
  __atomic_add_fetch(&shared->arrived, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&shared->arrived, __ATOMIC_SEQ_CST) < 2)
    continue;
}

int main(void) {
  static const int thread_counts[] = {1, 2, 3, 8};
  for (size_t which = 0; which < sizeof thread_counts / sizeof *thread_counts;
       ++which) {
    int threads = thread_counts[which];
    toeplitz_pool *pool = toeplitz_pool_create(threads);
    CHECK(pool);
    CHECK(toeplitz_pool_threads(pool) == threads);
    check_each_index_once(pool);

    toeplitz_parallel_for(pool, must_not_run, NULL, 0);
    toeplitz_parallel_for(pool, must_not_run, NULL, -5);

    nested inside = {pool, 0};
    toeplitz_parallel_for(pool, run_inner_loop, &inside, 200);
    CHECK(inside.total == 200 * 50);

    pthread_t callers[CALLERS];
    for (int caller = 0; caller < CALLERS; ++caller)
      CHECK(pthread_create(&callers[caller], NULL, call_many_loops, pool) == 0);
    for (int caller = 0; caller < CALLERS; ++caller)
      pthread_join(callers[caller], NULL);

    if (threads > 1)
      for (int round = 0; round < 100; ++round) {
        meeting two = {0};
        toeplitz_parallel_for(pool, wait_for_the_other, &two, 2);
        CHECK(two.arrived == 2);
      }
    toeplitz_pool_destroy(pool);
    printf("%d threads: each index once, empty loops, nested loops, concurrent "
           "callers\n",
           threads);
  }

  check_each_index_once(NULL);
  CHECK(toeplitz_pool_threads(NULL) == 1);
  toeplitz_pool_destroy(NULL);
  puts("no pool: each index once");

  /* Loops that are never used, and pools that end while their workers still
   * look for work. */
  for (int round = 0; round < 200; ++round) {
    toeplitz_pool *pool = toeplitz_pool_create(3);
    CHECK(pool);
    int64_t total = 0;
    if (round % 2)
      toeplitz_parallel_for(pool, add_one, &total, 3);
    toeplitz_pool_destroy(pool);
    CHECK(total == (round % 2 ? 3 : 0));
  }
  puts("pools come and go");

  CHECK(toeplitz_processor_count() >= 1);
  toeplitz_pool *all = toeplitz_pool_create(0);
  CHECK(all && toeplitz_pool_threads(all) == toeplitz_processor_count());
  toeplitz_pool_destroy(all);
  CHECK(toeplitz_pool_create(1000000) == NULL);
  puts("0 is a thread a processor; a million is refused");
  return 0;
}
