/* Exercises runs in streams of the caller's, from and to the memory of the GPU,
 * against the stub of the driver;
 * prints one line for each property that holds and ends with status 1 at the
 * first that doesn't. */

#define _GNU_SOURCE /* setenv */

#include "gpu_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_device_pointers(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  float x[SCALED_SIZE], y[SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool = open_counted(network);
  fill(x, 1, 9);
  CHECK(toeplitz_gpu_run_device(network, pool, NULL, inputs, outputs) == 0);
  CHECK(is_right(x, y, 1));
  CHECK(stub->launch_count == 4 && !stub->launches[2].captured);
  CHECK(!stub->launches[2].stream);
  CHECK(stub->launches[2].values[0] == (uintptr_t)x);
  CHECK(stub->launches[3].values[2] == (uintptr_t)y);
  CHECK(stub->calls[STUB_cuGraphLaunch] == 0);
  CHECK(stub->calls[STUB_cuMemcpyDtoHAsync_v2] == 0);
  CHECK(toeplitz_gpu_run_device(network, NULL, NULL, inputs, outputs) ==
        TOEPLITZ_GPU_ERROR);
  CHECK(strcmp(toeplitz_gpu_error(NULL),
               "'scaled' needs a handle to run in a stream, found NULL") == 0);
  close_counted(pool, "pointers of the device and a stream of the caller's");
}

/* In one piece, where its samples lie. */
static void check_device_batch(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  ALIGNED float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool = open_counted(network);
  size_t alone = stub->device_bytes;
  for (int samples = 0; samples <= BATCH; samples += 3) {
    int launches = stub->launch_count;
    fill(x, BATCH, (float)samples);
    memset(y, 0, sizeof y);
    CHECK(toeplitz_gpu_run_device_batch(network, pool, samples, NULL, inputs,
                                        outputs) == 0);
    CHECK(is_right(x, y, samples));
    CHECK(samples == BATCH || y[samples * SCALED_SIZE] == 0);
    CHECK(stub->launch_count == launches + (samples > 0 ? 2 : 0));
    const stub_launch *first = &stub->launches[launches];
    CHECK(samples == 0 || (first->values[0] == (uintptr_t)x &&
                           first->samples == (unsigned)samples));
    /* Of all that a run has, only the arena is needed. */
    CHECK(stub->device_bytes == alone + (size_t)samples * SAMPLE);
  }
  CHECK(stub->host_memory == 2 && stub->calls[STUB_cuGraphLaunch] == 0);
  CHECK(stub->calls[STUB_cuMemcpyDtoDAsync_v2] == 0);
  /* What is in the stream before may use what is freed. */
  CHECK(stub->calls[STUB_cuStreamSynchronize] == 1 + 2);
  CHECK(toeplitz_gpu_run_device(network, pool, NULL, inputs, outputs) == 0);
  const stub_launch *last = &stub->launches[stub->launch_count - 1];
  CHECK(last->samples == 1 && last->values[0] == stub->launches[1].values[0]);
  close_counted(pool, "a batch in the device's memory");
}

/* Runs of a handle wait for each other across streams. */
static void check_streams(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  float x[SCALED_SIZE], y[SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool;
  start_counting();
  CUstream stream = create_stream();
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  fill(x, 1, 4);
  CHECK(network->run_device(network, pool, 1, stream, inputs, outputs) == 0);
  CHECK(is_right(x, y, 1) && stub->launches[2].stream == stream);
  CHECK(stub->calls[STUB_cuStreamWaitEvent] == 0);
  CHECK(network->run_device(network, pool, 1, NULL, inputs, outputs) == 0);
  CHECK(stub->calls[STUB_cuStreamWaitEvent] == 1);
  CHECK(stub->waiting == NULL && stub->waited_for == stream);
  /* A run from the host's memory too, which leaves nothing to wait for. */
  CHECK(run_samples(network, pool, 1, 8) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamWaitEvent] == 2);
  CHECK(stub->waiting != stream && stub->waiting && !stub->waited_for);
  CHECK(run_samples(network, pool, 1, 8) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamWaitEvent] == 2);
  /* Into a graph of the caller's, which knows no events from outside. */
  CHECK(network->run_device(network, pool, 1, stream, inputs, outputs) == 0);
  CHECK(driver.cuStreamBeginCapture_v2(
            stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) == CUDA_SUCCESS);
  int launches = stub->launch_count;
  CHECK(network->run_device(network, pool, 1, stream, inputs, outputs) == 0);
  CHECK(stub->launch_count == launches + 2);
  CHECK(stub->launches[launches].captured);
  CHECK(stub->calls[STUB_cuStreamWaitEvent] == 2);
  CHECK(stub->calls[STUB_cuEventRecord] == 3);
  CUgraph graph;
  CHECK(driver.cuStreamEndCapture(stream, &graph) == CUDA_SUCCESS);
  CHECK(driver.cuGraphDestroy(graph) == CUDA_SUCCESS);
  network->threads_destroy(pool);
  CHECK(stub->calls[STUB_cuStreamWaitEvent] == 3);
  destroy_stream(stream);
  CHECK(nothing_is_alive());
  puts("streams wait for each other");
}

