/* Exercises bulk copies and their barriers on an emulated GPU with kernels
 * written by hand: boxes of tensors of random shapes against a plain loop, and
 * what is wrong. Ends with status 1 at the first that doesn't hold. */

#include "check.h"
#include "runtime/gpu.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  THREADS = 64,
  BARRIERS = 0, /* four of them */
  TILES = 1024, /* two stages */
  STAGE = 16384,
  SHARED = TILES + 2 * STAGE,
  ELEMENTS = 1 << 16 /* of the tensor's memory, numbers of 16 bits */
};

static void *barrier(int index) {
  return toeplitz_emulated_shared((uint64_t)(BARRIERS + 8 * index));
}

static void *stage(int index) {
  return toeplitz_emulated_shared((uint64_t)(TILES + index * STAGE));
}

static uint16_t read_number(const void *place) {
  uint16_t number;
  toeplitz_emulated_access(place, sizeof number, 0);
  memcpy(&number, place, sizeof number);
  return number;
}

/* ---- What a kernel does wrong, or right ---- */

typedef enum fault {
  NONE,
  /* In the order of `expectations` below. */
  READS_EARLY,
  READS_WITHOUT_WAITING,
  WAITS_FOR_PASSED_PHASE,
  EXPECTS_TOO_MANY,
  EXPECTS_TOO_FEW,
  NOBODY_ARRIVES,
  NEVER_WAITS,
  UNPUBLISHED_BARRIER,
  UNMET_BARRIER,
  UNPUBLISHED_TILE,
  NO_BARRIER,
  ODD_BARRIER,
  ODD_BYTES,
  BEYOND,
  MISPLACED_BOX,
  COUNTS_TOO_FAR,
  ARRIVES_TWICE
} fault;

static fault current;
static uint16_t memory[ELEMENTS] __attribute__((aligned(16)));
static toeplitz_gpu_tensor_map map;
static int32_t corner[TOEPLITZ_GPU_MOST_DIMENSIONS];
static uint32_t box_bytes;
/* The thread that copies. */
static int copier;

static void make_barriers(int thread) {
  if (thread == 0 && current != NO_BARRIER) {
    for (int index = 0; index < 2; ++index)
      toeplitz_emulated_mbarrier_init(barrier(index), 1);
    if (current == ODD_BARRIER)
      toeplitz_emulated_mbarrier_init((char *)barrier(2) + 4, 1);
    if (current != UNPUBLISHED_BARRIER)
      toeplitz_emulated_publish();
  }
  if (current == UNPUBLISHED_TILE && thread == 5)
    toeplitz_emulated_access((char *)stage(0) + 40, 1, 1);
  if (current != UNMET_BARRIER)
    toeplitz_emulated_barrier();
}

/* Begins to copy a box to stage 0, and as many bytes that lie together to stage
 * 1. */
static void begin_copies(const void *tensor) {
  uint32_t expected = box_bytes;
  if (current == EXPECTS_TOO_MANY)
    expected += 16;
  if (current == EXPECTS_TOO_FEW)
    expected -= 16;
  if (current == COUNTS_TOO_FAR)
    expected = 1 << 20;
  if (current != NOBODY_ARRIVES)
    toeplitz_emulated_mbarrier_expect(barrier(0), expected);
  if (current == ARRIVES_TWICE)
    toeplitz_emulated_mbarrier_expect(barrier(0), 0);
  toeplitz_emulated_tensor_copy((char *)stage(current == BEYOND ? 2 : 0) +
                                    (current == MISPLACED_BOX ? 64 : 0),
                                tensor, barrier(0), corner[0], corner[1],
                                corner[2], corner[3], corner[4]);
  toeplitz_emulated_mbarrier_expect(barrier(1), box_bytes);
  toeplitz_emulated_bulk_copy(stage(1), memory, barrier(1),
                              current == ODD_BYTES ? box_bytes - 8 : box_bytes);
}

