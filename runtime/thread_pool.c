/* The thread pool: one loop at a time, its tasks claimed one by one from a
 * counter.
 *
 * A worker joins a loop when it gets there, and the caller waits only for those
 * that joined: a loop never waits for a sleeping worker to wake, and a short
 * one is over before anybody came. `state` says it all in one word, so that
 * joining is one compare-and-swap: the number of the loop (high bits), whether
 * it's open, and how many workers are inside (low bits).
 *
 * The caller publishes a loop by setting `state` to (number + 1, open, nobody
 * inside), runs tasks until none is left, closes the loop, and waits until
 * nobody is inside. While a worker is inside, the fields of the loop can't
 * change under it. */

#define _GNU_SOURCE /* sched_getaffinity, pthread_setname_np */

#include "runtime/toeplitz.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* GCC's and clang's builtins rather than <stdatomic.h>, which is C11. */
#define LOAD(address) __atomic_load_n(address, __ATOMIC_SEQ_CST)
#define STORE(address, value) __atomic_store_n(address, value, __ATOMIC_SEQ_CST)
#define ADD(address, value) __atomic_add_fetch(address, value, __ATOMIC_SEQ_CST)

enum { MAXIMUM_THREADS = 4096 };

#define INSIDE_MASK ((uint64_t)0xffff)
#define OPEN_BIT ((uint64_t)0x10000)
#define NUMBER_STEP ((uint64_t)0x20000)

/* Long enough to cover the serial gap between two layers (tens of
 * microseconds), short beside a time slice. */
enum { SPIN_ROUNDS = 2000 };

/* A thread of the pool beside the calling one. */
typedef struct worker {
  toeplitz_pool *pool;
  int number; /* from 1 on: the calling thread is 0 */
  pthread_t thread;
} worker;

struct toeplitz_pool {
  /* The loop; written by the caller that holds `busy`, read by the workers
   * inside. */
  toeplitz_task body;
  void *arguments;
  int64_t count;
  int64_t slots;

  /* On a cache line of its own: every claim of a task writes it. */
  char padding_before_next[TOEPLITZ_ALIGNMENT];
  int64_t next;
  char padding_after_next[TOEPLITZ_ALIGNMENT];

  uint64_t state;
  int busy;           /* a caller owns the loop fields */
  int stopping;       /* the pool is being destroyed */
  int sleepers;       /* workers in, or about to enter, a wait on `work` */
  int caller_waiting; /* the caller is in, or about to enter, a wait on `done`
                       */
  int spin_rounds;

  pthread_mutex_t mutex;
  pthread_cond_t work;
  pthread_cond_t done;

  int worker_count;
  worker workers[]; /* worker_count of them */
};

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* The tasks of the loop, as the thread of this number runs them. A thread's
 * slot is its number where every thread can have one of its own; where there
 * are more threads than tasks, a task has one. (With fewer slots than both, the
 * threads without one do nothing.) */
static void run_tasks(toeplitz_pool *pool, int number) {
  int64_t count = pool->count, slots = pool->slots;
  int task_is_slot = pool->worker_count >= slots && count <= slots;
  if (number >= slots && !task_is_slot)
    return;
  for (;;) {
    int64_t index = __atomic_fetch_add(&pool->next, 1, __ATOMIC_RELAXED);
    if (index >= count)
      return;
    pool->body(pool->arguments, index, task_is_slot ? index : number);
  }
}

/* Whether `state` shows a loop that a worker which last saw loop `seen` may
 * join. */
static int joinable(uint64_t state, uint64_t seen) {
  return (state & OPEN_BIT) && (state / NUMBER_STEP) != seen;
}

/* Waits for a loop to join or for the end of the pool, first spinning, then
 * asleep. */
static uint64_t wait_for_work(toeplitz_pool *pool, uint64_t seen) {
  for (int round = 0; round < pool->spin_rounds; ++round) {
    uint64_t state = LOAD(&pool->state);
    if (joinable(state, seen) || LOAD(&pool->stopping))
      return state;
    pause_briefly();
  }
  pthread_mutex_lock(&pool->mutex);
  /* The caller sets `state`, then reads `sleepers`; we count ourselves, then
   * read `state`: one of us sees the other. */
  ADD(&pool->sleepers, 1);
  uint64_t state = LOAD(&pool->state);
  while (!joinable(state, seen) && !LOAD(&pool->stopping)) {
    pthread_cond_wait(&pool->work, &pool->mutex);
    state = LOAD(&pool->state);
  }
  ADD(&pool->sleepers, -1);
  pthread_mutex_unlock(&pool->mutex);
  return state;
}