/* Puts a batch into a graph of the caller's, which is destroyed. Returns its
 * parts. */
static long long capture_batch(toeplitz_pool *pool, CUstream stream,
                               int samples, float *x, float *y) {
  const toeplitz_network *network = scaled_network(1, 0);
  const void *inputs[] = {x};
  void *outputs[] = {y};
  int first = stub->launch_count, allocations = stub->calls[STUB_cuMemAlloc_v2],
      waits = stub->calls[STUB_cuStreamSynchronize];
  CUgraph graph;
  CHECK(driver.cuStreamBeginCapture_v2(
            stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) == CUDA_SUCCESS);
  CHECK(network->run_device(network, pool, samples, stream, inputs, outputs) ==
        TOEPLITZ_SUCCESS);
  CHECK(driver.cuStreamEndCapture(stream, &graph) == CUDA_SUCCESS);
  CHECK(driver.cuGraphDestroy(graph) == CUDA_SUCCESS);
  CHECK(stub->launches[first].captured);
  CHECK(stub->calls[STUB_cuMemAlloc_v2] == allocations);
  CHECK(stub->calls[STUB_cuStreamSynchronize] == waits);
  return parts_since(first);
}

/* Runs a batch in the stream. Returns its parts. */
static long long run_in_stream(toeplitz_pool *pool, CUstream stream,
                               int samples, float *x, float *y) {
  const toeplitz_network *network = scaled_network(1, 0);
  const void *inputs[] = {x};
  void *outputs[] = {y};
  int first = stub->launch_count;
  fill(x, samples, 3);
  memset(y, 0xff, (size_t)samples * SAMPLE);
  CHECK(network->run_device(network, pool, samples, stream, inputs, outputs) ==
        TOEPLITZ_SUCCESS);
  CHECK(is_right(x, y, samples));
  return parts_since(first);
}

/* Memory that a run in another stream may still use isn't freed before its
 * end. */
static void check_growth_across_streams(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  ALIGNED float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  toeplitz_pool *pool;
  start_counting();
  CUstream stream = create_stream();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  CHECK(run_in_stream(pool, stream, 2, x, y) == 2);
  int frees = stub->calls[STUB_cuMemFree_v2];
  /* The failing one is the first: nothing is freed without it. */
  fail_at("cuStreamWaitEvent", 1, CUDA_ERROR_LAUNCH_FAILED);
  CHECK(run_samples(network, pool, 3, 1) == TOEPLITZ_GPU_LOST);
  CHECK(stub->calls[STUB_cuMemFree_v2] == frees);
  unsetenv("STUB_CUDA_FAIL");
  CHECK(run_samples(network, pool, 3, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuMemFree_v2] == frees + 1);
  CHECK(stub->waiting != stream && stub->waited_for == stream);
  toeplitz_gpu_destroy(pool);
  destroy_stream(stream);
  CHECK(nothing_is_alive());
  puts("memory grows behind runs in other streams");
}

