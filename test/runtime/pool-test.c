/* Exercises the thread pool; prints one line for each property that holds and
 * ends with status 1 at the first that doesn't. */

#define _GNU_SOURCE /* cpu_set_t */

#include "check.h"
#include "runtime/toeplitz.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 10000, ROUNDS = 300, CALLERS = 4 };

/* One counter a task: each must end at exactly the number of loops. */
typedef struct counters {
  toeplitz_pool *pool;
  int64_t calls[TASKS];
  int64_t plain_sum; /* written by one task and read after the loop, without
                        atomics: the loop must order them */
} counters;

static void count_call(void *arguments, int64_t index, int64_t slot) {
  (void)slot;
  counters *shared = arguments;
  ++shared->calls[index];
  if (index == TASKS / 2)
    ++shared->plain_sum;
}

static void check_each_index_once(toeplitz_pool *pool) {
  counters *shared = calloc(1, sizeof *shared);
  CHECK(shared);
  for (int round = 1; round <= 20; ++round) {
    toeplitz_parallel_for(pool, count_call, shared, TASKS, TASKS);
    CHECK(shared->plain_sum == round);
    for (int index = 0; index < TASKS; ++index)
      CHECK(shared->calls[index] == round);
  }
  free(shared);
}

static void must_not_run(void *arguments, int64_t index, int64_t slot) {
  (void)slot;
  (void)arguments;
  printf("FAILED: task %lld of an empty loop ran\n", (long long)index);
  exit(1);
}

static void add_one(void *arguments, int64_t index, int64_t slot) {
  (void)slot;
  (void)index;
  __atomic_add_fetch((int64_t *)arguments, 1, __ATOMIC_RELAXED);
}

/* A loop within a loop on the same pool. */
typedef struct nested {
  toeplitz_pool *pool;
  int64_t total;
} nested;

static void run_inner_loop(void *arguments, int64_t index, int64_t slot) {
  (void)slot;
  nested *shared = arguments;
  (void)index;
  int64_t inner = 0;
  toeplitz_parallel_for(shared->pool, add_one, &inner, 50, 50);
  CHECK(inner == 50);
  __atomic_add_fetch(&shared->total, inner, __ATOMIC_RELAXED);
}

/* Several threads that share a pool, each with loops of its own, short and
 * long. */
static void *call_many_loops(void *arguments) {
  toeplitz_pool *pool = arguments;
  for (int64_t round = 0; round < ROUNDS; ++round) {
    int64_t total = 0, count = round % 7 == 0 ? 2000 : round % 5;
    toeplitz_parallel_for(pool, add_one, &total, count, count);
    CHECK(total == count);
  }
  return NULL;
}

/* Tasks that need each other: they only end when two threads run them at the
 * same time. */
typedef struct meeting {
  int arrived;
} meeting;

static void wait_for_the_other(void *arguments, int64_t index, int64_t slot) {
  (void)slot;
  meeting *shared = arguments;
  (void)index;
  __atomic_add_fetch(&shared->arrived, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&shared->arrived, __ATOMIC_SEQ_CST) < 2)
    continue;
}

/* As many tasks as threads, none of which ends before all have begun: each
 * thread has one, and whose it is. */
enum { MOST_THREADS = 8 };
typedef struct gathering {
  int threads, arrived;
  pthread_t owners[MOST_THREADS];
} gathering;

static void wait_for_all(void *arguments, int64_t index, int64_t slot) {
  (void)slot;
  gathering *shared = arguments;
  shared->owners[index] = pthread_self();
  __atomic_add_fetch(&shared->arrived, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&shared->arrived, __ATOMIC_SEQ_CST) < shared->threads)
    continue;
}

/* A thread begins with the same part of every loop, the caller with the first
 * one. */
static void check_same_share(toeplitz_pool *pool, int threads) {
  gathering first = {.threads = threads};
  toeplitz_parallel_for(pool, wait_for_all, &first, threads, threads);
  CHECK(pthread_equal(first.owners[0], pthread_self()));
  for (int round = 0; round < 20; ++round) {
    gathering next = {.threads = threads};
    toeplitz_parallel_for(pool, wait_for_all, &next, threads, threads);
    for (int index = 0; index < threads; ++index)
      CHECK(pthread_equal(first.owners[index], next.owners[index]));
  }
}

/* The first task waits for all others: those behind it in its thread's share
 * have to be done by other threads. */
typedef struct obstacle {
  int64_t count, done;
} obstacle;

static void wait_in_first(void *arguments, int64_t index, int64_t slot) {
  (void)slot;
  obstacle *shared = arguments;
  if (index > 0)
    __atomic_add_fetch(&shared->done, 1, __ATOMIC_SEQ_CST);
  else
    while (__atomic_load_n(&shared->done, __ATOMIC_SEQ_CST) < shared->count - 1)
      continue;
}

static void check_help(toeplitz_pool *pool) {
  for (int64_t count = 2; count < 100; count += 7) {
    obstacle shared = {count, 0};
    toeplitz_parallel_for(pool, wait_in_first, &shared, count, count);
    CHECK(shared.done == count - 1);
  }
}

/* Places to work in: no two tasks may be in one at the same time. */
typedef struct places {
  int64_t slots;
  int64_t occupied[TASKS], used[TASKS];
} places;

