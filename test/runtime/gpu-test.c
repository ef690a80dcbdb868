/* Exercises the runtime's side of networks of a GPU against the stub of the
 * driver; prints one line for each property that holds and ends with status 1
 * at the first that doesn't. */

#define _GNU_SOURCE /* setenv */

#include "Inputs/scaled_network.h"
#include "check.h"
#include "stub_cuda_driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  RUNS = 50,
  THREADS = 4,
  BATCH = 9,
  SAMPLE = SCALED_SIZE * sizeof(float)
};

/* As kernels want their tensors. */
#define ALIGNED __attribute__((aligned(TOEPLITZ_GPU_SAMPLE_ALIGNMENT)))

static stub_state *stub;
/* What the caller of a network uses of it. */
static toeplitz_cuda_driver driver;

static void find_stub(void) {
  static toeplitz_gpu_handle errors;
  toeplitz_cuda_open(&driver, &errors);
  CHECK(errors.status == TOEPLITZ_SUCCESS);
  void *symbol = dlsym(driver.library, "stub_cuda_state");
  CHECK(symbol);
  stub_state *(*get)(void);
  memcpy(&get, &symbol, sizeof get);
  stub = get();
}

static void start_counting(void) { memset(stub, 0, sizeof *stub); }

/* The call of the function, counted from 1, fails. */
static void fail_at(const char *function, int call, int error) {
  char text[128];
  snprintf(text, sizeof text, "%s:%d:%d", function, call, error);
  setenv("STUB_CUDA_FAIL", text, 1);
}

/* While a handle is alive. */
static void forget_calls(void) {
  memset(stub->calls, 0, sizeof stub->calls);
  stub->launch_count = 0;
}

static int nothing_is_alive(void) {
  return stub->memory == 0 && stub->host_memory == 0 && stub->contexts == 0 &&
         stub->modules == 0 && stub->streams == 0 && stub->graphs == 0 &&
         stub->executables == 0 && stub->events == 0 &&
         stub->calls[STUB_cuCtxPushCurrent_v2] ==
             stub->calls[STUB_cuCtxPopCurrent_v2];
}

/* A handle, from whose making on everything is counted. */
static toeplitz_pool *open_counted(const toeplitz_network *network) {
  toeplitz_pool *pool;
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  return pool;
}

/* Ends a check of which it was the last handle. */
static void close_counted(toeplitz_pool *pool, const char *checked) {
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  puts(checked);
}

/* ---- Running ---- */

static void fill(float *x, int samples, float first) {
  for (int index = 0; index < samples * SCALED_SIZE; ++index)
    x[index] = first + (float)(index % 17);
}

static int is_right(const float *x, const float *y, int samples) {
  for (int index = 0; index < samples * SCALED_SIZE; ++index)
    if (y[index] != scaled_result(x[index], index % SCALED_SIZE))
      return 0;
  return 1;
}

/* Runs samples and compares. Returns the status. */
static int run_samples(const toeplitz_network *network, toeplitz_pool *pool,
                       int samples, float first) {
  float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  fill(x, samples, first);
  memset(y, 0xff, sizeof y);
  int status = network->run_checked(network, pool, samples, inputs, outputs,
                                    /*workspace=*/NULL);
  CHECK(status != TOEPLITZ_SUCCESS || is_right(x, y, samples));
  return status;
}

static void check_load_and_run(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  toeplitz_pool *pool;
  start_counting();
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  CHECK(strcmp(network->error_text(pool), "") == 0);
  CHECK(stub->memory == 4 && stub->host_memory == 2 && stub->modules == 1);
  CHECK(stub->executables == 1 && stub->graphs == 0);
  /* Two kernels, both captured. */
  CHECK(stub->launch_count == 2);
  const stub_launch *scale = &stub->launches[0], *add = &stub->launches[1];
  CHECK(strcmp(scale->kernel, "scale") == 0 && strcmp(add->kernel, "add") == 0);
  CHECK(scale->captured && add->captured);
  CHECK(scale->blocks == SCALED_BLOCKS && scale->threads == SCALED_THREADS);
  CHECK(scale->shared_bytes == 0 && add->shared_bytes == 65536);
  CHECK(scale->values[3] == SCALED_SIZE && add->values[3] == SCALED_SIZE);
  CHECK(scale->values[1] == add->values[1]); /* the weights */
  CHECK(scale->values[2] == add->values[0]); /* the arena */
  CHECK(stub->calls[STUB_cuFuncSetAttribute] == 1);
  int uploads = stub->calls[STUB_cuMemcpyHtoDAsync_v2];
  for (int run = 0; run < RUNS; ++run)
    CHECK(run_samples(network, pool, 1, (float)run) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == 1);
  CHECK(stub->calls[STUB_cuGraphLaunch] == RUNS);
  CHECK(stub->calls[STUB_cuLaunchKernel] == 2);
  CHECK(stub->calls[STUB_cuMemcpyHtoDAsync_v2] == uploads + RUNS);
  network->threads_destroy(pool);
  CHECK(nothing_is_alive());
  puts("loaded and captured once, launched for each run");
}

