/* The threads of one block, in emulation.
 *
 * Threads that wait for each other are fibers. Warps take turns: all lanes of
 * one run until each of them waits or has ended; a shuffle, a product of
 * matrices or a load of them that all 32 have reached is done, and they go on;
 * so is a product of a warpgroup that all four warps have reached, and threads
 * whose copies have arrived go on. When no lane of any warp can go on, all are
 * at a barrier, or have ended, or the block would wait forever, which is an
 * error.
 */

#include "runtime/emulated_mma.h"
#include "runtime/gpu_emulator.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static __thread toeplitz_emulator *here;

toeplitz_emulator *toeplitz_emulate_here(toeplitz_emulator *emulator) {
  toeplitz_emulator *before = here;
  here = emulator;
  return before;
}

toeplitz_emulator *toeplitz_emulator_here(void) { return here; }

/* ---- What kernels call ---- */

int32_t toeplitz_emulated_thread(void) { return (int32_t)here->thread; }

int32_t toeplitz_emulated_block(void) { return (int32_t)here->block; }

int32_t toeplitz_emulated_sample(void) { return (int32_t)here->sample; }

void toeplitz_emulator_wait_as(toeplitz_emulator *emulator,
                               toeplitz_thread_state state) {
  if (!emulator->kernel->has_barriers) {
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                      "kernel '%s' has threads that wait for each other, but "
                      "isn't described so",
                      emulator->kernel->name);
    return;
  }
  emulator->lanes[emulator->thread].state = state;
  toeplitz_fibers_yield(emulator->fibers);
}

void toeplitz_emulated_barrier(void) {
  toeplitz_emulator_wait_as(here, TOEPLITZ_THREAD_AT_BARRIER);
}

uint32_t toeplitz_emulated_shuffle(int32_t mode, uint32_t value,
                                   uint32_t lane) {
  toeplitz_emulator *emulator = here;
  if (!emulator->kernel->has_barriers) {
    toeplitz_emulator_wait_as(emulator, TOEPLITZ_THREAD_AT_SHUFFLE);
    return value;
  }
  toeplitz_emulated_lane *waiting = &emulator->lanes[emulator->thread];
  waiting->mode = mode;
  waiting->value = value;
  waiting->lane = lane;
  toeplitz_emulator_wait_as(emulator, TOEPLITZ_THREAD_AT_SHUFFLE);
  return waiting->value;
}

void toeplitz_emulated_mma(int32_t type, uint32_t *words) {
  toeplitz_emulator *emulator = here;
  if (emulator->kernel->has_barriers) {
    emulator->lanes[emulator->thread].mode = type;
    emulator->lanes[emulator->thread].words = words;
  }
  toeplitz_emulator_wait_as(emulator, TOEPLITZ_THREAD_AT_PRODUCT);
}

void toeplitz_emulated_load_matrices(const void *row, uint32_t *words) {
  toeplitz_emulator *emulator = here;
  if ((uintptr_t)row % 16 != 0)
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                      "kernel '%s', block %" PRIu32 ", thread %" PRIu32
                      " loads the row of a matrix that doesn't begin at a "
                      "multiple of 16 bytes",
                      emulator->kernel->name, emulator->block,
                      emulator->thread);
  if (emulator->kernel->has_barriers) {
    emulator->lanes[emulator->thread].mode = 0;
    emulator->lanes[emulator->thread].row = row;
    emulator->lanes[emulator->thread].words = words;
  }
  toeplitz_emulator_wait_as(emulator, TOEPLITZ_THREAD_AT_MATRICES);
}

/* The copies of the thread that runs; NULL, and an error noted, where the
 * kernel isn't said to have any. */
static toeplitz_copies *own_copies(toeplitz_emulator *emulator) {
  if (emulator->kernel->has_barriers)
    return &emulator->lanes[emulator->thread].copies;
  toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                    "kernel '%s' has threads that wait for copies, but isn't "
                    "described so",
                    emulator->kernel->name);
  return NULL;
}

void toeplitz_emulated_copy(void *to, const void *from, uint32_t bytes,
                            uint32_t given) {
  toeplitz_emulator *emulator = here;
  toeplitz_copies *copies = own_copies(emulator);
  if (!copies)
    return;
  if (given > bytes || (uintptr_t)to % bytes != 0 ||
      (uintptr_t)from % bytes != 0) {
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                      "kernel '%s', block %" PRIu32 ", thread %" PRIu32
                      " copies %" PRIu32 " of %" PRIu32
                      " bytes, expected at most as many, and addresses that "
                      "are multiples of their number",
                      emulator->kernel->name, emulator->block, emulator->thread,
                      given, bytes);
    return;
  }
  /* What is there may be overwritten at any time. */
  memset(to, 0xff, bytes);
  toeplitz_copy copy = {to, from, bytes, given, 0};
  if (!toeplitz_copies_begin(copies, copy))
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_OUT_OF_MEMORY,
                      "no memory for the copies of a thread");
}

