/* The thread pool: one loop at a time, its tasks divided into a share for each
 * thread.
 *
 * A share is a run of consecutive tasks, and its thread claims them one by one;
 * when none is left it helps with the other shares. So the thread that did the
 * first half of a layer does the first half of the next one, whose input is
 * then in its own core's cache: to read what another core has written takes
 * four times as long (22 GB/s against 100 of the own second-level cache,
 * measured on Emerald Rapids).
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

#include "runtime/thread_placement.h"
#include "runtime/toeplitz.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* GCC's and clang's builtins rather than <stdatomic.h>, which is C11. */
#define LOAD(address) __atomic_load_n(address, __ATOMIC_SEQ_CST)
#define STORE(address, value) __atomic_store_n(address, value, __ATOMIC_SEQ_CST)
/* A store that is over before the loads behind it begin, which "store, then
 * look whether somebody sleeps" needs. STORE says the same, but an emulator
 * that takes AArch64's stlr and ldar for a release and an acquire lets the load
 * go first (QEMU 7.2 on x86 does; a wakeup is then lost). An exchange is one
 * locked instruction there; on x86 itself STORE is an exchange already. */
#define PUBLISH(address, value)                                                \
  ((void)__atomic_exchange_n(address, value, __ATOMIC_SEQ_CST))
#define ADD(address, value) __atomic_add_fetch(address, value, __ATOMIC_SEQ_CST)

enum { MAXIMUM_THREADS = 4096 };

#define INSIDE_MASK ((uint64_t)0xffff)
#define OPEN_BIT ((uint64_t)0x10000)
#define NUMBER_STEP ((uint64_t)0x20000)

/* Long enough to cover the serial gap between two layers (tens of
 * microseconds) and a task of another thread, short beside a time slice. A
 * thread that sleeps takes some ten microseconds to wake. */
enum {
  SPIN_NANOSECONDS = 200 * 1000,
  SPIN_ROUNDS_BEFORE_YIELD = 512,
  SPIN_ROUNDS_PER_LOOK_AT_CLOCK = 64
};

/* Cores fetch cache lines in pairs. */
enum { LINE_PAIR = 128 };
#define APART __attribute__((aligned(LINE_PAIR)))

/* The tasks that one thread begins with. */
typedef struct share {
  APART int64_t next; /* the first task that nobody has claimed */
  int64_t end;
} share;

/* A thread of the pool beside the calling one. */
typedef struct worker {
  toeplitz_pool *pool;
  int number; /* from 1 on: the calling thread is 0 */
  pthread_t thread;
  toeplitz_placement placement;
} worker;

/* Fields that are written at different times lie in different cache lines: each
 * time that one core writes what another one reads, the line has to travel. */
struct toeplitz_pool {
  /* The loop: one line that the caller writes and the workers, who look at
   * `state` all the time, then have. The caller that holds `busy` writes it
   * while no worker is inside. */
  APART uint64_t state;
  toeplitz_task body;
  void *arguments;
  int64_t count;
  int64_t slots;
  int64_t share_count;

  /* The callers'. */
  APART int busy;        /* one of them owns the loop fields */
  int avoided_processor; /* where the workers don't run, -1 at first */
  int loops_elsewhere;   /* callers' loops in a row on another processor */

  /* Seldom written. */
  APART int stopping; /* the pool is being destroyed */
  int sleepers;       /* workers in, or about to enter, a wait on `work` */
  int caller_waiting; /* the caller is in, or about to enter, a wait on `done`
                       */
  int spins;          /* whether waiting threads spin before they sleep */
  int worker_count;
  share *shares; /* one for each thread; share_count of them are in use */
  worker *workers;

  pthread_mutex_t mutex;
  pthread_cond_t work;
  pthread_cond_t done;
};

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* How long a thread has been spinning. */
typedef struct spin {
  int rounds;
  int64_t end; /* nanoseconds; 0 before the first look at the clock */
} spin;

static int64_t nanoseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Pauses for a moment, or returns 0 when it's time to sleep. On a busy machine
 * the thread that is waited for may need this very processor: after a
 * while it is offered. */
static int spin_once(const toeplitz_pool *pool, spin *spin) {
  if (!pool->spins)
    return 0;
  if (spin->rounds < SPIN_ROUNDS_BEFORE_YIELD)
    pause_briefly();
  else
    sched_yield();
  if (++spin->rounds % SPIN_ROUNDS_PER_LOOK_AT_CLOCK != 0)
    return 1;
  int64_t now = nanoseconds_now();
  if (spin->end == 0)
    spin->end = now + SPIN_NANOSECONDS;
  return now < spin->end;
}

/* Divides `count` tasks into shares, the larger ones first. */
static void divide_into_shares(toeplitz_pool *pool, int64_t count,
                               int64_t slots) {
  int64_t shares = pool->worker_count + 1;
  if (shares > count)
    shares = count;
  if (shares > slots)
    shares = slots;
  int64_t next = 0;
  for (int64_t index = 0; index < shares; ++index) {
    share *part = &pool->shares[index];
    __atomic_store_n(&part->next, next, __ATOMIC_RELAXED);
    next += count / shares + (index < count % shares);
    part->end = next;
  }
  pool->share_count = shares;
}

