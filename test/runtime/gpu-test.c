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

enum { RUNS = 50, THREADS = 4, BATCH = 3 };

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

static int nothing_is_alive(void) {
  return stub->memory == 0 && stub->host_memory == 0 && stub->contexts == 0 &&
         stub->modules == 0 && stub->streams == 0 && stub->graphs == 0 &&
         stub->executables == 0 && stub->events == 0 &&
         stub->calls[STUB_cuCtxPushCurrent_v2] ==
             stub->calls[STUB_cuCtxPopCurrent_v2];
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
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  puts("threads take turns with one handle");
}

static void check_batches(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  toeplitz_pool *pool;
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  for (int samples = 0; samples <= BATCH; ++samples)
    CHECK(run_samples(network, pool, samples, 2) == TOEPLITZ_SUCCESS);
  CHECK(stub->calls[STUB_cuGraphLaunch] == 1 + 2 + 3);
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
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  puts("batches of any size, none included");
}

static void check_device_pointers(void) {
  const toeplitz_network *network = scaled_network(0, 0);
  float x[SCALED_SIZE], y[SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  toeplitz_pool *pool;
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
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
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  puts("pointers of the device and a stream of the caller's");
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

/* Tensors at any place, and batches, whose samples of 1200 bytes are aligned
 * here, but not behind an address that isn't. */
static void check_places(void) {
  const toeplitz_network *network = scaled_network(1, 0);
  static float memory[2][BATCH * SCALED_SIZE + 4]
      __attribute__((aligned(TOEPLITZ_GPU_TENSOR_ALIGNMENT)));
  toeplitz_pool *pool;
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  for (int place = 0; place < 4; ++place)
    for (int samples = 0; samples <= BATCH; ++samples) {
      start_counting();
      float *x = memory[0] + place, *y = memory[1] + (place + samples) % 4;
      const void *inputs[] = {x};
      void *outputs[] = {y};
      fill(x, BATCH, (float)(place + samples));
      memset(memory[1], 0xff, sizeof memory[1]);
      CHECK(network->run_device(network, pool, samples, NULL, inputs,
                                outputs) == TOEPLITZ_SUCCESS);
      CHECK(is_right(x, y, samples));
      CHECK(y[samples * SCALED_SIZE] != y[samples * SCALED_SIZE]);
      CHECK(stub->launch_count == 2 * samples);
      int copied = (place % 4 != 0) + ((place + samples) % 4 != 0);
      CHECK(stub->calls[STUB_cuMemcpyDtoDAsync_v2] == copied * samples);
      for (int launch = 0; launch < stub->launch_count; launch += 2)
        CHECK(stub->launches[launch].values[0] % 16 == 0 &&
              stub->launches[launch + 1].values[2] % 16 == 0);
    }
  network->threads_destroy(pool);
  puts("tensors of the device at any place");
}

static void check_refused(const toeplitz_network *network, toeplitz_pool *pool,
                          int batch, const void *input, void *output,
                          int status, const char *message) {
  start_counting();
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
  toeplitz_pool *pool;
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  check_refused(network, pool, 2, x, y, TOEPLITZ_BAD_BATCH,
                "'scaled': a batch of 2");
  check_refused(scaled_network(1, 0), pool, -1, x, y, TOEPLITZ_BAD_BATCH,
                "'scaled': a batch of -1");
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

/* ---- Failing ---- */

static void fail_at(const char *function, int call, int error) {
  char text[128];
  snprintf(text, sizeof text, "%s:%d:%d", function, call, error);
  setenv("STUB_CUDA_FAIL", text, 1);
}

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
  const toeplitz_network *network = scaled_network(0, 0);
  /* At places from where and to where they are copied. */
  __attribute__((aligned(16))) float x[1 + SCALED_SIZE] = {0},
                                           y[1 + SCALED_SIZE];
  const void *inputs[] = {x + 1};
  void *outputs[] = {y + 1};
  toeplitz_pool *pool;
  int status = network->create(network, 0, &pool);
  if (status == TOEPLITZ_SUCCESS)
    status = run_samples(network, pool, 1, 1);
  if (status == TOEPLITZ_SUCCESS)
    status = toeplitz_gpu_run_device(network, pool, NULL, inputs, outputs);
  if (status == TOEPLITZ_SUCCESS)
    status = run_samples(network, pool, 1, 1);
  network->threads_destroy(pool);
  return status;
}

/* Each call of each function fails once. Those that free something fail
 * silently, the others are noticed. */
static void check_every_failure(void) {
#define NAME(name, parameters) #name,
  static const char *const names[] = {TOEPLITZ_CUDA_FUNCTIONS(NAME)};
#undef NAME
  int failures = 0, noticed = 0;
  for (int function = 0; function < STUB_FUNCTIONS; ++function)
    for (int call = 1;; ++call) {
      start_counting();
      fail_at(names[function], call, CUDA_ERROR_OUT_OF_MEMORY);
      int status = live();
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
  check_device_pointers();
  check_streams();
  check_places();
  check_refusals();
  check_failures_of_creation();
  check_capabilities();
  check_machine_code();
  check_lost_device();
  check_every_failure();
  return 0;
}
