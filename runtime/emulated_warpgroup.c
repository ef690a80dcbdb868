/* The products that the warpgroups of an emulated block begin and wait for. A
 * warpgroup's first thread keeps them. */

#include "runtime/gpu_emulator.h"

#include <inttypes.h>
#include <string.h>

/* ---- What kernels call ---- */

/* Whether the kernel is said to have threads that wait for each other; an error
 * is noted where it isn't. */
static int can_wait(toeplitz_emulator *emulator) {
  if (emulator->kernel->has_barriers)
    return 1;
  toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                    "kernel '%s' has threads that wait for each other, but "
                    "isn't described so",
                    emulator->kernel->name);
  return 0;
}

void toeplitz_emulated_wgmma(int32_t type, uint32_t columns, uint64_t left,
                             uint64_t right, float *sums) {
  toeplitz_emulator *emulator = toeplitz_emulator_here();
  if (!can_wait(emulator))
    return;
  toeplitz_emulated_lane *lane = &emulator->lanes[emulator->thread];
  lane->mode = 0;
  lane->product = (toeplitz_wgmma){type, columns, left, right};
  lane->sums = sums;
  toeplitz_emulator_wait_as(emulator, TOEPLITZ_THREAD_AT_WARPGROUP_PRODUCT);
}

/* The products of the warpgroup whose first thread runs; NULL for the other
 * threads. */
static toeplitz_wgmma_queue *own_products(toeplitz_emulator *emulator) {
  uint32_t warpgroup = emulator->thread / TOEPLITZ_WARPGROUP;
  if (emulator->thread % TOEPLITZ_WARPGROUP != 0 ||
      warpgroup >= TOEPLITZ_MOST_WARPGROUPS || !can_wait(emulator))
    return NULL;
  return &emulator->warpgroups[warpgroup];
}

void toeplitz_emulated_commit_products(void) {
  toeplitz_wgmma_queue *products = own_products(toeplitz_emulator_here());
  if (products)
    ++products->groups;
}

void toeplitz_emulated_publish(void) {
  toeplitz_emulator *emulator = toeplitz_emulator_here();
  if (emulator->shadow)
    toeplitz_shadow_publish(emulator->shadow, (int32_t)emulator->thread);
}

/* ---- Factors ---- */

typedef struct factors {
  char left[TOEPLITZ_WGMMA_ROWS][TOEPLITZ_WGMMA_ROW_BYTES];
  char right[TOEPLITZ_WGMMA_MOST_COLUMNS][TOEPLITZ_WGMMA_ROW_BYTES];
} factors;

/* In checked code: whether the piece is there for all. */
static void check_piece(toeplitz_emulator *emulator, uint64_t offset,
                        uint32_t first) {
  uint64_t byte;
  int32_t writer = toeplitz_shadow_find_unpublished(
      emulator->shadow, offset, TOEPLITZ_WGMMA_PIECE, &byte);
  if (writer >= 0)
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_RACE,
                      "kernel '%s', block %" PRIu32 ": threads %" PRIu32
                      " to %" PRIu32 " multiply byte %" PRIu64
                      " of shared memory, which thread %" PRId32
                      " wrote and didn't publish",
                      emulator->kernel->name, emulator->block, first,
                      first + TOEPLITZ_WARPGROUP - 1, byte, writer);
  toeplitz_emulated_access(emulator->shared + offset, TOEPLITZ_WGMMA_PIECE,
                           /*write=*/0);
}

/* Copies the rows of a factor; returns 0, and notes an error, where they aren't
 * in the block's memory. */
static int gather_rows(toeplitz_emulator *emulator, uint32_t first,
                       uint64_t descriptor, uint32_t rows,
                       char to[][TOEPLITZ_WGMMA_ROW_BYTES]) {
  enum { PIECE = TOEPLITZ_WGMMA_PIECE, ADDRESSES = 1 << 18 };
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t piece = 0; piece < 2; ++piece) {
      uint64_t offset = (toeplitz_wgmma_address(descriptor, row, piece) -
                         (uintptr_t)emulator->shared) %
                        ADDRESSES;
      if (offset + PIECE > emulator->kernel->shared_bytes) {
        toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                          "kernel '%s', block %" PRIu32 ": threads %" PRIu32
                          " to %" PRIu32 " multiply %d bytes at %" PRIu64
                          " of shared memory, of which it has %" PRIu32,
                          emulator->kernel->name, emulator->block, first,
                          first + TOEPLITZ_WARPGROUP - 1, PIECE, offset,
                          emulator->kernel->shared_bytes);
        return 0;
      }
      if (emulator->shadow)
        check_piece(emulator, offset, first);
      memcpy(to[row] + piece * PIECE, emulator->shared + offset, PIECE);
    }
  return 1;
}

/* `thread` of the emulator is the warpgroup's first one meanwhile. */
static int gather(toeplitz_emulator *emulator, uint32_t first,
                  const toeplitz_wgmma *product, factors *all) {
  uint32_t before = emulator->thread;
  emulator->thread = first;
  int found = gather_rows(emulator, first, product->left, TOEPLITZ_WGMMA_ROWS,
                          all->left) &&
              gather_rows(emulator, first, product->right, product->columns,
                          all->right);
  emulator->thread = before;
  return found;
}