/* y = the box as it lies in stage 0, and behind it stage 1. */
static void copy(const uint64_t *values) {
  int thread = toeplitz_emulated_thread();
  uint16_t *y = (uint16_t *)(uintptr_t)values[0];
  const void *tensor = (const void *)(uintptr_t)values[2];
  make_barriers(thread);
  if (thread == copier)
    begin_copies(tensor);
  if (current == READS_EARLY)
    read_number(stage(0));
  if (current == NEVER_WAITS)
    return;
  if (current == READS_WITHOUT_WAITING && thread == 40)
    read_number(stage(1));
  for (int index = 0; index < 2; ++index)
    CHECK(toeplitz_emulated_mbarrier_wait(
        barrier(index), current == WAITS_FOR_PASSED_PHASE ? 1 : 0));
  for (uint32_t number = (uint32_t)thread; number < box_bytes / 2;
       number += THREADS) {
    y[number] = read_number((char *)stage(0) + 2 * number);
    y[box_bytes / 2 + number] = read_number((char *)stage(1) + 2 * number);
  }
}

/* ---- Running it ---- */

static toeplitz_gpu_kernel kernel = {"copy", THREADS, SHARED, copy, 1, 1, &map};

static void launch(toeplitz_gpu_queue *queue, void *arena, const void *weights,
                   const void *const *inputs, void *const *outputs) {
  uint64_t values[] = {(uintptr_t)outputs[0], (uintptr_t)memory};
  (void)arena, (void)weights, (void)inputs;
  toeplitz_gpu_launch(queue, 0, 2, values, 2);
}

static const int64_t shape[] = {STAGE};
static const toeplitz_tensor result = {"y", 1, TOEPLITZ_FLOAT16, shape};
static const toeplitz_gpu_program program = {
    NULL, 90, 0, 1, 0, &kernel, NULL, 0, 0, launch, NULL, 0, 0};
static const toeplitz_network network = {
    .name = "copies",
    .output_count = 1,
    .outputs = &result,
    .missing_feature = toeplitz_missing_feature,
    .gpu = &program,
    .create = toeplitz_gpu_create,
    .threads_destroy = toeplitz_gpu_destroy};

static void run(toeplitz_pool *pool, uint16_t *y, int status,
                const char *message) {
  void *outputs[] = {y};
  int found = toeplitz_network_run(&network, pool, NULL, outputs, NULL);
  const char *text = toeplitz_gpu_error(pool);
  if (found != status || strcmp(text, message) != 0) {
    printf("FAILED: %d: found %d, '%s', expected %d, '%s'\n", (int)current,
           found, text, status, message);
    exit(1);
  }
}

/* ---- Boxes ---- */

static uint32_t state = 1;

static uint32_t draw(uint32_t limit) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(state >> 8) * limit >> 24);
}

/* A tensor of random sizes and strides with gaps, and a box that begins in
 * front of it, in it or behind it. */
static void draw_tensor(void) {
  memset(&map, 0, sizeof map);
  map.argument = 1;
  map.sample_stride = -1;
  map.offset = 16 * draw(3);
  map.dimensions = (int32_t)(1 + draw(5));
  map.element_bytes = 2;
  uint64_t stride = 2;
  box_bytes = 128;
  for (int d = 0; d < map.dimensions; ++d) {
    map.strides[d] = stride;
    map.sizes[d] = d == 0 ? 1 + draw(100) : 1 + draw(6);
    map.box[d] = d == 0 ? 64 : 1 + draw(d == 1 ? 9 : 3);
    stride = (stride * map.sizes[d] + 15) / 16 * 16 + 16 * draw(2);
    box_bytes *= d == 0 ? 1 : map.box[d];
    corner[d] = (int32_t)draw((uint32_t)map.sizes[d] + 4) - 2;
  }
  for (int d = map.dimensions; d < TOEPLITZ_GPU_MOST_DIMENSIONS; ++d)
    corner[d] = 0;
}

