/* Exercises the runtime's side of networks of a GPU on a GPU; prints one line
 * for each property that holds and ends with status 1 at the first that
 * doesn't. */

#include "Inputs/scaled_network.h"
#include "runtime/cuda_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("FAILED at line %d: %s: %s\n", __LINE__, #condition,              \
             toeplitz_gpu_error(NULL));                                        \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

enum { RUNS = 20, BYTES = SCALED_SIZE * sizeof(float) };

static void fill(float *x, int run) {
  for (int index = 0; index < SCALED_SIZE; ++index)
    x[index] = (float)(run + index % 31);
}

static void check_result(const float *x, const float *y) {
  for (int index = 0; index < SCALED_SIZE; ++index)
    CHECK(y[index] == scaled_result(x[index], index));
}

/* The caller of a network: the driver, the context of the first GPU, which is
 * the current one from open_caller to close_caller, and a stream in it. */
typedef struct gpu_caller {
  toeplitz_cuda_driver driver;
  CUcontext context;
  CUstream stream;
} gpu_caller;

static CUstream create_stream(const toeplitz_cuda_driver *driver) {
  CUstream stream;
  CHECK(driver->cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING) ==
        CUDA_SUCCESS);
  return stream;
}

static void open_caller(gpu_caller *opened) {
  static toeplitz_gpu_handle errors;
  toeplitz_cuda_driver *driver = &opened->driver;
  memset(opened, 0, sizeof *opened);
  toeplitz_cuda_open(driver, &errors);
  CHECK(errors.status == TOEPLITZ_SUCCESS);
  CHECK(driver->cuDevicePrimaryCtxRetain(&opened->context, 0) == CUDA_SUCCESS);
  CHECK(driver->cuCtxPushCurrent_v2(opened->context) == CUDA_SUCCESS);
  opened->stream = create_stream(driver);
}