void toeplitz_emulated_commit(void) {
  toeplitz_copies *copies = own_copies(here);
  if (copies)
    toeplitz_copies_commit(copies);
}

void toeplitz_emulated_wait(uint32_t pending) {
  toeplitz_emulator *emulator = here;
  toeplitz_copies *copies = own_copies(emulator);
  toeplitz_copy copy;
  while (copies && toeplitz_copies_take(copies, pending, &copy)) {
    if (emulator->shadow)
      toeplitz_emulated_access(copy.to, copy.bytes, 1);
    memcpy(copy.to, copy.from, copy.given);
    memset((char *)copy.to + copy.given, 0, copy.bytes - copy.given);
  }
}

void *toeplitz_emulated_shared(uint64_t offset) {
  toeplitz_emulator *emulator = here;
  if (offset <= emulator->kernel->shared_bytes)
    return emulator->shared + offset;
  toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                    "kernel '%s', block %" PRIu32 ", thread %" PRIu32
                    ": byte %" PRIu64
                    " of shared memory, of which it has %" PRIu32,
                    emulator->kernel->name, emulator->block, emulator->thread,
                    offset, emulator->kernel->shared_bytes);
  return emulator->shared;
}

/* A thread touches what a bulk copy brings. */
static void report_copy_race(toeplitz_emulator *emulator, uint64_t byte,
                             const char *what) {
  if (emulator->base.status != TOEPLITZ_SUCCESS)
    return;
  toeplitz_gpu_fail(
      &emulator->base, TOEPLITZ_GPU_RACE,
      "kernel '%s', block %" PRIu32 ": thread %" PRIu32 " touches byte %" PRIu64
      " of shared memory, to which a copy %s",
      emulator->kernel->name, emulator->block, emulator->thread, byte, what);
  fprintf(stderr, "error: %s\n", emulator->base.message);
}

static void report_race(toeplitz_emulator *emulator, uint64_t byte,
                        int32_t rival) {
  if (emulator->base.status != TOEPLITZ_SUCCESS)
    return;
  if (rival >= TOEPLITZ_SHADOW_COPY) {
    report_copy_race(emulator, byte, "has arrived, which it hasn't waited for");
    return;
  }
  toeplitz_gpu_fail(
      &emulator->base, TOEPLITZ_GPU_RACE,
      "kernel '%s', block %" PRIu32 ": threads %" PRId32 " and %" PRIu32
      " race for byte %" PRIu64 " of shared memory",
      emulator->kernel->name, emulator->block, rival, emulator->thread, byte);
  fprintf(stderr, "error: %s\n", emulator->base.message);
}

void toeplitz_emulated_access(const void *address, uint64_t bytes,
                              int32_t write) {
  toeplitz_emulator *emulator = here;
  uint64_t size = emulator->kernel->shared_bytes;
  uint64_t offset =
      (uint64_t)((uintptr_t)address - (uintptr_t)emulator->shared);
  if (offset > size || bytes > size - offset) {
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                      "kernel '%s', block %" PRIu32 ", thread %" PRIu32
                      " touches %" PRIu64 " bytes at %" PRId64
                      " of shared memory, of which it has %" PRIu64,
                      emulator->kernel->name, emulator->block, emulator->thread,
                      bytes, (int64_t)offset, size);
    return;
  }
  if (!emulator->shadow)
    emulator->shadow = toeplitz_shadow_create(emulator->most_shared_bytes);
  if (!emulator->shadow) {
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_OUT_OF_MEMORY,
                      "no memory to look for races");
    return;
  }
  uint64_t byte = 0;
  if (toeplitz_find_bulk_copy(emulator, offset, bytes, &byte))
    report_copy_race(emulator, byte, "is under way");
  int32_t rival = toeplitz_shadow_touch(
      emulator->shadow, offset, bytes, (int32_t)emulator->thread, write, &byte);
  if (rival >= 0)
    report_race(emulator, byte, rival);
}

/* ---- The scheduler ---- */

static int is_in(const toeplitz_emulator *emulator, uint32_t first,
                 uint32_t count, toeplitz_thread_state state) {
  for (uint32_t thread = first; thread < first + count; ++thread)
    if (emulator->lanes[thread].state != state)
      return 0;
  return 1;
}

static void set_all(toeplitz_emulator *emulator, uint32_t first, uint32_t count,
                    toeplitz_thread_state state) {
  for (uint32_t thread = first; thread < first + count; ++thread)
    emulator->lanes[thread].state = state;
}

/* The lane whose value a lane gets: shfl.sync of PTX, whose clamp is the
 * whole warp here. A lane beyond it keeps its own. */