static void leave(toeplitz_pool *pool) {
  uint64_t state = ADD(&pool->state, -(uint64_t)1);
  if ((state & (INSIDE_MASK | OPEN_BIT)) != 0 || !LOAD(&pool->caller_waiting))
    return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_signal(&pool->done);
  pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument) {
  const worker *self = argument;
  toeplitz_pool *pool = self->pool;
  uint64_t seen = 0;
  for (;;) {
    uint64_t state = wait_for_work(pool, seen);
    if (LOAD(&pool->stopping))
      return NULL;
    if (!joinable(state, seen) ||
        !__atomic_compare_exchange_n(&pool->state, &state, state + 1, 0,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
      continue;
    seen = state / NUMBER_STEP;
    run_tasks(pool, self->number);
    leave(pool);
  }
}

static void wake_workers(toeplitz_pool *pool, int64_t wanted) {
  if (LOAD(&pool->sleepers) == 0)
    return;
  pthread_mutex_lock(&pool->mutex);
  if (wanted >= pool->worker_count)
    pthread_cond_broadcast(&pool->work);
  else
    for (int64_t index = 0; index < wanted; ++index)
      pthread_cond_signal(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
}

/* Closes the loop and waits until nobody is inside. */
static void finish_loop(toeplitz_pool *pool) {
  uint64_t state =
      __atomic_and_fetch(&pool->state, ~OPEN_BIT, __ATOMIC_SEQ_CST);
  for (int round = 0; round < pool->spin_rounds && (state & INSIDE_MASK);
       ++round) {
    pause_briefly();
    state = LOAD(&pool->state);
  }
  if ((state & INSIDE_MASK) == 0)
    return;
  pthread_mutex_lock(&pool->mutex);
  STORE(&pool->caller_waiting, 1);
  while (LOAD(&pool->state) & INSIDE_MASK)
    pthread_cond_wait(&pool->done, &pool->mutex);
  STORE(&pool->caller_waiting, 0);
  pthread_mutex_unlock(&pool->mutex);
}

void toeplitz_parallel_for(toeplitz_pool *pool, toeplitz_task body,
                           void *arguments, int64_t count, int64_t slots) {
  if (!pool || pool->worker_count == 0 || count <= 1 ||
      __atomic_exchange_n(&pool->busy, 1, __ATOMIC_SEQ_CST)) {
    for (int64_t index = 0; index < count; ++index)
      body(arguments, index, 0);
    return;
  }
  pool->body = body;
  pool->arguments = arguments;
  pool->count = count;
  pool->slots = slots;
  __atomic_store_n(&pool->next, 0, __ATOMIC_RELAXED);
  /* The loop before is closed and nobody is inside: the low bits are zero. */
  STORE(&pool->state, (LOAD(&pool->state) + NUMBER_STEP) | OPEN_BIT);
  wake_workers(pool, count - 1);
  run_tasks(pool, 0);
  finish_loop(pool);
  STORE(&pool->busy, 0);
}

int toeplitz_processor_count(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
    return CPU_COUNT(&set);
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

int toeplitz_pool_threads(const toeplitz_pool *pool) {
  return pool ? pool->worker_count + 1 : 1;
}

static void stop_workers(toeplitz_pool *pool) {
  pthread_mutex_lock(&pool->mutex);
  STORE(&pool->stopping, 1);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int index = 0; index < pool->worker_count; ++index)
    pthread_join(pool->workers[index].thread, NULL);
}

/* Starts the workers with all signals blocked: the threads of a library must
 * not take the signals of its host. Returns 0 when they could not all be
 * started; worker_count then says how many were. */
static int start_workers(toeplitz_pool *pool, int wanted) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  /* Kernels keep up to a quarter of a megabyte on the stack (im2col's columns):
   * more than some C libraries give a thread. */
  pthread_attr_t attributes;
  int started = pthread_attr_init(&attributes) == 0;
  int initialized = started;
  if (started)
    started = pthread_attr_setstacksize(&attributes, 1024 * 1024) == 0;
  for (int index = 0; index < wanted && started; ++index) {
    worker *next = &pool->workers[index];
    next->pool = pool;
    next->number = index + 1;
    started =
        pthread_create(&next->thread, &attributes, worker_main, next) == 0;
    if (!started)
      break;
    ++pool->worker_count;
#ifdef __GLIBC__
    pthread_setname_np(next->thread, "toeplitz");
#endif
  }
  if (initialized)
    pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

toeplitz_pool *toeplitz_pool_create(int threads) {
  int processors = toeplitz_processor_count();
  if (threads <= 0)
    threads = processors;
  if (threads > MAXIMUM_THREADS)
    return NULL;
  int workers = threads - 1;
  toeplitz_pool *pool =
      calloc(1, sizeof *pool + (size_t)workers * sizeof(worker));
  if (!pool)
    return NULL;
  /* More threads than processors: whoever spins takes the processor from
   * someone with work to do. */
  pool->spin_rounds = threads <= processors ? SPIN_ROUNDS : 0;
  int initialised = 0;
  if (pthread_mutex_init(&pool->mutex, NULL) == 0 && ++initialised &&
      pthread_cond_init(&pool->work, NULL) == 0 && ++initialised &&
      pthread_cond_init(&pool->done, NULL) == 0 && ++initialised &&
      start_workers(pool, workers))
    return pool;
  if (initialised == 3)
    stop_workers(pool), pthread_cond_destroy(&pool->done);
  if (initialised >= 2)
    pthread_cond_destroy(&pool->work);
  if (initialised >= 1)
    pthread_mutex_destroy(&pool->mutex);
  free(pool);
  return NULL;
}

void toeplitz_pool_destroy(toeplitz_pool *pool) {
  if (!pool)
    return;
  stop_workers(pool);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
  free(pool);
}
