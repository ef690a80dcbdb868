#define _GNU_SOURCE /* setenv */

#include "gpu_checks.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

stub_state *stub;
toeplitz_cuda_driver driver;

void find_stub(void) {
  static toeplitz_gpu_handle errors;
  toeplitz_cuda_open(&driver, &errors);
  CHECK(errors.status == TOEPLITZ_SUCCESS);
  void *symbol = dlsym(driver.library, "stub_cuda_state");
  CHECK(symbol);
  stub_state *(*get)(void);
  memcpy(&get, &symbol, sizeof get);
  stub = get();
}

void start_counting(void) { memset(stub, 0, sizeof *stub); }

void fail_at(const char *function, int call, int error) {
  char text[128];
  snprintf(text, sizeof text, "%s:%d:%d", function, call, error);
  setenv("STUB_CUDA_FAIL", text, 1);
}

void forget_calls(void) {
  memset(stub->calls, 0, sizeof stub->calls);
  stub->launch_count = 0;
}

int nothing_is_alive(void) {
  return stub->memory == 0 && stub->host_memory == 0 && stub->contexts == 0 &&
         stub->modules == 0 && stub->streams == 0 && stub->graphs == 0 &&
         stub->executables == 0 && stub->events == 0 &&
         stub->calls[STUB_cuCtxPushCurrent_v2] ==
             stub->calls[STUB_cuCtxPopCurrent_v2];
}

toeplitz_pool *open_counted(const toeplitz_network *network) {
  toeplitz_pool *pool;
  start_counting();
  CHECK(toeplitz_gpu_create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  return pool;
}

void close_counted(toeplitz_pool *pool, const char *checked) {
  toeplitz_gpu_destroy(pool);
  CHECK(nothing_is_alive());
  puts(checked);
}

void fill(float *x, int samples, float first) {
  for (int index = 0; index < samples * SCALED_SIZE; ++index)
    x[index] = first + (float)(index % 17);
}

int is_right(const float *x, const float *y, int samples) {
  for (int index = 0; index < samples * SCALED_SIZE; ++index)
    if (y[index] != scaled_result(x[index], index % SCALED_SIZE))
      return 0;
  return 1;
}

int run_samples(const toeplitz_network *network, toeplitz_pool *pool,
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

long long parts_since(int first) {
  long long digits = 0;
  for (int index = first; index < stub->launch_count; index += 2)
    digits = digits * 10 + stub->launches[index].samples;
  return digits;
}

long long find_parts(toeplitz_pool *pool, int samples) {
  int first = stub->launch_count;
  CHECK(run_samples(scaled_network(1, 0), pool, samples, 1) == 0);
  CHECK(strcmp(toeplitz_gpu_error(pool), "") == 0);
  return parts_since(first);
}

void set_memory(size_t bytes) {
  char text[32];
  snprintf(text, sizeof text, "%zu", bytes);
  setenv("STUB_CUDA_MEMORY", text, 1);
}

void fill_deciding(float *x, float shift) {
  for (int index = 0; index < BATCH * SCALED_SIZE; ++index)
    x[index] = (float)(index % 17);
  for (int sample = 0; sample < BATCH; ++sample)
    x[sample * SCALED_SIZE] = (float)(3 * (sample % 2) - 1) + shift;
}

int is_decided_right(const float *x, const float *y, int samples) {
  for (int index = 0; index < samples * SCALED_SIZE; ++index) {
    int place = index % SCALED_SIZE;
    if (y[index] != decided_result(x[index], x[index - place], place))
      return 0;
  }
  return 1;
}

CUstream create_stream(void) {
  CUstream stream;
  CHECK(driver.cuCtxPushCurrent_v2((CUcontext)(void *)stub) == CUDA_SUCCESS);
  CHECK(driver.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS);
  return stream;
}

void destroy_stream(CUstream stream) {
  CUcontext left;
  CHECK(driver.cuStreamDestroy_v2(stream) == CUDA_SUCCESS);
  CHECK(driver.cuCtxPopCurrent_v2(&left) == CUDA_SUCCESS);
}
