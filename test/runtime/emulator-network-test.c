/* Exercises networks on an emulated GPU: their handles, batches and memory, and
 * what the host reads from it; prints one line for each property that holds and
 * ends with status 1 at the first that doesn't. */

#include "Inputs/scaled_network.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Elements of the output of a network that does nothing but read. */
enum { SIZE = 480 };

static void check_network(void) {
  for (int batched = 0; batched < 2; ++batched) {
    const toeplitz_network *scaled = scaled_network(batched, 1);
    static float x[2 * SCALED_SIZE], y[2 * SCALED_SIZE];
    const void *inputs[] = {x};
    void *outputs[] = {y};
    toeplitz_pool *pool;
    CHECK(scaled->create(scaled, 1, &pool) == TOEPLITZ_NO_GPU && !pool);
    CHECK(strcmp(scaled->error_text(NULL),
                 "GPU 1 is asked for, one is emulated, which is GPU 0") == 0);
    CHECK(scaled->create(scaled, 0, &pool) == TOEPLITZ_SUCCESS);
    for (int index = 0; index < 2 * SCALED_SIZE; ++index)
      x[index] = (float)(index % 100);
    CHECK(toeplitz_network_run_batch(scaled, pool, 1 + batched, inputs, outputs,
                                     NULL) == TOEPLITZ_SUCCESS);
    for (int index = 0; index < (1 + batched) * SCALED_SIZE; ++index)
      CHECK(y[index] == scaled_result(x[index], index % SCALED_SIZE));
    memset(y, 0, sizeof y);
    CHECK(toeplitz_gpu_run_device(scaled, pool, NULL, inputs, outputs) == 0);
    CHECK(y[299] == scaled_result(x[299], 299));
    scaled->threads_destroy(pool);
  }
  puts("a network with weights and an arena");
}

/* More samples than are computed at once, from either memory. */
static void check_batches(void) {
  enum { BATCH = 11 };
  const toeplitz_network *scaled = scaled_network(1, 1);
  static float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool;
  CHECK(scaled->create(scaled, 0, &pool) == TOEPLITZ_SUCCESS);
  for (int batch = 0; batch <= BATCH; ++batch)
    for (int on_device = 0; on_device < 2; ++on_device) {
      for (int index = 0; index < BATCH * SCALED_SIZE; ++index)
        x[index] = (float)((index + batch) % 100);
      memset(y, 0, sizeof y);
      int status =
          on_device
              ? toeplitz_gpu_run_device_batch(scaled, pool, batch, NULL, inputs,
                                              outputs)
              : scaled->run_checked(scaled, pool, batch, inputs, outputs, NULL);
      CHECK(status == TOEPLITZ_SUCCESS);
      for (int index = 0; index < BATCH * SCALED_SIZE; ++index)
        CHECK(y[index] == (index < batch * SCALED_SIZE
                               ? scaled_result(x[index], index % SCALED_SIZE)
                               : 0));
    }
  scaled->threads_destroy(pool);
  puts("batches of any size");
}

/* Samples decide by themselves, where others are computed together. */
static void check_decisions(void) {
  enum { BATCH = 11 };
  const toeplitz_network *deciding = deciding_network(1);
  static float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool;
  CHECK(deciding->create(deciding, 0, &pool) == TOEPLITZ_SUCCESS);
  for (int run = 0; run < 2 * BATCH; ++run) {
    int batch = run / 2;
    for (int index = 0; index < BATCH * SCALED_SIZE; ++index)
      x[index] = (float)((index + batch) % 23 - 11);
    int status = run % 2 ? deciding->run_device(deciding, pool, batch, NULL,
                                                inputs, outputs)
                         : deciding->run_checked(deciding, pool, batch, inputs,
                                                 outputs, NULL);
    CHECK(status == TOEPLITZ_SUCCESS);
    for (int index = 0; index < batch * SCALED_SIZE; ++index) {
      int place = index % SCALED_SIZE;
      CHECK(y[index] == decided_result(x[index], x[index - place], place));
    }
  }
  deciding->threads_destroy(pool);
  puts("numbers that are read decide what is computed");
}

static const int64_t shape[] = {SIZE};
static const toeplitz_tensor result = {"y", 1, TOEPLITZ_FLOAT32, shape};

/* A network without inputs whose only output is y. */
static toeplitz_network network_of(const toeplitz_gpu_program *program) {
  toeplitz_network network = {.name = "reading",
                              .output_count = 1,
                              .outputs = &result,
                              .missing_feature = toeplitz_missing_feature,
                              .gpu = program,
                              .create = toeplitz_gpu_create,
                              .threads_destroy = toeplitz_gpu_destroy};
  return network;
}

/* Elements of each size, and of one that none has; then whoever goes on reads
 * nothing. */
static void read_elements(toeplitz_gpu_queue *queue, void *arena,
                          const void *weights, const void *const *inputs,
                          void *const *outputs) {
  static const unsigned char memory[] = {0x80, 0x81, 0x82, 0x83, 0x84,
                                         0x85, 0x86, 0x87, 0x88};
  uint64_t value = 1, expected = 0;
  (void)arena, (void)weights, (void)inputs, (void)outputs;
  for (uint32_t bytes = 1; bytes <= sizeof value; ++bytes) {
    expected |= (uint64_t)memory[bytes - 1] << (8 * (bytes - 1));
    CHECK(toeplitz_gpu_read(queue, memory, bytes, &value) == TOEPLITZ_SUCCESS);
    CHECK(value == expected);
  }
  for (uint32_t bytes = 9; bytes > 7; --bytes) {
    CHECK(toeplitz_gpu_read(queue, memory, bytes, &value) ==
          TOEPLITZ_GPU_ERROR);
    CHECK(value == 0);
  }
}

static void check_reads(void) {
  static const toeplitz_gpu_program reading = {
      NULL, 80, 0, 0, 0, NULL, NULL, 0, 0, read_elements, NULL, 0, 1};
  const toeplitz_network reader = network_of(&reading);
  float y[SIZE];
  void *outputs[] = {y};
  CHECK(toeplitz_network_run(&reader, NULL, NULL, outputs, NULL) ==
        TOEPLITZ_GPU_ERROR);
  CHECK(strcmp(toeplitz_gpu_error(NULL),
               "an element of 9 bytes is read, at most 8 are possible") == 0);
  puts("elements of all sizes are read");
}

/* The arena holds NaNs before it is written. */
static void read_arena(toeplitz_gpu_queue *queue, void *arena,
                       const void *weights, const void *const *inputs,
                       void *const *outputs) {
  (void)queue, (void)weights, (void)inputs;
  memcpy(outputs[0], arena, SIZE * sizeof(float));
}

static void check_arena(void) {
  static const toeplitz_gpu_program reading = {
      NULL,       80,   0, 0, 0, NULL, NULL, 0, SIZE * sizeof(float),
      read_arena, NULL, 0, 0};
  const toeplitz_network unwritten = network_of(&reading);
  float y[SIZE] = {0};
  void *outputs[] = {y};
  CHECK(toeplitz_network_run(&unwritten, NULL, NULL, outputs, NULL) == 0);
  for (int index = 0; index < SIZE; ++index)
    CHECK(isnan(y[index]));
  puts("memory holds NaNs until it is written");
}

int main(void) {
  check_network();
  check_batches();
  check_decisions();
  check_reads();
  check_arena();
  return 0;
}