/* Fowler, Noll and Vo's hash 1a. */
static uint64_t hash(uint64_t value, const char *bytes, size_t count) {
  for (size_t index = 0; index < count; ++index)
    value = (value ^ (unsigned char)bytes[index]) * UINT64_C(1099511628211);
  return value;
}

static uint64_t get_checksum(const toeplitz_wgmma *product,
                             const factors *all) {
  uint64_t value =
      hash(UINT64_C(14695981039346656037), all->left[0], sizeof all->left);
  return hash(value, all->right[0],
              (size_t)product->columns * TOEPLITZ_WGMMA_ROW_BYTES);
}

/* ---- Products ---- */

static void multiply(toeplitz_emulator *emulator, uint32_t first) {
  toeplitz_emulated_lane *lanes = &emulator->lanes[first];
  const toeplitz_wgmma *product = &lanes[0].product;
  toeplitz_wgmma_queue *products =
      &emulator->warpgroups[first / TOEPLITZ_WARPGROUP];
  const char *reason = toeplitz_wgmma_refuse(product);
  if (!reason && products->count == TOEPLITZ_WGMMA_MOST_PENDING)
    reason = "so many products that nobody waits for";
  if (reason) {
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                      "kernel '%s', block %" PRIu32 ": threads %" PRIu32
                      " to %" PRIu32
                      " multiply matrices with %s, which isn't emulated",
                      emulator->kernel->name, emulator->block, first,
                      first + TOEPLITZ_WARPGROUP - 1, reason);
    return;
  }
  factors all;
  float *sums[TOEPLITZ_WARPGROUP];
  if (!gather(emulator, first, product, &all))
    return;
  for (uint32_t thread = 0; thread < TOEPLITZ_WARPGROUP; ++thread)
    sums[thread] = lanes[thread].sums;
  toeplitz_multiply_warpgroup(product, (const char (*)[32])all.left,
                              (const char (*)[32])all.right, sums);
  products->begun[products->count].product = *product;
  products->begun[products->count].checksum = get_checksum(product, &all);
  products->begun[products->count].group = products->groups;
  ++products->count;
}

void toeplitz_emulated_wait_products(uint32_t pending) {
  toeplitz_emulator *emulator = toeplitz_emulator_here();
  toeplitz_wgmma_queue *products = own_products(emulator);
  if (!products)
    return;
  uint32_t done = 0;
  for (; done < products->count &&
         products->begun[done].group + pending < products->groups;
       ++done) {
    factors all;
    const toeplitz_wgmma *product = &products->begun[done].product;
    if (gather(emulator, emulator->thread, product, &all) &&
        get_checksum(product, &all) != products->begun[done].checksum)
      toeplitz_gpu_fail(
          &emulator->base, TOEPLITZ_GPU_RACE,
          "kernel '%s', block %" PRIu32 ": threads %" PRIu32 " to %" PRIu32
          " multiply what is overwritten before they have "
          "waited for the product",
          emulator->kernel->name, emulator->block, emulator->thread,
          emulator->thread + TOEPLITZ_WARPGROUP - 1);
  }
  products->count -= done;
  memmove(products->begun, products->begun + done,
          products->count * sizeof *products->begun);
}

/* ---- The scheduler ---- */

/* Whether all threads of a warpgroup are in one product. */
static int is_together(const toeplitz_emulated_lane *lanes) {
  for (uint32_t thread = 0; thread < TOEPLITZ_WARPGROUP; ++thread)
    if (lanes[thread].state != TOEPLITZ_THREAD_AT_WARPGROUP_PRODUCT ||
        !toeplitz_wgmma_equal(&lanes[thread].product, &lanes[0].product))
      return 0;
  return 1;
}

int toeplitz_emulate_warpgroups(toeplitz_emulator *emulator) {
  int any = 0;
  uint32_t threads = emulator->kernel->threads;
  for (uint32_t first = 0; first + TOEPLITZ_WARPGROUP <= threads;
       first += TOEPLITZ_WARPGROUP) {
    toeplitz_emulated_lane *lanes = &emulator->lanes[first];
    if (!is_together(lanes))
      continue;
    multiply(emulator, first);
    for (uint32_t thread = 0; thread < TOEPLITZ_WARPGROUP; ++thread)
      lanes[thread].state = TOEPLITZ_THREAD_RUNS;
    any = 1;
  }
  return any;
}

void toeplitz_begin_warpgroups(toeplitz_emulator *emulator) {
  for (int place = 0; place < TOEPLITZ_MOST_WARPGROUPS; ++place)
    emulator->warpgroups[place].count = emulator->warpgroups[place].groups = 0;
}

void toeplitz_end_warpgroups(toeplitz_emulator *emulator) {
  for (int place = 0; place < TOEPLITZ_MOST_WARPGROUPS; ++place)
    if (emulator->warpgroups[place].count > 0)
      toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                        "kernel '%s', block %" PRIu32 ": threads %d to %d have "
                        "ended, but not waited for a product",
                        emulator->kernel->name, emulator->block,
                        place * TOEPLITZ_WARPGROUP,
                        (place + 1) * TOEPLITZ_WARPGROUP - 1);
}
