/* What the threads of an emulated block have begun to copy in bulk, and the
 * barriers at which they wait for it. */

#include "runtime/emulated_bulk_copies.h"

#include "runtime/gpu_emulator.h"

#include <inttypes.h>
#include <string.h>

/* Notes an error of the thread that runs. */
static void fail(toeplitz_emulator *emulator, int status, const char *what) {
  toeplitz_gpu_fail(&emulator->base, status,
                    "kernel '%s', block %" PRIu32 ", thread %" PRIu32 " %s",
                    emulator->kernel->name, emulator->block, emulator->thread,
                    what);
}

/* Where `bytes` bytes lie in the block's memory; an error is noted, and -1
 * returned, where they don't, or not at a multiple of `alignment`. */
static int64_t find_offset(toeplitz_emulator *emulator, const void *address,
                           uint64_t bytes, uint64_t alignment,
                           const char *what) {
  uint64_t offset =
      (uint64_t)((uintptr_t)address - (uintptr_t)emulator->shared);
  uint64_t size = emulator->kernel->shared_bytes;
  if (offset <= size && bytes <= size - offset && offset % alignment == 0)
    return (int64_t)offset;
  toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                    "kernel '%s', block %" PRIu32 ", thread %" PRIu32
                    " has %s of %" PRIu64 " bytes at %" PRId64
                    " of shared memory, of which it has %" PRIu64
                    ", expected a multiple of %" PRIu64,
                    emulator->kernel->name, emulator->block, emulator->thread,
                    what, bytes, (int64_t)offset, size, alignment);
  return -1;
}

/* In checked code: whether what another thread wrote there may be used, or
 * overwritten, by a copy. */
static void check_published(toeplitz_emulator *emulator, uint64_t offset,
                            uint64_t bytes) {
  uint64_t byte;
  if (!emulator->shadow)
    return;
  int32_t writer =
      toeplitz_shadow_find_unpublished(emulator->shadow, offset, bytes, &byte);
  if (writer >= 0)
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_RACE,
                      "kernel '%s', block %" PRIu32 ": a copy that thread "
                      "%" PRIu32 " begins uses byte %" PRIu64
                      " of shared memory, which thread %" PRId32
                      " wrote and didn't publish",
                      emulator->kernel->name, emulator->block, emulator->thread,
                      byte, writer);
}

/* ---- Barriers ---- */

enum { BARRIER_BYTES = 8, NONE = -1 };

static int find_barrier(const toeplitz_bulk_copies *copies, uint64_t offset) {
  for (uint32_t index = 0; index < copies->barrier_count; ++index)
    if (copies->barriers[index].offset == offset)
      return (int)index;
  return NONE;
}

/* The barrier at an address; an error is noted, and NONE returned, where nobody
 * has made one. */
static int use_barrier(toeplitz_emulator *emulator, const void *address) {
  int64_t offset =
      find_offset(emulator, address, BARRIER_BYTES, BARRIER_BYTES, "a barrier");
  if (offset < 0)
    return NONE;
  int index = find_barrier(&emulator->bulk_copies, (uint64_t)offset);
  if (index == NONE)
    fail(emulator, TOEPLITZ_GPU_ERROR,
         "uses a barrier that nobody has initialized");
  /* Whoever has made it must have met the others since. */
  else if (emulator->shadow)
    toeplitz_emulated_access(address, BARRIER_BYTES, 0);
  return index;
}

void toeplitz_emulated_mbarrier_init(void *barrier, uint32_t count) {
  toeplitz_emulator *emulator = toeplitz_emulator_here();
  toeplitz_bulk_copies *copies = &emulator->bulk_copies;
  int64_t offset =
      find_offset(emulator, barrier, BARRIER_BYTES, BARRIER_BYTES, "a barrier");
  if (offset < 0)
    return;
  if (emulator->shadow)
    toeplitz_emulated_access(barrier, BARRIER_BYTES, 1);
  int index = find_barrier(copies, (uint64_t)offset);
  if (count == 0 ||
      (index == NONE && copies->barrier_count == TOEPLITZ_MOST_MBARRIERS)) {
    fail(emulator, TOEPLITZ_GPU_ERROR,
         "makes a barrier without arrivals, or the 17th of its block, which "
         "isn't emulated");
    return;
  }
  if (index == NONE)
    index = (int)copies->barrier_count++;
  copies->barriers[index] =
      (toeplitz_mbarrier){(uint64_t)offset, count, count, 0, 0};
}