/* The number at a place of the box: what the tensor has there, or 0. */
static uint16_t number_of_box(uint32_t column, uint32_t row) {
  uint64_t offset = map.offset;
  for (int d = 0; d < map.dimensions; ++d) {
    uint32_t place = d == 0 ? column : row % map.box[d];
    if (d > 0)
      row /= map.box[d];
    int64_t at = (int64_t)corner[d] + place;
    if (at < 0 || at >= (int64_t)map.sizes[d])
      return 0;
    offset += (uint64_t)at * map.strides[d];
  }
  return memory[offset / 2];
}

/* Rows are swizzled: 16 bytes, the p-th of row r, lie at place p XOR r mod 8.
 */
static void check_boxes(toeplitz_pool *pool) {
  static uint16_t y[STAGE];
  int drawn = 0;
  while (drawn < 300) {
    draw_tensor();
    uint64_t span = map.offset;
    for (int d = 0; d < map.dimensions; ++d)
      span += map.sizes[d] * map.strides[d];
    if (box_bytes > STAGE || span > 2 * ELEMENTS)
      continue;
    /* One before which others wait, and one that comes before all others. */
    copier = ++drawn % 2 ? 40 : 0;
    run(pool, y, TOEPLITZ_SUCCESS, "");
    for (uint32_t row = 0; row < box_bytes / 128; ++row)
      for (uint32_t column = 0; column < 64; ++column)
        CHECK(y[row * 64 + ((column / 8) ^ (row % 8)) * 8 + column % 8] ==
              number_of_box(column, row));
    CHECK(memcmp(y + box_bytes / 2, memory, box_bytes) == 0);
  }
  puts("300 boxes");
}

/* ---- What is wrong ---- */

#define BLOCK "kernel 'copy', block 0"

static const struct {
  fault wrong;
  int status;
  const char *message;
} expectations[] = {
    {READS_EARLY, TOEPLITZ_GPU_RACE,
     BLOCK ": thread 0 touches byte 1024 of shared memory, to which a copy is "
           "under way"},
    {READS_WITHOUT_WAITING, TOEPLITZ_GPU_RACE,
     BLOCK ": thread 40 touches byte 17408 of shared memory, to which a copy "
           "has arrived, which it hasn't waited for"},
    {WAITS_FOR_PASSED_PHASE, TOEPLITZ_GPU_RACE,
     BLOCK ": thread 0 touches byte 1024 of shared memory, to which a copy is "
           "under way"},
    {EXPECTS_TOO_MANY, TOEPLITZ_GPU_ERROR,
     BLOCK ": thread 0 waits for phase 0 of the barrier at byte 0 of shared "
           "memory, which can't end: 0 arrivals and 16 bytes are missing"},
    {EXPECTS_TOO_FEW, TOEPLITZ_GPU_ERROR,
     BLOCK ": thread 0 waits for phase 0 of the barrier at byte 0 of shared "
           "memory, which can't end: 0 arrivals and -16 bytes are missing"},
    {NOBODY_ARRIVES, TOEPLITZ_GPU_ERROR,
     BLOCK ": thread 0 waits for phase 0 of the barrier at byte 0 of shared "
           "memory, which can't end: 1 arrivals and -1024 bytes are missing"},
    {NEVER_WAITS, TOEPLITZ_GPU_ERROR,
     BLOCK ": all threads have ended, but 2 bulk copies haven't been waited "
           "for"},
    {UNPUBLISHED_BARRIER, TOEPLITZ_GPU_RACE,
     BLOCK ": a copy that thread 0 begins uses byte 0 of shared memory, which "
           "thread 0 wrote and didn't publish"},
    {UNMET_BARRIER, TOEPLITZ_GPU_RACE,
     BLOCK ": threads 0 and 1 race for byte 0 of shared memory"},
    {UNPUBLISHED_TILE, TOEPLITZ_GPU_RACE,
     BLOCK ": a copy that thread 0 begins uses byte 1064 of shared memory, "
           "which thread 5 wrote and didn't publish"},
    {NO_BARRIER, TOEPLITZ_GPU_ERROR,
     BLOCK ", thread 0 uses a barrier that nobody has initialized"},
    {ODD_BARRIER, TOEPLITZ_GPU_ERROR,
     BLOCK ", thread 0 has a barrier of 8 bytes at 20 of shared memory, of "
           "which it has 33792, expected a multiple of 8"},
    {ODD_BYTES, TOEPLITZ_GPU_ERROR,
     BLOCK ", thread 0 copies bytes whose address, or number, is no multiple "
           "of 16"},
    {BEYOND, TOEPLITZ_GPU_ERROR,
     BLOCK ", thread 0 has a box of 1024 bytes at 33792 of shared memory, of "
           "which it has 33792, expected a multiple of 128"},
    {MISPLACED_BOX, TOEPLITZ_GPU_ERROR,
     BLOCK ", thread 0 has a box of 1024 bytes at 1088 of shared memory, of "
           "which it has 33792, expected a multiple of 128"},
    {COUNTS_TOO_FAR, TOEPLITZ_GPU_ERROR,
     BLOCK ", thread 0 counts more bytes at a barrier than the 2^20 - 1 that "
           "it can"},
    {ARRIVES_TWICE, TOEPLITZ_GPU_ERROR,
     BLOCK ", thread 0 arrives at a barrier once more than its phase waits "
           "for"},
};

