/* Exercises the emulated products of warpgroups: kernels put matrices into
 * shared memory as the figures of the PTX ISA show it ("Shared Memory Matrix
 * Layout", "Strides") and compare what comes out with the plain product; others
 * are wrong. Prints one line for each property that holds and ends with status
 * 1 at the first that doesn't. */

#include "check.h"
#include "runtime/element_type.h"
#include "runtime/emulated_wgmma.h"
#include "runtime/gpu.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
  WARPGROUPS = 2,
  THREADS = WARPGROUPS * TOEPLITZ_WARPGROUP,
  ROWS = WARPGROUPS * TOEPLITZ_WGMMA_ROWS,
  COLUMNS = 24,
  ROW_BYTES = 128,
  RIGHT = ROWS * ROW_BYTES,
  SHARED = RIGHT + COLUMNS * ROW_BYTES
};

/* What a kernel does wrong. */
typedef enum fault {
  NONE,
  UNWATCHED, /* nothing: it reports no access */
  UNPUBLISHED,
  OVERWRITES,
  OVERWRITES_UNWATCHED,
  NEVER_WAITS,
  WAITS_FOR_OTHERS,
  DIVERGES,
  DIFFERS,
  BEYOND,
  BASE_OFFSET,
  TWELVE_COLUMNS,
  FAR_IN_A_ROW
} fault;

/* Of the kernel that runs. */
static fault current;
static int32_t type;

/* Whole numbers, each element another one: a wrong place makes a wrong sum. */
static float left_number(int row, int k) {
  return (float)((row * 37 + k * 11) % 101 - 50);
}
static float right_number(int k, int column) {
  return (float)((k * 29 + column * 53) % 97 - 48);
}

static int numbers_of_row(void) {
  return type == TOEPLITZ_MMA_TF32 ? ROW_BYTES / 4 : ROW_BYTES / 2;
}

/* Number k of a row, in the order of 128 bytes' swizzling: the pieces of 16
 * bytes of row r of eight change places as numbers do that are XORed with r. */
static void put(char *row, int in_pattern, int k, float number) {
  int bytes = type == TOEPLITZ_MMA_TF32 ? 4 : 2;
  int piece = k * bytes / 16 ^ in_pattern;
  char *place = row + piece * 16 + k * bytes % 16;
  uint16_t half;
  if (type == TOEPLITZ_MMA_TF32) {
    memcpy(place, &number, sizeof number);
    return;
  }
  toeplitz_store_float(type == TOEPLITZ_MMA_F16 ? TOEPLITZ_FLOAT16
                                                : TOEPLITZ_BFLOAT16,
                       &half, number);
  memcpy(place, &half, sizeof half);
}

static void watch(void *address, uint64_t bytes) {
  if (current != UNWATCHED && current != OVERWRITES_UNWATCHED)
    toeplitz_emulated_access(address, bytes, 1);
}

static void fill_row(int row) {
  char *place = toeplitz_emulated_shared((uint64_t)row * ROW_BYTES);
  watch(place, ROW_BYTES);
  for (int k = 0; k < numbers_of_row(); ++k)
    put(place, row % 8, k,
        row < ROWS ? left_number(row, k) : right_number(k, row - ROWS));
}

/* Start, leading distance 1, 1024 bytes from eight rows to the next, swizzling
 * of 128 bytes. */
static uint64_t describe(uint64_t offset) {
  uintptr_t address = (uintptr_t)toeplitz_emulated_shared(offset);
  return (address & 0x3ffff) >> 4 | UINT64_C(1) << 16 | UINT64_C(64) << 32 |
         UINT64_C(1) << 62;
}

static void overwrite(void) {
  toeplitz_emulated_barrier();
  char *place = toeplitz_emulated_shared(RIGHT + 77);
  if (toeplitz_emulated_thread() == 5) {
    watch(place, 1);
    *place = 1;
  }
  if (current == OVERWRITES_UNWATCHED)
    toeplitz_emulated_barrier();
}