static void check_no_pool(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  start_counting();
  CHECK(run_samples(network, NULL, 1, 3) == TOEPLITZ_SUCCESS);
  CHECK(nothing_is_alive() && stub->calls[STUB_cuModuleLoadDataEx] == 1);
  float x[SCALED_SIZE], y[SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  fill(x, 1, 5);
  network->run(NULL, NULL, inputs, outputs);
  CHECK(is_right(x, y, 1) && nothing_is_alive());
  CHECK(toeplitz_network_run(network, NULL, inputs, outputs, NULL) ==
        TOEPLITZ_SUCCESS);
  CHECK(nothing_is_alive() && stub->calls[STUB_cuModuleLoadDataEx] == 3);
  puts("without a handle: one for each run");
}

static void check_two_handles(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  toeplitz_pool *pools[2];
  start_counting();
  for (int index = 0; index < 2; ++index)
    CHECK(toeplitz_gpu_create(network, 0, &pools[index]) == TOEPLITZ_SUCCESS);
  CHECK(stub->contexts == 2 && stub->modules == 2);
  CHECK(stub->launches[0].values[2] != stub->launches[2].values[2]);
  for (int run = 0; run < RUNS; ++run)
    CHECK(run_samples(network, pools[run % 2], 1, (float)run) == 0);
  toeplitz_gpu_destroy(pools[0]);
  CHECK(run_samples(network, pools[1], 1, 1) == TOEPLITZ_SUCCESS);
  toeplitz_gpu_destroy(pools[1]);
  toeplitz_gpu_destroy(NULL);
  CHECK(nothing_is_alive());
  puts("two handles at once");
}

static void *run_many(void *pool) {
  for (int run = 0; run < RUNS; ++run)
    CHECK(run_samples(scaled_network(0, 0), pool, 1, (float)run) == 0);
  return NULL;
}

static void check_threads(void) {
  toeplitz_pool *pool;
  pthread_t threads[THREADS];
  start_counting();
  CHECK(toeplitz_gpu_create(scaled_network(0, 0), 0, &pool) == 0);
  for (int index = 0; index < THREADS; ++index)
    CHECK(pthread_create(&threads[index], NULL, run_many, pool) == 0);
  for (int index = 0; index < THREADS; ++index)
    pthread_join(threads[index], NULL);
  CHECK(stub->calls[STUB_cuGraphLaunch] == THREADS * RUNS);
  close_counted(pool, "threads take turns with one handle");
}

static void check_batches(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool = open_counted(network);
  for (int samples = 0; samples <= BATCH; ++samples)
    CHECK(run_samples(network, pool, samples, 2) == TOEPLITZ_SUCCESS);
  CHECK(run_samples(network, NULL, BATCH, 3) == TOEPLITZ_SUCCESS);
  float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  fill(x, BATCH, 7);
  network->run_batch(pool, NULL, inputs, outputs, BATCH);
  CHECK(is_right(x, y, BATCH));
  CHECK(run_samples(network, pool, -1, 0) == TOEPLITZ_BAD_BATCH);
  CHECK(run_samples(scaled_network(0, 0), pool, 2, 0) == TOEPLITZ_BAD_BATCH);
  inputs[0] = NULL;
  CHECK(network->run_checked(network, pool, 1, inputs, outputs, NULL) ==
        TOEPLITZ_NULL_TENSOR);
  close_counted(pool, "batches of any size, none included");
}

/* Memory for several samples is had when they are asked for, beside that for
 * one, and only if there isn't enough yet. */
static void check_growth(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool = open_counted(network);
  size_t alone = stub->device_bytes;
  CHECK(stub->memory == 4 && stub->host_memory == 2);
  CHECK(run_samples(network, pool, 1, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->memory == 4 && stub->calls[STUB_cuMemGetInfo_v2] == 0);
  CHECK(run_samples(network, pool, 3, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->memory == 7 && stub->host_memory == 4);
  CHECK(stub->device_bytes == alone + 3 * 3 * SAMPLE);
  /* In one piece, on memory of its own. */
  CHECK(stub->launch_count == 4);
  CHECK(stub->launches[0].samples == 1 && stub->launches[2].samples == 3);
  CHECK(stub->launches[2].blocks == SCALED_BLOCKS);
  CHECK(stub->launches[2].values[2] != stub->launches[0].values[2]);
  int allocations = stub->calls[STUB_cuMemAlloc_v2];
  CHECK(run_samples(network, pool, 2, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuMemAlloc_v2] == allocations);
  CHECK(stub->launches[4].samples == 2);
  CHECK(stub->launches[4].values[2] == stub->launches[2].values[2]);
  CHECK(run_samples(network, pool, BATCH, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->memory == 7 && stub->host_memory == 4);
  CHECK(stub->device_bytes == alone + 3 * BATCH * SAMPLE);
  close_counted(pool, "memory grows with the batch");
}

/* A number of samples that comes again has a graph, and few numbers have one at
 * a time. */
static void check_graphs(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool = open_counted(network);
  int captures = stub->calls[STUB_cuStreamBeginCapture_v2];
  CHECK(captures == 1 && stub->executables == 1);
  CHECK(run_samples(network, pool, 3, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->executables == 1 && stub->calls[STUB_cuGraphLaunch] == 0);
  for (int run = 1; run <= RUNS; ++run) {
    CHECK(run_samples(network, pool, 3, (float)run) == TOEPLITZ_SUCCESS);
    CHECK(stub->executables == 2 && stub->calls[STUB_cuGraphLaunch] == run);
  }
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == 2);
  CHECK(stub->launch_count == 2 + 2 + 2);
  /* Another memory needs another graph. */
  CHECK(run_samples(network, pool, BATCH, 2) == TOEPLITZ_SUCCESS);
  CHECK(stub->executables == 1);
  CHECK(run_samples(network, pool, 3, 2) == TOEPLITZ_SUCCESS);
  CHECK(run_samples(network, pool, 3, 3) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == 3);
  /* The one that wasn't used for the longest time goes. */
  for (int samples = 2; samples <= BATCH; ++samples)
    for (int run = 0; run < 2; ++run)
      CHECK(run_samples(network, pool, samples, 1) == TOEPLITZ_SUCCESS);
  CHECK(stub->executables == 1 + 4 && stub->graphs == 0);
  captures = stub->calls[STUB_cuStreamBeginCapture_v2];
  for (int samples = BATCH - 3; samples <= BATCH; ++samples)
    CHECK(run_samples(network, pool, samples, 2) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == captures);
  for (int run = 0; run < 2; ++run)
    CHECK(run_samples(network, pool, BATCH - 4, 3) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == captures + 1);
  CHECK(stub->executables == 1 + 4);
  close_counted(pool, "graphs of the numbers of samples that come again");
}

static void fail_at(const char *function, int call, int error);

/* How many samples each launch of the first kernel has computed since `first`,
 * as digits. */
static long long parts_since(int first) {
  long long digits = 0;
  for (int index = first; index < stub->launch_count; index += 2)
    digits = digits * 10 + stub->launches[index].samples;
  return digits;
}

/* Runs a batch without and with too little memory for it. Returns its parts. */
static long long find_parts(toeplitz_pool *pool, int samples) {
  int first = stub->launch_count;
  CHECK(run_samples(scaled_network(1, 0), pool, samples, 1) == 0);
  CHECK(strcmp(toeplitz_gpu_error(pool), "") == 0);
  return parts_since(first);
}

static void set_memory(size_t bytes) {
  char text[32];
  snprintf(text, sizeof text, "%zu", bytes);
  setenv("STUB_CUDA_MEMORY", text, 1);
}

/* Whatever is left for several samples, a batch is computed. */
static void check_little_memory(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool = open_counted(network);
  size_t alone = stub->device_bytes;
  /* None. */
  set_memory(alone);
  CHECK(find_parts(pool, 3) == 0); /* by the graph of one sample */
  CHECK(stub->calls[STUB_cuGraphLaunch] == 3 && stub->memory == 4);
  int questions = stub->calls[STUB_cuMemGetInfo_v2];
  CHECK(find_parts(pool, 3) == 0);
  CHECK(stub->calls[STUB_cuMemGetInfo_v2] == questions);
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  /* Half of it holds two samples, each with its arena, input and output. The
   * graph of the second part computes the third one, too. */
  unsetenv("STUB_CUDA_MEMORY");
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  set_memory(alone + 14 * SAMPLE);
  CHECK(find_parts(pool, 7) == 22);
  CHECK(stub->calls[STUB_cuGraphLaunch] == 2 + 1);
  CHECK(stub->device_bytes == alone + 6 * SAMPLE);
  unsetenv("STUB_CUDA_MEMORY");
  int allocations = stub->calls[STUB_cuMemAlloc_v2];
  CHECK(find_parts(pool, 7) == 0); /* it isn't tried again */
  CHECK(stub->calls[STUB_cuMemAlloc_v2] == allocations);
  close_counted(pool, "batches in parts where memory is little");
}

/* A grid has 65535 samples at most. */
static void check_large_batch(void) {
  enum { LARGE = 65535 + 2 };
  const toeplitz_network *network = scaled_network(1, 0);
  float *x = malloc((size_t)LARGE * SAMPLE),
        *y = malloc((size_t)LARGE * SAMPLE);
  CHECK(x && y);
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool = open_counted(network);
  fill(x, LARGE, 1);
  CHECK(network->run_checked(network, pool, LARGE, inputs, outputs, NULL) == 0);
  CHECK(is_right(x, y, LARGE));
  CHECK(stub->launch_count == 6 && stub->launches[2].samples == 65535);
  CHECK(stub->launches[4].samples == 2);
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  free(x);
  free(y);
  puts("more samples than a grid has");
}

/* The driver may have less than it says. */
static void check_fallback(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool;
  /* The arena, an input, an output; or one of the pinned ones. */
  for (int call = 5; call <= 7; ++call) {
    start_counting();
    CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
    fail_at("cuMemAlloc_v2", call, CUDA_ERROR_OUT_OF_MEMORY);
    CHECK(find_parts(pool, 8) == 44 && stub->failed);
    unsetenv("STUB_CUDA_FAIL");
    toeplitz_gpu_destroy(pool);
    CHECK(nothing_is_alive());
  }
  for (int call = 3; call <= 4; ++call) {
    start_counting();
    CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
    fail_at("cuMemHostAlloc", call, CUDA_ERROR_OUT_OF_MEMORY);
    CHECK(find_parts(pool, 9) == 44 && stub->failed);
    unsetenv("STUB_CUDA_FAIL");
    CHECK(find_parts(pool, 3) == 3);
    toeplitz_gpu_destroy(pool);
    CHECK(nothing_is_alive());
  }
  /* Another error is none of memory. */
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  fail_at("cuMemAlloc_v2", 5, CUDA_ERROR_LAUNCH_FAILED);
  CHECK(run_samples(network, pool, 8, 1) == TOEPLITZ_GPU_LOST);
  CHECK(strcmp(network->error_text(pool),
               "cuMemAlloc_v2, 9600 bytes for what layers hand to each other: "
               "CUDA_ERROR_LAUNCH_FAILED") == 0);
  unsetenv("STUB_CUDA_FAIL");
  CHECK(find_parts(pool, 8) == 8);
  close_counted(pool, "fewer samples at once where memory is refused");
}

/* The parts before the one that failed have their outputs. */
static void check_failure_in_the_middle(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool;
  float x[6 * SCALED_SIZE], y[6 * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  fail_at("cuMemAlloc_v2", 5, CUDA_ERROR_OUT_OF_MEMORY);
  CHECK(find_parts(pool, 4) == 22);
  fill(x, 6, 3);
  for (int index = 0; index < 6 * SCALED_SIZE; ++index)
    y[index] = 42;
  fail_at("cuStreamSynchronize", stub->calls[STUB_cuStreamSynchronize] + 2,
          CUDA_ERROR_LAUNCH_FAILED);
  CHECK(network->run_checked(network, pool, 6, inputs, outputs, NULL) ==
        TOEPLITZ_GPU_LOST);
  unsetenv("STUB_CUDA_FAIL");
  CHECK(is_right(x, y, 2));
  for (int index = 2 * SCALED_SIZE; index < 6 * SCALED_SIZE; ++index)
    CHECK(y[index] == 42);
  close_counted(pool, "the parts before a failure are there");
}

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

/* A stream of the caller's, who has the context that its own calls need. */
static CUstream create_stream(void) {
  CUstream stream;
  CHECK(driver.cuCtxPushCurrent_v2((CUcontext)(void *)stub) == CUDA_SUCCESS);
  CHECK(driver.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS);
  return stream;
}

static void destroy_stream(CUstream stream) {
  CUcontext left;
  CHECK(driver.cuStreamDestroy_v2(stream) == CUDA_SUCCESS);
  CHECK(driver.cuCtxPopCurrent_v2(&left) == CUDA_SUCCESS);
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

/* ---- Numbers of the device that decide what is computed ---- */

/* Samples with first elements of both signs: 3 * (index % 2) - 1 + shift. */
static void fill_deciding(float *x, float shift) {
  for (int index = 0; index < BATCH * SCALED_SIZE; ++index)
    x[index] = (float)(index % 17);
  for (int sample = 0; sample < BATCH; ++sample)
    x[sample * SCALED_SIZE] = (float)(3 * (sample % 2) - 1) + shift;
}

static int is_decided_right(const float *x, const float *y, int samples) {
  for (int index = 0; index < samples * SCALED_SIZE; ++index) {
    int place = index % SCALED_SIZE;
    if (y[index] != decided_result(x[index], x[index - place], place))
      return 0;
  }
  return 1;
}

/* Each sample decides by itself, whatever the batch, and nothing is captured
 * for it. */
static void check_decisions(void) {
  const toeplitz_network *network = deciding_network(0);
  ALIGNED static float x[BATCH * SCALED_SIZE], y[(BATCH + 1) * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool = open_counted(network);
  CHECK(stub->launch_count == 0 && stub->executables == 0);
  CHECK(stub->calls[STUB_cuStreamBeginCapture_v2] == 0);
  for (int run = 0; run < 2 * (BATCH + 1); ++run) {
    int samples = run / 2, on_device = run % 2;
    forget_calls();
    fill_deciding(x, (float)(run % 3));
    memset(y, 0xff, sizeof y);
    CUstream stream = (CUstream)(uintptr_t)2;
    int status = on_device ? network->run_device(network, pool, samples, stream,
                                                 inputs, outputs)
                           : network->run_checked(network, pool, samples,
                                                  inputs, outputs, NULL);
    CHECK(status == TOEPLITZ_SUCCESS && is_decided_right(x, y, samples));
    CHECK(y[samples * SCALED_SIZE] != y[samples * SCALED_SIZE]);
    CHECK(stub->launch_count == 2 * samples);
    CHECK(stub->calls[STUB_cuGraphLaunch] == 0 &&
          stub->calls[STUB_cuMemAlloc_v2] == 0);
    /* From the host one more copy, and one more time to wait. */
    CHECK(stub->calls[STUB_cuMemcpyDtoHAsync_v2] == (2 - on_device) * samples);
    CHECK(stub->calls[STUB_cuStreamSynchronize] == (2 - on_device) * samples);
    for (int launch = 0;
         launch < stub->launch_count && launch < STUB_MAXIMUM_LAUNCHES;
         ++launch) {
      const stub_launch *launched = &stub->launches[launch];
      int scales = launch % 2 == 0 || x[launch / 2 * SCALED_SIZE] < 0;
      CHECK(strcmp(launched->kernel, scales ? "scale" : "add") == 0);
      CHECK(launched->samples == 1 && !launched->captured);
      CHECK(!on_device || launched->stream == stream);
    }
  }
  close_counted(pool, "numbers of the device decide what is computed");
}

/* The number can't be had: nothing is launched behind it, the status says why,
 * and the handle goes on. */
static void check_failing_reads(void) {
  static const struct {
    const char *function;
    int call, error, status;
    const char *message;
  } failures[] = {
      {"cuMemcpyDtoHAsync_v2", 1, CUDA_ERROR_OUT_OF_MEMORY,
       TOEPLITZ_GPU_OUT_OF_MEMORY,
       "cuMemcpyDtoHAsync_v2, an element of 4 bytes: CUDA_ERROR_OUT_OF_MEMORY "
       "(out of memory)"},
      {"cuStreamSynchronize", 1, CUDA_ERROR_LAUNCH_FAILED, TOEPLITZ_GPU_LOST,
       "cuStreamSynchronize, for an element: CUDA_ERROR_LAUNCH_FAILED"}};
  const toeplitz_network *network = deciding_network(0);
  ALIGNED static float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool = open_counted(network);
  fill_deciding(x, 0);
  for (int run = 0; run < 4; ++run) {
    int on_device = run % 2, which = run / 2;
    forget_calls();
    memset(y, 0xff, sizeof y);
    fail_at(failures[which].function, failures[which].call,
            failures[which].error);
    int status =
        on_device
            ? network->run_device(network, pool, 2, NULL, inputs, outputs)
            : network->run_checked(network, pool, 2, inputs, outputs, NULL);
    unsetenv("STUB_CUDA_FAIL");
    CHECK(status == failures[which].status);
    CHECK(strcmp(network->error_text(pool), failures[which].message) == 0);
    CHECK(strcmp(network->error_text(NULL), failures[which].message) == 0);
    CHECK(stub->launch_count == 1 && y[0] != y[0]);
    CHECK(network->run_checked(network, pool, BATCH, inputs, outputs, NULL) ==
          TOEPLITZ_SUCCESS);
    CHECK(is_decided_right(x, y, BATCH));
  }
  close_counted(pool, "numbers that can't be read");
}

/* A stream that the caller captures can't be waited for. */
static void check_captured_decisions(void) {
  const toeplitz_network *network = deciding_network(0);
  ALIGNED static float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  CUcontext context, left;
  CUstream stream;
  CUgraph graph;
  toeplitz_pool *pool = open_counted(network);
  fill_deciding(x, 0);
  CHECK(driver.cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
  CHECK(driver.cuCtxPushCurrent_v2(context) == CUDA_SUCCESS);
  CHECK(driver.cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
  CHECK(driver.cuStreamBeginCapture_v2(
            stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) == CUDA_SUCCESS);
  for (int samples = 1; samples <= 2; ++samples) {
    CHECK(network->run_device(network, pool, samples, stream, inputs,
                              outputs) == TOEPLITZ_GPU_ERROR);
    CHECK(strcmp(network->error_text(pool),
                 "'scaled' can't be captured into a graph: numbers that are "
                 "computed decide which kernels run") == 0);
  }
  CHECK(driver.cuStreamEndCapture(stream, &graph) == CUDA_SUCCESS);
  CHECK(driver.cuGraphDestroy(graph) == CUDA_SUCCESS);
  CHECK(stub->launch_count == 0 && stub->calls[STUB_cuEventRecord] == 0);
  CHECK(network->run_device(network, pool, 2, stream, inputs, outputs) == 0);
  CHECK(is_decided_right(x, y, 2));
  CHECK(driver.cuStreamDestroy_v2(stream) == CUDA_SUCCESS);
  CHECK(driver.cuCtxPopCurrent_v2(&left) == CUDA_SUCCESS);
  CHECK(driver.cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
  close_counted(pool, "numbers of the device in a graph of the caller's");
}

/* ---- Failing ---- */

/* What creation fails with, and that nothing is left. */
static void check_creation(const toeplitz_network *network, int ordinal,
                           int status, const char *message) {
  toeplitz_pool *pool = (toeplitz_pool *)&pool;
  start_counting();
  int found = network->create(network, ordinal, &pool);
  if (found != status || strcmp(network->error_text(NULL), message) != 0)
    printf("found %d, '%s', expected %d, '%s'\n", found,
           network->error_text(NULL), status, message);
  CHECK(found == status && strcmp(network->error_text(NULL), message) == 0);
  CHECK(pool == NULL && nothing_is_alive());
  unsetenv("STUB_CUDA_FAIL");
}

static void check_failures_of_creation(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  fail_at("cuInit", 1, CUDA_ERROR_NO_DEVICE);
  check_creation(network, 0, TOEPLITZ_NO_GPU, "cuInit: CUDA_ERROR_NO_DEVICE");
  check_creation(network, 1, TOEPLITZ_NO_GPU,
                 "GPU 1 is asked for, the driver has 1 of them");
  check_creation(network, -1, TOEPLITZ_NO_GPU,
                 "GPU -1 is asked for, the driver has 1 of them");
  fail_at("cuMemAlloc_v2", 2, CUDA_ERROR_OUT_OF_MEMORY);
  check_creation(network, 0, TOEPLITZ_GPU_OUT_OF_MEMORY,
                 "cuMemAlloc_v2, 1200 bytes for what layers hand to each "
                 "other: CUDA_ERROR_OUT_OF_MEMORY (out of memory)");
  fail_at("cuModuleLoadDataEx", 1, 200);
  check_creation(network, 0, TOEPLITZ_GPU_ERROR,
                 "cuModuleLoadDataEx, by a driver for CUDA 12.4: stub, line 1; "
                 "error: no such instruction\n2\n3\n4\n5: "
                 "CUDA_ERROR_INVALID_IMAGE");
  fail_at("cuModuleGetFunction", 2, 500);
  check_creation(network, 0, TOEPLITZ_GPU_ERROR,
                 "cuModuleGetFunction, kernel 'add': error 500");
  fail_at("cuLaunchKernel", 2, 1);
  check_creation(network, 0, TOEPLITZ_GPU_ERROR,
                 "cuLaunchKernel, kernel 'add' with 3 blocks of 128 threads: "
                 "error 1");
  puts("failures of creation have their status and message");
}

/* A kernel that asks for more of a block's memory than the device has. */
static void check_shared_memory(void) {
  setenv("STUB_CUDA_SHARED", "65535", 1);
  check_creation(scaled_network(0, 0), 0, TOEPLITZ_GPU_ERROR,
                 "cuFuncSetAttribute, kernel 'add' with 65536 bytes of shared "
                 "memory: error 1");
  setenv("STUB_CUDA_SHARED", "65536", 1);
  toeplitz_pool *pool;
  const toeplitz_network *network = scaled_network(0, 0);
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  network->threads_destroy(pool);
  unsetenv("STUB_CUDA_SHARED");
  puts("memory of a block");
}

static void check_capabilities(void) {
  setenv("STUB_CUDA_CAPABILITY", "70", 1);
  check_creation(scaled_network(0, 0), 0, TOEPLITZ_OLD_GPU,
                 "'scaled' is compiled for GPUs of compute capability 8.0 or "
                 "newer, found Stub 0 of 7.0");
  setenv("STUB_CUDA_CAPABILITY", "90", 1);
  check_creation(scaled_network_of(80), 0, TOEPLITZ_OLD_GPU,
                 "'scaled' is compiled for GPUs of compute capability 8.0 and "
                 "no other, found Stub 0 of 9.0");
  toeplitz_pool *pool;
  const toeplitz_network *exact = scaled_network_of(90);
  CHECK(exact->create(exact, 0, &pool) == TOEPLITZ_SUCCESS);
  exact->threads_destroy(pool);
  unsetenv("STUB_CUDA_CAPABILITY");
  puts("compute capabilities");
}

/* The place in the list of what is loaded for a GPU, the number of them for the
 * image, when the first `refused` attempts fail with this error; -1 where the
 * handle can't be made. */
static int loaded_for(const char *capability, int refused, int error) {
  const toeplitz_network *network = scaled_network_with_cubins();
  const toeplitz_gpu_program *program = network->gpu;
  setenv("STUB_CUDA_CAPABILITY", capability, 1);
  toeplitz_pool *pool;
  start_counting();
  stub->refusals = refused;
  stub->refusal = error;
  int status = network->create(network, 0, &pool);
  int attempts = stub->calls[STUB_cuModuleLoadDataEx];
  if (status != TOEPLITZ_SUCCESS) {
    CHECK(!pool && nothing_is_alive());
    return -1;
  }
  CHECK(attempts == refused + 1);
  CHECK(run_samples(network, pool, 1, 2) == TOEPLITZ_SUCCESS);
  const void *image = stub->image;
  network->threads_destroy(pool);
  CHECK(nothing_is_alive());
  unsetenv("STUB_CUDA_CAPABILITY");
  for (int place = 0; place < SCALED_CUBINS; ++place)
    if (program->cubins[place].code == image)
      return place;
  CHECK(image == program->image);
  return SCALED_CUBINS;
}

static void check_machine_code(void) {
  enum { OF_89, OF_80, OF_86, OF_EXACTLY_90, OF_ALL };
  CHECK(loaded_for("80", 0, 0) == OF_80);
  CHECK(loaded_for("86", 0, 0) == OF_86);
  CHECK(loaded_for("87", 0, 0) == OF_86);
  CHECK(loaded_for("89", 0, 0) == OF_89);
  CHECK(loaded_for("90", 0, 0) == OF_EXACTLY_90);
  CHECK(loaded_for("91", 0, 0) == OF_ALL);
  CHECK(loaded_for("100", 0, 0) == OF_ALL);
  /* CUDA_ERROR_NO_BINARY_FOR_GPU */
  CHECK(loaded_for("89", 1, 209) == OF_86);
  CHECK(loaded_for("89", 2, 209) == OF_80);
  CHECK(loaded_for("89", 3, 209) == OF_ALL);
  CHECK(loaded_for("90", 1, 209) == OF_ALL);
  CHECK(loaded_for("89", 4, 209) == -1);
  CHECK(strcmp(toeplitz_gpu_error(NULL),
               "cuModuleLoadDataEx, by a driver for CUDA 12.4: stub, line 1; "
               "error: no such instruction\n2\n3\n4\n5: error 209") == 0);
  /* Without memory, there is none for another image either. */
  CHECK(loaded_for("89", 1, CUDA_ERROR_OUT_OF_MEMORY) == -1);
  CHECK(stub->calls[STUB_cuModuleLoadDataEx] == 1);
  unsetenv("STUB_CUDA_CAPABILITY");
  puts("machine code where it fits, PTX elsewhere");
}

static void check_lost_device(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  toeplitz_pool *pool;
  start_counting();
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  fail_at("cuStreamSynchronize", 2, CUDA_ERROR_LAUNCH_FAILED);
  float x[SCALED_SIZE] = {0}, y[SCALED_SIZE] = {42};
  const void *inputs[] = {x};
  void *outputs[] = {y};
  CHECK(network->run_checked(network, pool, 1, inputs, outputs, NULL) ==
        TOEPLITZ_GPU_LOST);
  CHECK(y[0] == 42);
  CHECK(strcmp(network->error_text(pool),
               "cuStreamSynchronize: CUDA_ERROR_LAUNCH_FAILED") == 0);
  CHECK(strcmp(network->error_text(NULL), network->error_text(pool)) == 0);
  unsetenv("STUB_CUDA_FAIL");
  CHECK(run_samples(network, pool, 1, 1) == TOEPLITZ_SUCCESS);
  CHECK(strcmp(network->error_text(pool), "") == 0);
  network->threads_destroy(pool);
  CHECK(nothing_is_alive());
  puts("a lost device");
}

/* Everything that the library does to a GPU, to its end. Returns the first
 * status that isn't success. */
static int live(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  /* At places from where and to where they are copied. */
  ALIGNED float x[1 + 4 * SCALED_SIZE] = {0}, y[1 + 4 * SCALED_SIZE];
  const void *inputs[] = {x + 1};
  void *outputs[] = {y + 1};
  toeplitz_pool *pool;
  int status = network->create(network, 0, &pool);
  /* Memory grows twice, the last batch has a graph, and then it grows for what
   * is run in a stream, and for the host behind that. */
  static const int batches[] = {1, 2, 3, 3};
  for (int run = 0; run < 4 && status == TOEPLITZ_SUCCESS; ++run)
    status = run_samples(network, pool, batches[run], 1);
  if (status == TOEPLITZ_SUCCESS)
    status = toeplitz_gpu_run_device(network, pool, NULL, inputs, outputs);
  if (status == TOEPLITZ_SUCCESS)
    status = network->run_device(network, pool, 4, NULL, inputs, outputs);
  if (status == TOEPLITZ_SUCCESS)
    status = run_samples(network, pool, 5, 1);
  network->threads_destroy(pool);
  return status;
}

/* The same of a network that reads numbers from it. */
static int live_deciding(void) {
  const toeplitz_network *network = deciding_network(0);
  ALIGNED float x[2 * SCALED_SIZE] = {-1, [SCALED_SIZE] = 1},
                      y[2 * SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool;
  int status = network->create(network, 0, &pool);
  if (status == TOEPLITZ_SUCCESS)
    status = network->run_checked(network, pool, 2, inputs, outputs, NULL);
  if (status == TOEPLITZ_SUCCESS)
    status = network->run_device(network, pool, 2, NULL, inputs, outputs);
  CHECK(status != TOEPLITZ_SUCCESS || is_decided_right(x, y, 2));
  network->threads_destroy(pool);
  return status;
}

/* Each call of each function fails once. Those that free something fail
 * silently, and memory for several samples may be refused; the others are
 * noticed. */
static void check_every_failure(int (*live_once)(void)) {
#define NAME(name, parameters) #name,
  static const char *const names[] = {TOEPLITZ_CUDA_FUNCTIONS(NAME)};
#undef NAME
  int failures = 0, noticed = 0;
  for (int function = 0; function < STUB_FUNCTIONS; ++function)
    for (int call = 1;; ++call) {
      start_counting();
      fail_at(names[function], call, CUDA_ERROR_OUT_OF_MEMORY);
      int status = live_once();
      CHECK(status == TOEPLITZ_SUCCESS || status == TOEPLITZ_GPU_OUT_OF_MEMORY);
      unsetenv("STUB_CUDA_FAIL");
      if (!nothing_is_alive() && function != STUB_cuCtxPushCurrent_v2) {
        printf("call %d of %s leaves something\n", call, names[function]);
        exit(1);
      }
      if (!stub->failed)
        break;
      ++failures;
      noticed += status != TOEPLITZ_SUCCESS;
    }
  printf("%d failures, %d noticed: nothing leaks\n", failures, noticed);
}

int main(void) {
  find_stub();
  check_load_and_run();
  check_no_pool();
  check_two_handles();
  check_threads();
  check_batches();
  check_growth();
  check_graphs();
  check_little_memory();
  check_large_batch();
  check_fallback();
  check_failure_in_the_middle();
  check_device_pointers();
  check_device_batch();
  check_streams();
  check_growth_across_streams();
  check_captured_batches();
  check_places();
  check_odd_samples();
  check_refusals();
  check_decisions();
  check_failing_reads();
  check_captured_decisions();
  check_failures_of_creation();
  check_shared_memory();
  check_capabilities();
  check_machine_code();
  check_lost_device();
  check_every_failure(live);
  check_every_failure(live_deciding);
  return 0;
}