static uint32_t source_lane(int32_t mode, uint32_t lane, uint32_t operand) {
  uint32_t distance = operand % TOEPLITZ_WARP;
  switch (mode) {
  case 0: /* idx */
    return distance;
  case 1: /* up */
    return lane >= distance ? lane - distance : lane;
  case 2: /* down */
    return lane + distance < TOEPLITZ_WARP ? lane + distance : lane;
  default: /* bfly */
    return lane ^ distance;
  }
}

static void shuffle(toeplitz_emulated_lane *lanes) {
  uint32_t values[TOEPLITZ_WARP];
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane)
    values[lane] = lanes[lane].value;
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane)
    lanes[lane].value =
        values[source_lane(lanes[lane].mode, lane, lanes[lane].lane)];
}

static void multiply(toeplitz_emulated_lane *lanes) {
  uint32_t *words[TOEPLITZ_WARP];
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane)
    words[lane] = lanes[lane].words;
  toeplitz_multiply_fragments(lanes[0].mode, words);
}

static void load(toeplitz_emulated_lane *lanes) {
  const void *rows[TOEPLITZ_WARP];
  uint32_t *words[TOEPLITZ_WARP];
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane) {
    rows[lane] = lanes[lane].row;
    words[lane] = lanes[lane].words;
  }
  toeplitz_load_matrices(rows, words);
}

/* Whether a thread waits for the others of its warp, or of its warpgroup. */
static int waits_for_warp(toeplitz_thread_state state) {
  return state == TOEPLITZ_THREAD_AT_SHUFFLE ||
         state == TOEPLITZ_THREAD_AT_PRODUCT ||
         state == TOEPLITZ_THREAD_AT_MATRICES ||
         state == TOEPLITZ_THREAD_AT_WARPGROUP_PRODUCT;
}

/* Whether all lanes of the warp were in one thing that they do together, which
 * is done now. */
static int exchange(toeplitz_emulator *emulator, uint32_t first,
                    uint32_t count) {
  toeplitz_emulated_lane *lanes = &emulator->lanes[first];
  toeplitz_thread_state state = lanes[0].state;
  if (count < TOEPLITZ_WARP || !waits_for_warp(state) ||
      state == TOEPLITZ_THREAD_AT_WARPGROUP_PRODUCT ||
      !is_in(emulator, first, count, state))
    return 0;
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane)
    if (lanes[lane].mode != lanes[0].mode)
      return 0;
  if (state == TOEPLITZ_THREAD_AT_SHUFFLE)
    shuffle(lanes);
  else if (state == TOEPLITZ_THREAD_AT_PRODUCT)
    multiply(lanes);
  else
    load(lanes);
  set_all(emulator, first, count, TOEPLITZ_THREAD_RUNS);
  return 1;
}

/* Notes that a thread has ended. */
static void end_thread(toeplitz_emulator *emulator, uint32_t thread) {
  toeplitz_emulated_lane *lane = &emulator->lanes[thread];
  lane->state = TOEPLITZ_THREAD_ENDED;
  if (lane->copies.count > 0)
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                      "kernel '%s', block %" PRIu32 ": thread %" PRIu32
                      " has ended, but not waited for what it copies",
                      emulator->kernel->name, emulator->block, thread);
}

/* Runs the lanes of a warp until none can go on. */
static void run_warp(toeplitz_emulator *emulator, uint32_t first,
                     uint32_t count) {
  do {
    for (uint32_t thread = first; thread < first + count; ++thread) {
      if (emulator->lanes[thread].state != TOEPLITZ_THREAD_RUNS)
        continue;
      emulator->thread = thread;
      if (toeplitz_fibers_resume(emulator->fibers, thread))
        end_thread(emulator, thread);
    }
  } while (exchange(emulator, first, count));
}

static const char *describe(toeplitz_thread_state state) {
  switch (state) {
  case TOEPLITZ_THREAD_AT_BARRIER:
    return "waits at a barrier";
  case TOEPLITZ_THREAD_AT_SHUFFLE:
    return "waits in a shuffle";
  case TOEPLITZ_THREAD_AT_PRODUCT:
    return "waits in a product of matrices";
  case TOEPLITZ_THREAD_AT_MATRICES:
    return "waits in a load of matrices";
  case TOEPLITZ_THREAD_AT_WARPGROUP_PRODUCT:
    return "waits in a product of its warpgroup";
  case TOEPLITZ_THREAD_AT_MBARRIER:
    return "waits for copies";
  case TOEPLITZ_THREAD_ENDED:
    return "has ended";
  default:
    return "runs";
  }
}

/* How many threads do together what this one waits in. */
static uint32_t count_together(toeplitz_thread_state state) {
  return state == TOEPLITZ_THREAD_AT_WARPGROUP_PRODUCT ? TOEPLITZ_WARPGROUP
                                                       : TOEPLITZ_WARP;
}