static void multiply(const uint64_t *values) {
  int thread = toeplitz_emulated_thread(), group = thread / TOEPLITZ_WARPGROUP;
  float sums[COLUMNS / 2] = {0};
  uint32_t columns = current == TWELVE_COLUMNS ? 12 : COLUMNS;
  if (thread < ROWS + COLUMNS)
    fill_row(thread);
  if (current != UNPUBLISHED || thread != 131)
    toeplitz_emulated_publish();
  toeplitz_emulated_barrier();
  uint64_t left = describe((uint64_t)group * TOEPLITZ_WGMMA_ROWS * ROW_BYTES);
  uint64_t right = describe(RIGHT);
  if (current == BEYOND)
    right += 64;
  if (current == BASE_OFFSET)
    left |= UINT64_C(1) << 49;
  if (current == FAR_IN_A_ROW)
    right += 7;
  if (current == DIFFERS && thread == 130)
    left += 2;
  /* Two groups. */
  for (uint64_t product = 0; product < 4; ++product) {
    if (current != DIVERGES || thread != 200)
      toeplitz_emulated_wgmma(type, columns, left + 2 * product,
                              right + 2 * product, sums);
    if (product % 2 == 1)
      toeplitz_emulated_commit_products();
  }
  if (current == OVERWRITES || current == OVERWRITES_UNWATCHED)
    overwrite();
  if (current != NEVER_WAITS)
    toeplitz_emulated_wait_products(current == WAITS_FOR_OTHERS);
  /* "Register Fragments": d0 and d1 lie beside each other, d2 and d3 eight rows
   * below, and d4 eight columns further. */
  float *y = (float *)(uintptr_t)values[0];
  int warp = thread / 32, lane = thread % 32;
  for (int i = 0; i < COLUMNS / 2; ++i) {
    int row = 16 * warp + (lane >> 2) + (i & 2 ? 8 : 0);
    y[row * COLUMNS + (i >> 2) * 8 + lane % 4 * 2 + (i & 1)] = sums[i];
  }
}

/* ---- Running them ---- */

static toeplitz_gpu_kernel kernel = {"multiply", THREADS, SHARED, multiply,
                                     1,          0,       NULL};

static void launch(toeplitz_gpu_queue *queue, void *arena, const void *weights,
                   const void *const *inputs, void *const *outputs) {
  uint64_t values[] = {(uintptr_t)outputs[0]};
  (void)arena, (void)weights, (void)inputs;
  toeplitz_gpu_launch(queue, 0, 1, values, 1);
}

static const int64_t shape[] = {ROWS * COLUMNS};
static const toeplitz_tensor result = {"y", 1, TOEPLITZ_FLOAT32, shape};
static const toeplitz_gpu_program program = {
    NULL, 90, 0, 1, 0, &kernel, NULL, 0, 0, launch, NULL, 0, 0};
static const toeplitz_network network = {
    .name = "warpgroups",
    .output_count = 1,
    .outputs = &result,
    .missing_feature = toeplitz_missing_feature,
    .gpu = &program,
    .create = toeplitz_gpu_create,
    .threads_destroy = toeplitz_gpu_destroy};

/* Checks the status and the message, with a handle of its own. */
static void run(fault wrong, int status, const char *message) {
  static float y[ROWS * COLUMNS];
  void *outputs[] = {y};
  toeplitz_pool *pool;
  current = wrong;
  CHECK(toeplitz_gpu_create(&network, 0, &pool) == TOEPLITZ_SUCCESS);
  int found = toeplitz_network_run(&network, pool, NULL, outputs, NULL);
  if (found != status || strcmp(toeplitz_gpu_error(pool), message) != 0) {
    printf("FAILED: found %d, '%s', expected %d, '%s'\n", found,
           toeplitz_gpu_error(pool), status, message);
    exit(1);
  }
  toeplitz_gpu_destroy(pool);
  for (int row = 0; row < ROWS && status == TOEPLITZ_SUCCESS; ++row)
    for (int column = 0; column < COLUMNS; ++column) {
      float expected = 0;
      for (int k = 0; k < numbers_of_row(); ++k)
        expected += left_number(row, k) * right_number(k, column);
      CHECK(y[row * COLUMNS + column] == expected);
    }
}

static void check_products(void) {
  static const int32_t types[] = {TOEPLITZ_MMA_TF32, TOEPLITZ_MMA_F16,
                                  TOEPLITZ_MMA_BF16};
  for (int i = 0; i < 3; ++i) {
    type = types[i];
    run(UNWATCHED, TOEPLITZ_SUCCESS, "");
    run(NONE, TOEPLITZ_SUCCESS, "");
  }
  puts("tf32, f16, bf16: the plain product");
}

