/* Exercises networks whose kernels copy boxes of tensors, against the stub of
 * the driver, whose maps its kernels can read; prints one line for each
 * property that holds and ends with status 1 at the first that doesn't. With an
 * argument, the stub makes no maps. */

#define _GNU_SOURCE /* unsetenv */

#include "gpu_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sample is ROWS rows of ROW floats, of which a block takes a box of BOX
 * rows, the last one cut off. */
enum { ROW = 32, ROWS = 20, BOX = 8, BLOCKS = 3, FLOATS = ROW * ROWS };

/* take_boxes(x, y, stride, map): y = 2 x, from the box of the map. */
__attribute__((visibility("default"))) void take_boxes(uint32_t sample,
                                                       uint32_t block,
                                                       uint32_t thread,
                                                       const uint64_t *values) {
  const stub_tensor_map *map = (const void *)(uintptr_t)values[3];
  CHECK(map->magic == STUB_TENSOR_MAP && map->dimensions == 3);
  CHECK(map->address == values[0] && map->element_bytes == sizeof(float));
  CHECK(map->sizes[0] == ROW && map->sizes[1] == ROWS &&
        sample < map->sizes[2]);
  CHECK(map->box[0] == ROW && map->box[1] == BOX && map->box[2] == 1);
  CHECK(map->strides[2] == values[2]);
  float *y = (float *)(uintptr_t)(values[1] + sample * values[2]);
  for (uint32_t row = block * BOX; row < (block + 1) * BOX; ++row)
    if (row < map->sizes[1]) {
      float x;
      memcpy(&x,
             (const char *)(uintptr_t)map->address + sample * map->strides[2] +
                 row * map->strides[1] + thread * map->strides[0],
             sizeof x);
      y[row * ROW + thread] = 2 * x;
    }
}

static const toeplitz_gpu_tensor_map map = {
    0, 2, 0, 2, 4, {ROW, ROWS}, {4, 4 * ROW}, {ROW, BOX}};
static const toeplitz_gpu_kernel kernels[] = {
    {"take_boxes", ROW, 0, NULL, 0, 1, &map}};

static void launch_all(toeplitz_gpu_queue *queue, void *arena,
                       const void *weights, const void *const *inputs,
                       void *const *outputs) {
  uint64_t values[] = {(uintptr_t)inputs[0], (uintptr_t)outputs[0],
                       FLOATS * sizeof(float)};
  (void)arena, (void)weights;
  toeplitz_gpu_launch(queue, 0, BLOCKS, values, 3);
}

static const toeplitz_gpu_program program = {.image = "stub image\n"
                                                      "take_boxes 3+1\n",
                                             .capability = 90,
                                             .exact_capability = 1,
                                             .kernel_count = 1,
                                             .kernels = kernels,
                                             .launch_all = launch_all};

static const int64_t shape[] = {-1, ROWS, ROW};
static const toeplitz_tensor tensors[] = {{"x", 3, TOEPLITZ_FLOAT32, shape},
                                          {"y", 3, TOEPLITZ_FLOAT32, shape}};
static const toeplitz_network network;

static void run_batch(toeplitz_pool *pool, void *workspace,
                      const void *const *inputs, void *const *outputs,
                      int64_t batch) {
  (void)workspace;
  toeplitz_gpu_run_batch(&network, pool, batch, inputs, outputs);
}

static const toeplitz_network network = {
    .name = "boxes",
    .input_count = 1,
    .output_count = 1,
    .inputs = &tensors[0],
    .outputs = &tensors[1],
    .run_batch = run_batch,
    .missing_feature = toeplitz_missing_feature,
    .gpu = &program,
    .create = toeplitz_gpu_create,
    .threads_destroy = toeplitz_gpu_destroy};

enum { SAMPLES = 3 };
static float x[2][SAMPLES * FLOATS] ALIGNED, y[2][SAMPLES * FLOATS] ALIGNED;