static void occupy(void *arguments, int64_t index, int64_t slot) {
  places *shared = arguments;
  (void)index;
  CHECK(slot >= 0 && slot < shared->slots);
  CHECK(__atomic_add_fetch(&shared->occupied[slot], 1, __ATOMIC_SEQ_CST) == 1);
  for (int round = 0; round < 50; ++round)
    __atomic_add_fetch(&shared->used[slot], 1, __ATOMIC_SEQ_CST);
  __atomic_add_fetch(&shared->occupied[slot], -1, __ATOMIC_SEQ_CST);
}

/* With more and with fewer slots than threads, and than tasks. A thread keeps
 * its slot: with enough of them no more are used than there are threads. */
static void check_slots(toeplitz_pool *pool, int threads) {
  static const int64_t counts[] = {2, 3, 5, 500}, slots[] = {1, 2, 3, 5, 64};
  for (size_t c = 0; c < sizeof counts / sizeof *counts; ++c)
    for (size_t s = 0; s < sizeof slots / sizeof *slots; ++s)
      for (int round = 0; round < 20; ++round) {
        places *shared = calloc(1, sizeof *shared);
        CHECK(shared);
        shared->slots = slots[s];
        toeplitz_parallel_for(pool, occupy, shared, counts[c], slots[s]);
        int64_t total = 0, used = 0;
        for (int64_t slot = 0; slot < TASKS; ++slot) {
          total += shared->used[slot];
          used += shared->used[slot] > 0;
        }
        CHECK(total == 50 * counts[c]);
        CHECK(used <= threads || counts[c] <= threads);
        free(shared);
      }
}

#ifdef __GLIBC__
static void pin_caller(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
}

/* The processors of the pool's second thread, after enough loops for it to
 * follow the caller. */
static cpu_set_t get_worker_affinity(toeplitz_pool *pool, pthread_t *worker) {
  for (int round = 0; round < 50; ++round) {
    gathering two = {.threads = 2};
    toeplitz_parallel_for(pool, wait_for_all, &two, 2, 2);
    *worker = two.owners[1];
  }
  cpu_set_t set;
  CHECK(pthread_getaffinity_np(*worker, sizeof set, &set) == 0);
  return set;
}

/* A worker may run on all processors that it was created with but the caller's.
 * Returns whether there are two processors to try it on. */
static int check_placement(void) {
  cpu_set_t all;
  CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
  if (CPU_COUNT(&all) < 2)
    return 0;
  toeplitz_pool *pool = toeplitz_pool_create(2);
  CHECK(pool);
  pthread_t worker;
  int last = -1;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &all))
      continue;
    pin_caller(processor);
    cpu_set_t expected = all, found = get_worker_affinity(pool, &worker);
    CPU_CLR(processor, &expected);
    CHECK(CPU_EQUAL(&found, &expected));
    last = processor;
  }
  /* Somebody else's choice is respected, also where it is the caller's. */
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  CPU_SET(last, &chosen);
  CHECK(pthread_setaffinity_np(worker, sizeof chosen, &chosen) == 0);
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &all))
      continue;
    pin_caller(processor);
    cpu_set_t found = get_worker_affinity(pool, &worker);
    CHECK(CPU_EQUAL(&found, &chosen));
  }
  CHECK(sched_setaffinity(0, sizeof all, &all) == 0);
  toeplitz_pool_destroy(pool);
  return 1;
}
#else
static int check_placement(void) { return 0; }
#endif

int main(void) {
  static const int thread_counts[] = {1, 2, 3, 8};
  for (size_t which = 0; which < sizeof thread_counts / sizeof *thread_counts;
       ++which) {
    int threads = thread_counts[which];
    toeplitz_pool *pool = toeplitz_pool_create(threads);
    CHECK(pool);
    CHECK(toeplitz_pool_threads(pool) == threads);
    check_each_index_once(pool);

    toeplitz_parallel_for(pool, must_not_run, NULL, 0, 1);
    toeplitz_parallel_for(pool, must_not_run, NULL, -5, 1);

    check_slots(pool, threads);

    nested inside = {pool, 0};
    toeplitz_parallel_for(pool, run_inner_loop, &inside, 200, 200);
    CHECK(inside.total == 200 * 50);

    pthread_t callers[CALLERS];
    for (int caller = 0; caller < CALLERS; ++caller)
      CHECK(pthread_create(&callers[caller], NULL, call_many_loops, pool) == 0);
    for (int caller = 0; caller < CALLERS; ++caller)
      pthread_join(callers[caller], NULL);

    if (threads > 1)
      for (int round = 0; round < 100; ++round) {
        meeting two = {0};
        toeplitz_parallel_for(pool, wait_for_the_other, &two, 2, 2);
        CHECK(two.arrived == 2);
      }
    if (threads > 1) {
      check_same_share(pool, threads);
      check_help(pool);
    }
    toeplitz_pool_destroy(pool);
    printf("%d threads: each index once, slots, empty loops, nested loops, "
           "concurrent callers%s\n",
           threads, threads > 1 ? ", shares, help" : "");
  }

  check_each_index_once(NULL);
  check_slots(NULL, 1);
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
      toeplitz_parallel_for(pool, add_one, &total, 3, 3);
    toeplitz_pool_destroy(pool);
    CHECK(total == (round % 2 ? 3 : 0));
  }
  puts("pools come and go");

  puts(check_placement() ? "workers leave the caller's processor to it"
                         : "one processor for all threads");

  CHECK(toeplitz_processor_count() >= 1);
  toeplitz_pool *all = toeplitz_pool_create(0);
  CHECK(all && toeplitz_pool_threads(all) == toeplitz_processor_count());
  toeplitz_pool_destroy(all);
  CHECK(toeplitz_pool_create(1000000) == NULL);
  puts("0 is a thread a processor; a million is refused");
  return 0;
}