/* Nothing is allocated for it, and its memory stays. */
static void check_captured_batches(void) {
  ALIGNED float x[BATCH * SCALED_SIZE + 1], y[BATCH * SCALED_SIZE];
  toeplitz_pool *pool;
  start_counting();
  CUstream stream = create_stream();
  CHECK(toeplitz_gpu_create(scaled_network(1, 0), 0, &pool) == 0);
  CHECK(capture_batch(pool, stream, 3, x, y) == 111);
  CHECK(run_in_stream(pool, stream, 2, x, y) == 2); /* it can still grow */
  CHECK(run_in_stream(pool, stream, 3, x, y) == 3);
  uint64_t arena = stub->launches[stub->launch_count - 2].values[2];
  stub->launch_count = 0;
  CHECK(capture_batch(pool, stream, 3, x, y) == 3);
  CHECK(stub->launches[0].values[2] == arena);
  /* What isn't in place needs memory for tensors, which there isn't. */
  CHECK(capture_batch(pool, stream, 3, x + 1, y) == 111);
  stub->launch_count = 0;
  CHECK(run_in_stream(pool, stream, 7, x, y) == 331);
  CHECK(stub->launches[0].values[2] == arena);
  stub->launch_count = 0;
  /* The same for runs from the host's memory (of which the second part makes a
   * graph and the third one has one), and then for tensors. */
  CHECK(run_samples(scaled_network(1, 0), pool, 7, 2) == TOEPLITZ_SUCCESS);
  CHECK(parts_since(0) == 33 && stub->launches[0].values[2] == arena);
  stub->launch_count = 0;
  CHECK(capture_batch(pool, stream, 5, x + 1, y) == 32);
  int frees = stub->calls[STUB_cuMemFree_v2];
  CHECK(run_in_stream(pool, stream, BATCH, x + 1, y) == 333);
  CHECK(stub->calls[STUB_cuMemFree_v2] == frees);
  toeplitz_gpu_destroy(pool);
  /* The arena is there for more samples than the tensors. */
  stub->launch_count = 0;
  CHECK(toeplitz_gpu_create(scaled_network(1, 0), 0, &pool) == 0);
  CHECK(capture_batch(pool, stream, 2, x, y) == 11);
  CHECK(find_parts(pool, 2) == 2); /* the host's runs can grow */
  CHECK(run_in_stream(pool, stream, 5, x, y) == 5);
  CHECK(capture_batch(pool, stream, 5, x + 1, y) == 221);
  frees = stub->calls[STUB_cuMemFree_v2];
  stub->launch_count = 0;
  CHECK(run_in_stream(pool, stream, 4, x + 1, y) == 22);
  CHECK(stub->calls[STUB_cuMemFree_v2] == frees);
  toeplitz_gpu_destroy(pool);
  destroy_stream(stream);
  CHECK(nothing_is_alive());
  puts("a batch in a graph of the caller's");
}

/* Tensors at any place, and batches, which are computed together wherever they
 * are: samples of 1200 bytes are aligned behind an address that is. */
static void check_places(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  ALIGNED static float memory[2][BATCH * SCALED_SIZE + 4];
  toeplitz_pool *pool;
  start_counting();
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  for (int place = 0; place < 4; ++place)
    for (int samples = 0; samples <= BATCH; ++samples) {
      forget_calls();
      float *x = memory[0] + place, *y = memory[1] + (place + samples) % 4;
      const void *inputs[] = {x};
      void *outputs[] = {y};
      fill(x, BATCH, (float)(place + samples));
      memset(memory[1], 0xff, sizeof memory[1]);
      CHECK(network->run_device(network, pool, samples, NULL, inputs,
                                outputs) == TOEPLITZ_SUCCESS);
      CHECK(is_right(x, y, samples));
      CHECK(y[samples * SCALED_SIZE] != y[samples * SCALED_SIZE]);
      CHECK(stub->launch_count == (samples > 0 ? 2 : 0));
      CHECK(samples == 0 || stub->launches[0].samples == (unsigned)samples);
      int copied = (place % 4 != 0) + ((place + samples) % 4 != 0);
      CHECK(stub->calls[STUB_cuMemcpyDtoDAsync_v2] ==
            (samples > 0 ? copied : 0));
      CHECK(samples == 0 || (stub->launches[0].values[0] % 16 == 0 &&
                             stub->launches[1].values[2] % 16 == 0));
    }
  network->threads_destroy(pool);
  CHECK(nothing_is_alive());
  puts("tensors of the device at any place");
}

/* Samples of 1196 bytes behind each other are copied one by one, and computed
 * together all the same; alone, one that is aligned is read where it is. */