/* Of two that wait in the same way. */
static int is_other_kind(const toeplitz_emulated_lane *lane,
                         const toeplitz_emulated_lane *other) {
  if (lane->state == TOEPLITZ_THREAD_AT_WARPGROUP_PRODUCT)
    return !toeplitz_wgmma_equal(&lane->product, &other->product);
  return waits_for_warp(lane->state) && lane->mode != other->mode;
}

/* Threads that wait for copies and warps are tried first: one that is stuck
 * keeps all others at the barrier. */
static void report_stuck(toeplitz_emulator *emulator) {
  const toeplitz_emulated_lane *lanes = emulator->lanes;
  uint32_t threads = emulator->kernel->threads, first = 0, end = threads;
  uint32_t stuck = 0;
  for (uint32_t thread = 0; thread < threads; ++thread)
    if (lanes[thread].state == TOEPLITZ_THREAD_AT_MBARRIER) {
      toeplitz_report_mbarrier(emulator, thread);
      return;
    }
  while (stuck < threads && !waits_for_warp(lanes[stuck].state))
    ++stuck;
  if (stuck < threads) {
    uint32_t together = count_together(lanes[stuck].state);
    first = stuck / together * together;
    end = first + together < threads ? first + together : threads;
  } else {
    stuck = 0;
    while (lanes[stuck].state != TOEPLITZ_THREAD_AT_BARRIER)
      ++stuck;
  }
  for (uint32_t other = first; other < end; ++other) {
    if (lanes[other].state == lanes[stuck].state &&
        !is_other_kind(&lanes[stuck], &lanes[other]))
      continue;
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                      "kernel '%s', block %" PRIu32 ": thread %" PRIu32
                      " %s, but thread %" PRIu32 " %s",
                      emulator->kernel->name, emulator->block, stuck,
                      describe(lanes[stuck].state), other,
                      lanes[other].state == lanes[stuck].state
                          ? "waits in one of another kind"
                          : describe(lanes[other].state));
    return;
  }
  toeplitz_gpu_fail(
      &emulator->base, TOEPLITZ_GPU_ERROR,
      "kernel '%s', block %" PRIu32 ": thread %" PRIu32
      " %s, but its %s has %" PRIu32 " threads, expected %" PRIu32,
      emulator->kernel->name, emulator->block, stuck,
      describe(lanes[stuck].state),
      count_together(lanes[stuck].state) == TOEPLITZ_WARP ? "warp"
                                                          : "warpgroup",
      end - first, count_together(lanes[stuck].state));
}

static void advance(toeplitz_emulator *emulator) {
  if (emulator->shadow)
    toeplitz_shadow_advance(emulator->shadow);
}

static void run_thread(const void *values) { here->kernel->emulated(values); }

static void run_fibers(toeplitz_emulator *emulator, const uint64_t *values) {
  const toeplitz_gpu_kernel *kernel = emulator->kernel;
  uint32_t threads = kernel->threads;
  for (uint32_t thread = 0; thread < threads; ++thread) {
    toeplitz_copies_clear(&emulator->lanes[thread].copies);
    toeplitz_fibers_start(emulator->fibers, thread, run_thread, values);
  }
  toeplitz_begin_warpgroups(emulator);
  for (;;) {
    set_all(emulator, 0, threads, TOEPLITZ_THREAD_RUNS);
    do
      for (uint32_t first = 0; first < threads; first += TOEPLITZ_WARP)
        run_warp(emulator, first,
                 threads - first < TOEPLITZ_WARP ? threads - first
                                                 : TOEPLITZ_WARP);
    while (toeplitz_emulate_warpgroups(emulator) ||
           toeplitz_emulate_mbarriers(emulator));
    if (is_in(emulator, 0, threads, TOEPLITZ_THREAD_ENDED)) {
      toeplitz_end_warpgroups(emulator);
      toeplitz_end_bulk_copies(emulator);
      return;
    }
    if (!is_in(emulator, 0, threads, TOEPLITZ_THREAD_AT_BARRIER)) {
      report_stuck(emulator);
      return;
    }
    advance(emulator);
  }
}

void toeplitz_emulate_block(toeplitz_emulator *emulator, uint32_t block,
                            const uint64_t *values) {
  const toeplitz_gpu_kernel *kernel = emulator->kernel;
  emulator->block = block;
  memset(emulator->shared, 0xff, kernel->shared_bytes);
  toeplitz_begin_bulk_copies(emulator);
  if (emulator->shadow)
    toeplitz_shadow_begin_block(emulator->shadow);
  if (kernel->has_barriers) {
    run_fibers(emulator, values);
    return;
  }
  for (uint32_t thread = 0; thread < kernel->threads; ++thread) {
    emulator->thread = thread;
    kernel->emulated(values);
  }
}