static void check_results(const float *from, const float *to, int samples) {
  for (int index = 0; index < samples * FLOATS; ++index)
    CHECK(to[index] == 2 * from[index]);
}

static int run_on(toeplitz_pool *pool, int which, int samples) {
  const void *inputs[] = {x[which]};
  void *outputs[] = {y[which]};
  memset(y[which], 0, sizeof y[which]);
  return toeplitz_gpu_run_device_batch(&network, pool, samples, NULL, inputs,
                                       outputs);
}

/* The kernel itself checks that its map has the address of its tensor. */
static void check_maps(void) {
  toeplitz_pool *pool = open_counted(&network);
  forget_calls();
  for (int run = 0; run < 4; ++run) {
    CHECK(run_on(pool, run % 2, 1) == TOEPLITZ_SUCCESS);
    check_results(x[run % 2], y[run % 2], 1);
  }
  CHECK(stub->calls[STUB_cuTensorMapEncodeTiled] == 4);
  close_counted(pool, "a map for each launch, of the tensors that it works on");
}

static void check_graph(void) {
  toeplitz_pool *pool = open_counted(&network);
  const void *inputs[] = {x[0]};
  void *outputs[] = {y[0]};
  CHECK(stub->calls[STUB_cuTensorMapEncodeTiled] == 1);
  for (int run = 0; run < 3; ++run) {
    memset(y[0], 0, sizeof y[0]);
    CHECK(toeplitz_gpu_run(&network, pool, inputs, outputs) ==
          TOEPLITZ_SUCCESS);
    check_results(x[0], y[0], 1);
  }
  CHECK(stub->calls[STUB_cuTensorMapEncodeTiled] == 1);
  close_counted(pool, "a graph has the map of its capture");
}

static void check_samples(void) {
  toeplitz_pool *pool = open_counted(&network);
  CHECK(run_on(pool, 0, SAMPLES) == TOEPLITZ_SUCCESS);
  check_results(x[0], y[0], SAMPLES);
  CHECK(stub->launches[stub->launch_count - 1].samples == SAMPLES);
  close_counted(pool, "samples are a dimension");
}

static void check_refusal(void) {
  toeplitz_pool *pool = open_counted(&network);
  int call = stub->calls[STUB_cuTensorMapEncodeTiled] + 1;
  fail_at("cuTensorMapEncodeTiled", call, 1);
  CHECK(run_on(pool, 0, 1) == TOEPLITZ_GPU_ERROR);
  CHECK(strcmp(toeplitz_gpu_error(pool),
               "cuTensorMapEncodeTiled, tensor 0 of kernel 'take_boxes': error "
               "1") == 0);
  unsetenv("STUB_CUDA_FAIL");
  CHECK(run_on(pool, 0, 1) == TOEPLITZ_SUCCESS);
  check_results(x[0], y[0], 1);
  close_counted(pool, "a map that the driver refuses");
}

static void check_old_driver(void) {
  toeplitz_pool *pool;
  start_counting();
  int status = toeplitz_gpu_create(&network, 0, &pool);
  CHECK(status == TOEPLITZ_NO_GPU_DRIVER && nothing_is_alive());
  CHECK(toeplitz_gpu_check(&network) == status);
  printf("a driver without maps: %d, %s\n", status, toeplitz_gpu_error(NULL));
  CHECK(run_samples(scaled_network(0, 0), NULL, 1, 3) == TOEPLITZ_SUCCESS);
  puts("networks without boxes run");
}

int main(int argc, char **argv) {
  (void)argv;
  find_stub();
  for (int index = 0; index < 2 * SAMPLES * FLOATS; ++index)
    x[index / (SAMPLES * FLOATS)][index % (SAMPLES * FLOATS)] = (float)index;
  if (argc > 1) {
    check_old_driver();
    return 0;
  }
  check_maps();
  check_graph();
  check_samples();
  check_refusal();
  return 0;
}