static void check_odd_samples(void) {
  enum { SIZE = SCALED_ODD_SIZE };
  const toeplitz_network *network = network_of_odd_samples();
  ALIGNED static float x[BATCH * SIZE], y[(BATCH + 1) * SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool;
  start_counting();
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  for (int samples = 0; samples <= BATCH; ++samples)
    for (int on_device = 0; on_device < 2; ++on_device) {
      forget_calls();
      for (int index = 0; index < BATCH * SIZE; ++index)
        x[index] = (float)((index + samples) % 101);
      memset(y, 0xff, sizeof y);
      int status = on_device ? network->run_device(network, pool, samples, NULL,
                                                   inputs, outputs)
                             : network->run_checked(network, pool, samples,
                                                    inputs, outputs, NULL);
      CHECK(status == TOEPLITZ_SUCCESS);
      for (int index = 0; index < samples * SIZE; ++index)
        CHECK(y[index] == scaled_result(x[index], index % SIZE));
      CHECK(y[samples * SIZE] != y[samples * SIZE]);
      if (!on_device)
        continue;
      CHECK(stub->launch_count == (samples > 0 ? 2 : 0));
      CHECK(samples == 0 || stub->launches[0].samples == (unsigned)samples);
      CHECK(stub->calls[STUB_cuMemcpyDtoDAsync_v2] ==
            (samples > 1 ? 2 * samples : 0));
    }
  network->threads_destroy(pool);
  CHECK(nothing_is_alive());
  /* Sample by sample, of which each fourth one is in place. */
  start_counting();
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  set_memory(stub->device_bytes);
  memset(y, 0xff, sizeof y);
  CHECK(network->run_device(network, pool, BATCH, NULL, inputs, outputs) == 0);
  unsetenv("STUB_CUDA_MEMORY");
  for (int index = 0; index < BATCH * SIZE; ++index)
    CHECK(y[index] == scaled_result(x[index], index % SIZE));
  CHECK(stub->launch_count == 2 + 2 * BATCH);
  CHECK(stub->calls[STUB_cuMemcpyDtoDAsync_v2] ==
        2 * (BATCH - (BATCH + 3) / 4));
  network->threads_destroy(pool);
  CHECK(nothing_is_alive());
  puts("samples that aren't aligned behind each other");
}

static void check_refused(const toeplitz_network *network, toeplitz_pool *pool,
                          int batch, const void *input, void *output,
                          int status, const char *message) {
  forget_calls();
  CHECK(network->run_device(network, pool, batch, NULL, &input, &output) ==
        status);
  if (strcmp(network->error_text(pool), message) != 0)
    printf("found '%s'\n", network->error_text(pool));
  CHECK(strcmp(network->error_text(pool), message) == 0);
  CHECK(strcmp(network->error_text(NULL), message) == 0);
  CHECK(stub->launch_count == 0 && stub->calls[STUB_cuCtxPushCurrent_v2] == 0);
}

static void check_refusals(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  float x[SCALED_SIZE], y[SCALED_SIZE];
  char text[128];
  const toeplitz_network *batched = scaled_network(1, 0);
  toeplitz_pool *pool;
  start_counting();
  CHECK(batched->create(batched, 0, &pool) == TOEPLITZ_SUCCESS);
  check_refused(batched, pool, -1, x, y, TOEPLITZ_BAD_BATCH,
                "'scaled' is asked for a batch of -1, expected 0 or more");
  batched->threads_destroy(pool);
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  check_refused(network, pool, 2, x, y, TOEPLITZ_BAD_BATCH,
                "'scaled' is asked for a batch of 2, expected 1");
  check_refused(network, pool, 1, NULL, y, TOEPLITZ_NULL_TENSOR,
                "'scaled': an input or output is NULL");
  check_refused(network, pool, 1, x, NULL, TOEPLITZ_NULL_TENSOR,
                "'scaled': an input or output is NULL");
  char *misplaced = (char *)y + 2;
  snprintf(text, sizeof text,
           "'y' lies at %p, which isn't aligned to its elements of 4 bytes",
           (void *)misplaced);
  check_refused(network, pool, 1, x, misplaced, TOEPLITZ_GPU_ERROR, text);
  network->threads_destroy(pool);
  CHECK(nothing_is_alive());
  /* A network of the processor has no such function. */
  toeplitz_network other = *network;
  other.run_device = NULL;
  const void *inputs[] = {x};
  void *outputs[] = {y};
  CHECK(toeplitz_network_run_device(&other, NULL, 1, NULL, inputs, outputs) ==
        TOEPLITZ_NOT_ON_GPU);
  CHECK(toeplitz_network_run_device(network, NULL, 1, NULL, inputs, outputs) ==
        TOEPLITZ_GPU_ERROR);
  puts("what can't be run on the device is refused");
}

int main(void) {
  find_stub();
  check_device_pointers();
  check_device_batch();
  check_streams();
  check_growth_across_streams();
  check_captured_batches();
  check_places();
  check_odd_samples();
  check_refusals();
  return 0;
}