/* Ends the phase if nothing is missing. */
static void end_phase(toeplitz_mbarrier *barrier) {
  if (barrier->missing_arrivals > 0 || barrier->missing_bytes != 0)
    return;
  ++barrier->phase;
  barrier->missing_arrivals = barrier->arrivals;
}

static void count_bytes(toeplitz_emulator *emulator, toeplitz_mbarrier *barrier,
                        int64_t bytes) {
  barrier->missing_bytes += bytes;
  if (barrier->missing_bytes >= TOEPLITZ_MBARRIER_MOST_BYTES ||
      barrier->missing_bytes <= -TOEPLITZ_MBARRIER_MOST_BYTES)
    fail(emulator, TOEPLITZ_GPU_ERROR,
         "counts more bytes at a barrier than the 2^20 - 1 that it can");
}

void toeplitz_emulated_mbarrier_expect(void *address, uint32_t bytes) {
  toeplitz_emulator *emulator = toeplitz_emulator_here();
  int index = use_barrier(emulator, address);
  if (index == NONE)
    return;
  toeplitz_mbarrier *barrier = &emulator->bulk_copies.barriers[index];
  if (barrier->missing_arrivals == 0) {
    fail(emulator, TOEPLITZ_GPU_ERROR,
         "arrives at a barrier once more than its phase waits for");
    return;
  }
  count_bytes(emulator, barrier, bytes);
  --barrier->missing_arrivals;
  end_phase(barrier);
}

/* ---- Copies ---- */

/* Begins a copy whose barrier and tensor are known. */
static void begin(toeplitz_emulator *emulator, toeplitz_bulk_copy copy) {
  toeplitz_bulk_copies *copies = &emulator->bulk_copies;
  if (copies->count == TOEPLITZ_MOST_BULK_COPIES) {
    fail(emulator, TOEPLITZ_GPU_ERROR,
         "begins so many copies that nobody waits for, which isn't emulated");
    return;
  }
  check_published(emulator, copies->barriers[copy.barrier].offset,
                  BARRIER_BYTES);
  check_published(emulator, copy.offset, copy.bytes);
  if (emulator->shadow)
    toeplitz_emulated_access(emulator->shared + copy.offset, copy.bytes, 1);
  /* What is there may be overwritten at any time. */
  memset(emulator->shared + copy.offset, 0xff, copy.bytes);
  copies->begun[copies->count++] = copy;
}

void toeplitz_emulated_bulk_copy(void *to, const void *from, void *barrier,
                                 uint32_t bytes) {
  enum { UNIT = 16 };
  toeplitz_emulator *emulator = toeplitz_emulator_here();
  int index = use_barrier(emulator, barrier);
  int64_t offset = find_offset(emulator, to, bytes, UNIT, "a copy");
  if (index == NONE || offset < 0)
    return;
  if (bytes == 0 || bytes % UNIT != 0 || (uintptr_t)from % UNIT != 0) {
    fail(emulator, TOEPLITZ_GPU_ERROR,
         "copies bytes whose address, or number, is no multiple of 16");
    return;
  }
  begin(emulator,
        (toeplitz_bulk_copy){
            (uint32_t)index, bytes, (uint64_t)offset, from, NULL, {0}});
}

void toeplitz_emulated_tensor_copy(void *to, const void *map, void *barrier,
                                   int32_t c0, int32_t c1, int32_t c2,
                                   int32_t c3, int32_t c4) {
  enum { ROW = 128 };
  toeplitz_emulator *emulator = toeplitz_emulator_here();
  const toeplitz_gpu_tensor *tensor = map;
  int index = use_barrier(emulator, barrier);
  uint64_t bytes = toeplitz_box_bytes(tensor);
  int64_t offset = find_offset(emulator, to, bytes, ROW, "a box");
  if (index == NONE || offset < 0)
    return;
  begin(emulator, (toeplitz_bulk_copy){(uint32_t)index,
                                       (uint32_t)bytes,
                                       (uint64_t)offset,
                                       NULL,
                                       tensor,
                                       {c0, c1, c2, c3, c4}});
}

static void arrive(toeplitz_emulator *emulator,
                   const toeplitz_bulk_copy *copy) {
  toeplitz_mbarrier *barrier = &emulator->bulk_copies.barriers[copy->barrier];
  if (copy->tensor)
    toeplitz_copy_box(copy->tensor, copy->coordinates, emulator->shared,
                      copy->offset);
  else
    memcpy(emulator->shared + copy->offset, copy->from, copy->bytes);
  if (emulator->shadow)
    toeplitz_shadow_arrive(emulator->shadow, copy->offset, copy->bytes,
                           copy->barrier, barrier->phase);
  count_bytes(emulator, barrier, -(int64_t)copy->bytes);
  end_phase(barrier);
}