#define BLOCK "kernel 'multiply', block 0: "

static void check_faults(void) {
  run(UNPUBLISHED, TOEPLITZ_GPU_RACE,
      BLOCK "threads 0 to 127 multiply byte 16816 of shared memory, which "
            "thread 131 wrote and didn't publish");
  run(OVERWRITES_UNWATCHED, TOEPLITZ_GPU_RACE,
      BLOCK "threads 0 to 127 multiply what is overwritten before they have "
            "waited for the product");
  run(NEVER_WAITS, TOEPLITZ_GPU_ERROR,
      BLOCK "threads 0 to 127 have ended, but not waited for a product");
  run(WAITS_FOR_OTHERS, TOEPLITZ_GPU_ERROR,
      BLOCK "threads 0 to 127 have ended, but not waited for a product");
  run(DIVERGES, TOEPLITZ_GPU_ERROR,
      BLOCK "thread 128 waits in a product of its warpgroup, but thread 200 "
            "has ended");
  run(DIFFERS, TOEPLITZ_GPU_ERROR,
      BLOCK "thread 128 waits in a product of its warpgroup, but thread 130 "
            "waits in one of another kind");
  run(BEYOND, TOEPLITZ_GPU_ERROR,
      BLOCK "threads 0 to 127 multiply 16 bytes at 19456 of shared memory, of "
            "which it has 19456");
  run(BASE_OFFSET, TOEPLITZ_GPU_ERROR,
      BLOCK "threads 0 to 127 multiply matrices with a base offset, which "
            "isn't emulated");
  run(TWELVE_COLUMNS, TOEPLITZ_GPU_ERROR,
      BLOCK "threads 0 to 127 multiply matrices with no multiple of 8 up to "
            "256 for columns, which isn't emulated");
  run(FAR_IN_A_ROW, TOEPLITZ_GPU_ERROR,
      BLOCK "threads 0 to 127 multiply matrices with a factor that doesn't "
            "begin in the first row of a pattern, as far before its end as a "
            "row is long, which isn't emulated");
  kernel.has_barriers = 0;
  run(NONE, TOEPLITZ_GPU_ERROR,
      "kernel 'multiply' has threads that wait for each other, but isn't "
      "described so");
  kernel.has_barriers = 1;
  kernel.threads = 96;
  run(NONE, TOEPLITZ_GPU_ERROR,
      BLOCK "thread 0 waits in a product of its warpgroup, but its warpgroup "
            "has 96 threads, expected 128");
  kernel.threads = THREADS;
  puts("what is wrong");
}

/* The patterns of the other swizzlings: eight rows of 64, 32 or 16 bytes, 128
 * bytes of which are a line whose number changes the places of its pieces. */
static void check_addresses(void) {
  static const struct {
    uint64_t mode;
    uint32_t row_bytes;
  } modes[] = {{1, 128}, {2, 64}, {3, 32}};
  for (int i = 0; i < 3; ++i) {
    uint32_t length = modes[i].row_bytes, pieces = length / 16;
    uint64_t descriptor =
        UINT64_C(128) | UINT64_C(256) << 32 | modes[i].mode << 62;
    for (uint32_t row = 0; row < 32; ++row)
      for (uint32_t piece = 0; piece < 2; ++piece) {
        uint32_t line = row % 8 * length / 128;
        CHECK(toeplitz_wgmma_address(descriptor, row, piece) ==
              2048 + row / 8 * 4096 + row % 8 * length +
                  (piece ^ line % pieces) * 16);
      }
  }
  /* None: matrices of 8 x 16 bytes, whose distances are the descriptor's. */
  uint64_t plain = UINT64_C(128) | UINT64_C(32) << 16 | UINT64_C(256) << 32;
  for (uint32_t row = 0; row < 32; ++row)
    for (uint32_t piece = 0; piece < 2; ++piece)
      CHECK(toeplitz_wgmma_address(plain, row, piece) ==
            2048 + row / 8 * 4096 + row % 8 * 16 + piece * 512);
  puts("the addresses of descriptors");
}

int main(void) {
  check_products();
  check_faults();
  check_addresses();
  /* Reported on stderr, like all races. */
  run(OVERWRITES, TOEPLITZ_GPU_RACE,
      BLOCK "threads 0 and 5 race for byte 16461 of shared memory");
  puts("races with products");
  return 0;
}