static void use_plain_tensor(void) {
  map = (toeplitz_gpu_tensor_map){1, -1, 0, 2, 2, {64, 8}, {2, 128}, {64, 8}};
  memset(corner, 0, sizeof corner);
  box_bytes = 1024;
}

static void check_faults(toeplitz_pool *pool) {
  static uint16_t y[STAGE];
  use_plain_tensor();
  copier = 0;
  for (size_t i = 0; i < sizeof expectations / sizeof *expectations; ++i) {
    current = expectations[i].wrong;
    run(pool, y, expectations[i].status, expectations[i].message);
  }
  /* Nothing of it is left. */
  current = NONE;
  run(pool, y, TOEPLITZ_SUCCESS, "");
  kernel.has_barriers = 0;
  current = NOBODY_ARRIVES;
  run(pool, y, TOEPLITZ_GPU_ERROR,
      "kernel 'copy' has threads that wait for each other, but isn't described "
      "so");
  kernel.has_barriers = 1;
  current = NONE;
  puts("what is wrong");
}

static void check_tensor(toeplitz_pool *pool, const char *what) {
  static uint16_t y[STAGE];
  char message[200];
  snprintf(message, sizeof message,
           "kernel 'copy' copies boxes of a tensor with %s", what);
  run(pool, y, TOEPLITZ_GPU_ERROR, message);
  use_plain_tensor();
}

/* As the driver refuses to make maps of them. */
static void check_tensors(toeplitz_pool *pool) {
  map.offset = 8;
  check_tensor(pool, "an address that is no multiple of 16 bytes");
  map.strides[1] = 136;
  check_tensor(pool, "a stride that is no multiple of 16 bytes below 2^40");
  map.sizes[1] = 0;
  check_tensor(pool, "a size that isn't 1 to 2^32 elements");
  map.box[1] = 257;
  check_tensor(pool, "a box that hasn't 1 to 256 elements along a dimension");
  map.box[0] = 32;
  check_tensor(pool, "a box whose rows aren't 128 bytes");
  map.dimensions = 0;
  check_tensor(pool, "a number of dimensions that isn't 1 to 5");
  puts("tensors without a map");
}

int main(void) {
  toeplitz_pool *pool;
  for (int number = 0; number < ELEMENTS; ++number)
    memory[number] = (uint16_t)(number * 40503u + 1);
  CHECK(toeplitz_gpu_create(&network, 0, &pool) == TOEPLITZ_SUCCESS);
  check_boxes(pool);
  check_faults(pool);
  check_tensors(pool);
  toeplitz_gpu_destroy(pool);
  return 0;
}