/* A task of the share, or -1 when none is left. */
static int64_t claim_task(share *part) {
  if (__atomic_load_n(&part->next, __ATOMIC_RELAXED) >= part->end)
    return -1;
  int64_t index = __atomic_fetch_add(&part->next, 1, __ATOMIC_RELAXED);
  return index < part->end ? index : -1;
}

/* The tasks of the loop, as the thread of this number runs them: those of its
 * own share, then of the ones behind. A thread's
 * slot is its number where every thread can have one of its own; where there
 * are more threads than tasks, a task has one. (With fewer slots than both, the
 * threads without one do nothing.) */
static void run_tasks(toeplitz_pool *pool, int number) {
  int64_t count = pool->count, slots = pool->slots;
  int task_is_slot = pool->worker_count >= slots && count <= slots;
  if (number >= slots && !task_is_slot)
    return;
  for (int64_t step = 0; step < pool->share_count; ++step) {
    share *part = &pool->shares[(number + step) % pool->share_count];
    for (int64_t index; (index = claim_task(part)) >= 0;)
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
  spin spin = {0, 0};
  uint64_t state;
  do {
    state = LOAD(&pool->state);
    if (joinable(state, seen) || LOAD(&pool->stopping))
      return state;
  } while (spin_once(pool, &spin));
  pthread_mutex_lock(&pool->mutex);
  /* The caller sets `state`, then reads `sleepers`; we count ourselves, then
   * read `state`: one of us sees the other. */
  ADD(&pool->sleepers, 1);
  state = LOAD(&pool->state);
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

/* Keeps the workers off the caller's processor. There they would wait for each
 * other in turns: systems leave a thread that they wake where it ran last, or
 * where the waking one runs, and don't move it while it mostly sleeps (measured
 * with two processors that have no cache in common: the second thread of half
 * of all programs stayed on the first processor and did nothing for seconds).
 * When callers change, the workers follow after some loops. */
static void stay_away_from_caller(toeplitz_pool *pool) {
  enum { PATIENCE = 16 };
  if (!pool->spins)
    return;
  int processor = toeplitz_current_processor();
  if (processor == pool->avoided_processor) {
    pool->loops_elsewhere = 0;
    return;
  }
  int is_first = pool->avoided_processor < 0;
  if (!is_first && ++pool->loops_elsewhere < PATIENCE)
    return;
  pool->avoided_processor = processor;
  pool->loops_elsewhere = 0;
  for (int index = 0; index < pool->worker_count; ++index)
    toeplitz_place_elsewhere(pool->workers[index].thread,
                             &pool->workers[index].placement, processor);
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
  spin spin = {0, 0};
  while ((state & INSIDE_MASK) && spin_once(pool, &spin))
    state = LOAD(&pool->state);
  if ((state & INSIDE_MASK) == 0)
    return;
  pthread_mutex_lock(&pool->mutex);
  PUBLISH(&pool->caller_waiting, 1);
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
  stay_away_from_caller(pool);
  pool->body = body;
  pool->arguments = arguments;
  pool->count = count;
  pool->slots = slots;
  divide_into_shares(pool, count, slots);
  /* The loop before is closed and nobody is inside: the low bits are zero. */
  PUBLISH(&pool->state, (LOAD(&pool->state) + NUMBER_STEP) | OPEN_BIT);
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

static void free_pool(toeplitz_pool *pool) {
  if (pool) {
    free(pool->workers);
    free(pool->shares);
  }
  free(pool);
}

/* Zeros, at a line pair of their own; NULL without memory. */
static void *allocate_apart(size_t size) {
  void *memory = NULL;
  if (posix_memalign(&memory, LINE_PAIR, size) != 0)
    return NULL;
  return memset(memory, 0, size);
}

static toeplitz_pool *allocate_pool(int threads) {
  toeplitz_pool *pool = allocate_apart(sizeof *pool);
  if (!pool)
    return NULL;
  pool->shares = allocate_apart((size_t)threads * sizeof *pool->shares);
  pool->workers = calloc((size_t)threads, sizeof *pool->workers);
  if (pool->shares && pool->workers)
    return pool;
  free_pool(pool);
  return NULL;
}

toeplitz_pool *toeplitz_pool_create(int threads) {
  int processors = toeplitz_processor_count();
  if (threads <= 0)
    threads = processors;
  if (threads > MAXIMUM_THREADS)
    return NULL;
  toeplitz_pool *pool = allocate_pool(threads);
  if (!pool)
    return NULL;
  /* More threads than processors: whoever spins takes the processor from
   * someone with work to do. */
  pool->spins = threads <= processors;
  pool->avoided_processor = -1;
  int initialised = 0;
  if (pthread_mutex_init(&pool->mutex, NULL) == 0 && ++initialised &&
      pthread_cond_init(&pool->work, NULL) == 0 && ++initialised &&
      pthread_cond_init(&pool->done, NULL) == 0 && ++initialised &&
      start_workers(pool, threads - 1))
    return pool;
  if (initialised == 3)
    stop_workers(pool), pthread_cond_destroy(&pool->done);
  if (initialised >= 2)
    pthread_cond_destroy(&pool->work);
  if (initialised >= 1)
    pthread_mutex_destroy(&pool->mutex);
  free_pool(pool);
  return NULL;
}

void toeplitz_pool_destroy(toeplitz_pool *pool) {
  if (!pool)
    return;
  stop_workers(pool);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
  free_pool(pool);
}
