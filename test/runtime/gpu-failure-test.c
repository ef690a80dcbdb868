/* Exercises what the runtime says, and leaves, where a GPU fails or doesn't
 * fit, against the stub of the driver; prints one line for each property that
 * holds and ends with status 1 at the first that doesn't. */

#define _GNU_SOURCE /* setenv */

#include "gpu_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void check_success_of_creation(const toeplitz_network *network) {
  toeplitz_pool *pool;
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  network->threads_destroy(pool);
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
  check_success_of_creation(scaled_network(0, 0));
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
  check_success_of_creation(scaled_network_of(90));
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
  check_failures_of_creation();
  check_shared_memory();
  check_capabilities();
  check_machine_code();
  check_lost_device();
  check_every_failure(live);
  check_every_failure(live_deciding);
  return 0;
}