static void close_caller(gpu_caller *opened) {
  toeplitz_cuda_driver *driver = &opened->driver;
  CUcontext left;
  CHECK(driver->cuStreamDestroy_v2(opened->stream) == CUDA_SUCCESS);
  CHECK(driver->cuCtxPopCurrent_v2(&left) == CUDA_SUCCESS &&
        left == opened->context);
  CHECK(driver->cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
  toeplitz_cuda_close(driver);
}

/* Memory of the device, an input and an output of so many bytes. */
static void allocate(const toeplitz_cuda_driver *driver, CUdeviceptr memory[2],
                     size_t bytes) {
  for (int place = 0; place < 2; ++place)
    CHECK(driver->cuMemAlloc_v2(&memory[place], bytes) == CUDA_SUCCESS);
}

static void release(const toeplitz_cuda_driver *driver,
                    const CUdeviceptr memory[2]) {
  for (int place = 0; place < 2; ++place)
    CHECK(driver->cuMemFree_v2(memory[place]) == CUDA_SUCCESS);
}

static void check_runs(toeplitz_pool *pool) {
  const toeplitz_network *network = scaled_network_in_ptx(0);
  float x[SCALED_SIZE], y[SCALED_SIZE];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  for (int run = 0; run < RUNS; ++run) {
    fill(x, run);
    CHECK(toeplitz_network_run(network, pool, inputs, outputs, NULL) == 0);
    check_result(x, y);
  }
  printf("%d runs %s a handle\n", (int)RUNS, pool ? "with" : "without");
}

/* Once with launches, then with a graph; the last one is more than a grid has,
 * so that it is computed in two parts. */
static void check_batches(void) {
  static const int batches[] = {0, 1, 2, 7, 7, 7, 3, 65600, 65600};
  const toeplitz_network *network = batched_network_in_ptx();
  toeplitz_pool *pool;
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  for (size_t place = 0; place < sizeof batches / sizeof *batches; ++place) {
    size_t count = (size_t)batches[place] * SCALED_SIZE;
    float *x = calloc(count + 1, sizeof *x), *y = calloc(count + 1, sizeof *y);
    CHECK(x && y);
    for (size_t index = 0; index < count; ++index)
      x[index] = (float)((index + place) % 1009);
    const void *inputs[] = {x};
    void *outputs[] = {y};
    CHECK(network->run_checked(network, pool, batches[place], inputs, outputs,
                               NULL) == TOEPLITZ_SUCCESS);
    for (size_t index = 0; index < count; ++index)
      CHECK(y[index] == scaled_result(x[index], (int)(index % SCALED_SIZE)));
    free(x);
    free(y);
  }
  network->threads_destroy(pool);
  puts("batches of any size");
}

/* With memory of the caller's, in the default stream. */
static void check_device_pointers(toeplitz_pool *pool) {
  gpu_caller caller;
  open_caller(&caller);
  const toeplitz_cuda_driver *driver = &caller.driver;
  CUdeviceptr memory[2];
  float x[SCALED_SIZE], y[SCALED_SIZE];
  allocate(driver, memory, BYTES);
  fill(x, 3);
  CHECK(driver->cuMemcpyHtoDAsync_v2(memory[0], x, BYTES, NULL) ==
        CUDA_SUCCESS);
  const void *inputs[] = {(void *)(uintptr_t)memory[0]};
  void *outputs[] = {(void *)(uintptr_t)memory[1]};
  CHECK(toeplitz_gpu_run_device(scaled_network_in_ptx(0), pool, NULL, inputs,
                                outputs) == TOEPLITZ_SUCCESS);
  CHECK(driver->cuMemcpyDtoHAsync_v2(y, memory[1], BYTES, NULL) ==
        CUDA_SUCCESS);
  CHECK(driver->cuStreamSynchronize(NULL) == CUDA_SUCCESS);
  check_result(x, y);
  release(driver, memory);
  close_caller(&caller);
  puts("pointers of the device and a stream of the caller's");
}

/* In two streams of the caller's, at places that aren't aligned to more than
 * the elements, and from the host's memory behind them, with nobody waiting in
 * between: the runs of the handle wait for each other. */
static void check_streams(toeplitz_pool *pool) {
  const toeplitz_network *network = scaled_network_in_ptx(0);
  enum { STREAMS = 2 };
  gpu_caller caller;
  open_caller(&caller);
  const toeplitz_cuda_driver *driver = &caller.driver;
  CUstream streams[STREAMS];
  CUdeviceptr memory[STREAMS][2];
  float x[STREAMS][SCALED_SIZE], y[SCALED_SIZE];
  for (int index = 0; index < STREAMS; ++index) {
    fill(x[index], 5 * index);
    streams[index] = create_stream(driver);
    allocate(driver, memory[index], BYTES + sizeof(float));
    CHECK(driver->cuMemcpyHtoDAsync_v2(memory[index][0] + sizeof(float),
                                       x[index], BYTES,
                                       streams[index]) == CUDA_SUCCESS);
  }
  for (int run = 0; run < RUNS; ++run) {
    int index = run % STREAMS;
    const void *inputs[] = {
        (void *)(uintptr_t)(memory[index][0] + sizeof(float))};
    void *outputs[] = {(void *)(uintptr_t)(memory[index][1] + sizeof(float))};
    CHECK(network->run_device(network, pool, 1, streams[index], inputs,
                              outputs) == TOEPLITZ_SUCCESS);
  }
  check_runs(pool);
  for (int index = 0; index < STREAMS; ++index) {
    CHECK(driver->cuMemcpyDtoHAsync_v2(y, memory[index][1] + sizeof(float),
                                       BYTES, streams[index]) == CUDA_SUCCESS);
    CHECK(driver->cuStreamSynchronize(streams[index]) == CUDA_SUCCESS);
    check_result(x[index], y);
    release(driver, memory[index]);
    CHECK(driver->cuStreamDestroy_v2(streams[index]) == CUDA_SUCCESS);
  }
  close_caller(&caller);
  puts("runs in several streams wait for each other");
}

/* Batches in a stream of the caller's, where they are in place and where they
 * aren't, as they are and by a graph of the caller's. */
static void check_device_batches(void) {
  enum { BATCH = 70, MORE = BATCH * BYTES + sizeof(float) };
  static float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  static const int batches[] = {0, 1, BATCH, 7, 2, 3};
  const toeplitz_network *network = batched_network_in_ptx();
  toeplitz_pool *pool;
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  gpu_caller caller;
  open_caller(&caller);
  const toeplitz_cuda_driver *driver = &caller.driver;
  CUdeviceptr memory[2];
  allocate(driver, memory, MORE);
  for (size_t run = 0; run < 4 * sizeof batches / sizeof *batches; ++run) {
    int batch = batches[run / 4], captured = run % 4 > 1;
    size_t bytes = (size_t)batch * BYTES, shift = run % 2 * sizeof(float);
    for (int index = 0; index < batch * SCALED_SIZE; ++index)
      x[index] = (float)((index + (int)run) % 1009);
    const void *inputs[] = {(void *)(uintptr_t)(memory[0] + shift)};
    void *outputs[] = {(void *)(uintptr_t)(memory[1] + shift)};
    CUgraph graph = NULL;
    CUgraphExec executable = NULL;
    if (bytes > 0)
      CHECK(driver->cuMemcpyHtoDAsync_v2(memory[0] + shift, x, bytes,
                                         caller.stream) == CUDA_SUCCESS);
    if (captured)
      CHECK(driver->cuStreamBeginCapture_v2(
                caller.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) ==
            CUDA_SUCCESS);
    CHECK(network->run_device(network, pool, batch, caller.stream, inputs,
                              outputs) == TOEPLITZ_SUCCESS);
    if (captured) {
      CHECK(driver->cuStreamEndCapture(caller.stream, &graph) == CUDA_SUCCESS);
      CHECK(driver->cuGraphInstantiateWithFlags(&executable, graph, 0) ==
            CUDA_SUCCESS);
      CHECK(driver->cuGraphLaunch(executable, caller.stream) == CUDA_SUCCESS);
    }
    if (bytes > 0)
      CHECK(driver->cuMemcpyDtoHAsync_v2(y, memory[1] + shift, bytes,
                                         caller.stream) == CUDA_SUCCESS);
    CHECK(driver->cuStreamSynchronize(caller.stream) == CUDA_SUCCESS);
    if (captured) {
      CHECK(driver->cuGraphExecDestroy(executable) == CUDA_SUCCESS);
      CHECK(driver->cuGraphDestroy(graph) == CUDA_SUCCESS);
    }
    for (int index = 0; index < batch * SCALED_SIZE; ++index)
      CHECK(y[index] == scaled_result(x[index], index % SCALED_SIZE));
  }
  release(driver, memory);
  network->threads_destroy(pool);
  close_caller(&caller);
  puts("batches in the device's memory");
}

/* Samples that decide differently, from the host's memory and in a stream. */
static void check_decisions(void) {
  enum { BATCH = 9 };
  static float x[BATCH * SCALED_SIZE], y[BATCH * SCALED_SIZE];
  const toeplitz_network *network = deciding_network_in_ptx();
  toeplitz_pool *pool;
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_SUCCESS);
  gpu_caller caller;
  open_caller(&caller);
  const toeplitz_cuda_driver *driver = &caller.driver;
  CUgraph graph = NULL;
  CUdeviceptr memory[2];
  allocate(driver, memory, sizeof x);
  for (int run = 0; run < RUNS; ++run) {
    int samples = run % (BATCH + 1), on_device = run % 2;
    const void *host_inputs[] = {x};
    void *host_outputs[] = {y};
    const void *inputs[] = {(void *)(uintptr_t)memory[0]};
    void *outputs[] = {(void *)(uintptr_t)memory[1]};
    for (int index = 0; index < BATCH * SCALED_SIZE; ++index)
      x[index] = (float)((index + 7 * run) % 13 - 6);
    if (!on_device) {
      CHECK(network->run_checked(network, pool, samples, host_inputs,
                                 host_outputs, NULL) == TOEPLITZ_SUCCESS);
    } else {
      CHECK(driver->cuMemcpyHtoDAsync_v2(memory[0], x, sizeof x,
                                         caller.stream) == CUDA_SUCCESS);
      CHECK(network->run_device(network, pool, samples, caller.stream, inputs,
                                outputs) == TOEPLITZ_SUCCESS);
      CHECK(driver->cuMemcpyDtoHAsync_v2(y, memory[1], sizeof y,
                                         caller.stream) == CUDA_SUCCESS);
      CHECK(driver->cuStreamSynchronize(caller.stream) == CUDA_SUCCESS);
    }
    for (int index = 0; index < samples * SCALED_SIZE; ++index) {
      int place = index % SCALED_SIZE;
      CHECK(y[index] == decided_result(x[index], x[index - place], place));
    }
  }
  const void *inputs[] = {(void *)(uintptr_t)memory[0]};
  void *outputs[] = {(void *)(uintptr_t)memory[1]};
  CHECK(driver->cuStreamBeginCapture_v2(caller.stream,
                                        CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) ==
        CUDA_SUCCESS);
  CHECK(network->run_device(network, pool, 1, caller.stream, inputs, outputs) ==
        TOEPLITZ_GPU_ERROR);
  CHECK(driver->cuStreamEndCapture(caller.stream, &graph) == CUDA_SUCCESS);
  CHECK(driver->cuGraphDestroy(graph) == CUDA_SUCCESS);
  release(driver, memory);
  network->threads_destroy(pool);
  close_caller(&caller);
  puts("numbers of the device decide what is computed");
}

static void check_broken_image(void) {
  const toeplitz_network *network = scaled_network_in_ptx(1);
  toeplitz_pool *pool;
  CHECK(network->create(network, 0, &pool) == TOEPLITZ_GPU_ERROR && !pool);
  printf("%s\n", network->error_text(NULL));
  CHECK(network->create(network, 1000, &pool) == TOEPLITZ_NO_GPU && !pool);
  printf("%s\n", network->error_text(NULL));
}

int main(void) {
  toeplitz_pool *pool;
  CHECK(toeplitz_gpu_create(scaled_network_in_ptx(0), 0, &pool) ==
        TOEPLITZ_SUCCESS);
  check_runs(pool);
  check_device_pointers(pool);
  check_streams(pool);
  toeplitz_gpu_destroy(pool);
  check_runs(NULL);
  check_batches();
  check_device_batches();
  check_decisions();
  check_broken_image();
  return 0;
}