/* Lets copies arrive at a barrier, in their order, until its phase ends. */
static void land(toeplitz_emulator *emulator, uint32_t index) {
  toeplitz_bulk_copies *copies = &emulator->bulk_copies;
  uint32_t phase = copies->barriers[index].phase, kept = 0;
  for (uint32_t place = 0; place < copies->count; ++place) {
    toeplitz_bulk_copy copy = copies->begun[place];
    if (copy.barrier == index && copies->barriers[index].phase == phase)
      arrive(emulator, &copy);
    else
      copies->begun[kept++] = copy;
  }
  copies->count = kept;
}

/* ---- Waiting ---- */

static int has_ended(const toeplitz_mbarrier *barrier, uint32_t parity) {
  return (barrier->phase & 1) != (parity & 1);
}

uint32_t toeplitz_emulated_mbarrier_wait(void *address, uint32_t parity) {
  toeplitz_emulator *emulator = toeplitz_emulator_here();
  int index = use_barrier(emulator, address);
  if (index == NONE)
    return 1;
  toeplitz_mbarrier *barrier = &emulator->bulk_copies.barriers[index];
  if (!has_ended(barrier, parity))
    land(emulator, (uint32_t)index);
  if (!has_ended(barrier, parity)) {
    if (emulator->kernel->has_barriers) {
      emulator->lanes[emulator->thread].mode = index;
      emulator->lanes[emulator->thread].value = parity;
    }
    toeplitz_emulator_wait_as(emulator, TOEPLITZ_THREAD_AT_MBARRIER);
  }
  if (emulator->shadow)
    toeplitz_shadow_observe(emulator->shadow, (int32_t)emulator->thread,
                            (uint32_t)index, barrier->phase);
  return 1;
}

/* ---- The scheduler ---- */

int toeplitz_emulate_mbarriers(toeplitz_emulator *emulator) {
  int any = 0;
  for (uint32_t thread = 0; thread < emulator->kernel->threads; ++thread) {
    toeplitz_emulated_lane *lane = &emulator->lanes[thread];
    if (lane->state != TOEPLITZ_THREAD_AT_MBARRIER)
      continue;
    const toeplitz_mbarrier *barrier =
        &emulator->bulk_copies.barriers[lane->mode];
    if (!has_ended(barrier, lane->value))
      land(emulator, (uint32_t)lane->mode);
    if (!has_ended(barrier, lane->value))
      continue;
    lane->state = TOEPLITZ_THREAD_RUNS;
    any = 1;
  }
  return any;
}

void toeplitz_report_mbarrier(toeplitz_emulator *emulator, uint32_t thread) {
  const toeplitz_emulated_lane *lane = &emulator->lanes[thread];
  const toeplitz_mbarrier *barrier =
      &emulator->bulk_copies.barriers[lane->mode];
  toeplitz_gpu_fail(
      &emulator->base, TOEPLITZ_GPU_ERROR,
      "kernel '%s', block %" PRIu32 ": thread %" PRIu32
      " waits for phase %" PRIu32 " of the barrier at byte %" PRIu64
      " of shared memory, which can't end: %" PRIu32 " arrivals and %" PRId64
      " bytes are missing",
      emulator->kernel->name, emulator->block, thread, barrier->phase,
      barrier->offset, barrier->missing_arrivals, barrier->missing_bytes);
}

void toeplitz_begin_bulk_copies(toeplitz_emulator *emulator) {
  emulator->bulk_copies.barrier_count = emulator->bulk_copies.count = 0;
}

void toeplitz_end_bulk_copies(toeplitz_emulator *emulator) {
  if (emulator->bulk_copies.count > 0)
    toeplitz_gpu_fail(
        &emulator->base, TOEPLITZ_GPU_ERROR,
        "kernel '%s', block %" PRIu32 ": all threads have ended, but %" PRIu32
        " bulk copies haven't been waited for",
        emulator->kernel->name, emulator->block, emulator->bulk_copies.count);
}

int toeplitz_find_bulk_copy(const toeplitz_emulator *emulator, uint64_t offset,
                            uint64_t bytes, uint64_t *byte) {
  const toeplitz_bulk_copies *copies = &emulator->bulk_copies;
  for (uint32_t place = 0; place < copies->count; ++place) {
    const toeplitz_bulk_copy *copy = &copies->begun[place];
    if (offset < copy->offset + copy->bytes && copy->offset < offset + bytes) {
      *byte = offset > copy->offset ? offset : copy->offset;
      return 1;
    }
  }
  return 0;
}
