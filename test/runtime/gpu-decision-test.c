/* Exercises networks of a GPU in which numbers that are computed decide what
 * runs, against the stub of the driver;
 * prints one line for each property that holds and ends with status 1 at the
 * first that doesn't. */

#define _GNU_SOURCE /* setenv */

#include "gpu_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
  CUgraph graph;
  toeplitz_pool *pool = open_counted(network);
  fill_deciding(x, 0);
  CUstream stream = create_stream();
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
  destroy_stream(stream);
  close_counted(pool, "numbers of the device in a graph of the caller's");
}

int main(void) {
  find_stub();
  check_decisions();
  check_failing_reads();
  check_captured_decisions();
  return 0;
}
