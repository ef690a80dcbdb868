/* A network on a GPU of NVIDIA, through the driver library.
 *
 * All memory is had when the handle is made. Then the launches of all kernels,
 * which are the same for every run, are captured into one CUDA graph: a run
 * copies its inputs to the device, launches the graph and copies the outputs
 * back, by way of pinned host memory, from which copies need no help of the
 * CPU. */

#define _POSIX_C_SOURCE 200112L /* pthread_mutex_t */

#include "runtime/cuda_driver.h"
#include "runtime/cuda_module.h"
#include "runtime/samples.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tensor's memory for runs from host memory; without elements, none. */
typedef struct tensor_memory {
  CUdeviceptr device;
  void *pinned;
  size_t bytes;
} tensor_memory;

typedef struct cuda_network {
  toeplitz_gpu_handle base;
  toeplitz_cuda_driver driver;
  CUdevice device;
  int capability;    /* 80: 8.0 */
  CUcontext context; /* NULL when it isn't retained */
  CUmodule module;
  CUfunction *functions; /* one for each kernel */
  CUdeviceptr weights;
  CUdeviceptr arena;
  tensor_memory *inputs;
  tensor_memory *outputs;
  CUstream stream;
  CUgraphExec graph;
  /* The end of the last run in a stream of a caller's, where there was one that
   * the host hasn't waited for. */
  CUevent last_run;
  int has_last_run;
  /* Whether the caller captures the stream of the run. */
  int captures;
} cuda_network;

/* Notes what a call of the driver returned, if it is an error; what the call
 * was for is said by the format. Returns whether the handle has an error. */
__attribute__((format(printf, 3, 4))) static int
check(cuda_network *network, CUresult result, const char *format, ...) {
  char what[640], why[256];
  va_list arguments;
  if (result == CUDA_SUCCESS)
    return network->base.status != TOEPLITZ_SUCCESS;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  toeplitz_gpu_fail(
      &network->base, toeplitz_cuda_status(result), "%s: %s", what,
      toeplitz_cuda_describe(&network->driver, result, why, sizeof why));
  return 1;
}

/* ---- The device: each of these returns whether it failed ---- */

static int find_device(cuda_network *network, int ordinal) {
  const toeplitz_cuda_driver *driver = &network->driver;
  int count = 0;
  toeplitz_cuda_open(&network->driver, &network->base);
  if (network->base.status != TOEPLITZ_SUCCESS ||
      check(network, driver->cuInit(0), "cuInit") ||
      check(network, driver->cuDeviceGetCount(&count), "cuDeviceGetCount"))
    return 1;
  if (ordinal < 0 || ordinal >= count)
    return toeplitz_gpu_fail(&network->base, TOEPLITZ_NO_GPU,
                             "GPU %d is asked for, the driver has %d of them",
                             ordinal, count);
  return check(network, driver->cuDeviceGet(&network->device, ordinal),
               "cuDeviceGet");
}

static int check_capability(cuda_network *network) {
  const toeplitz_cuda_driver *driver = &network->driver;
  const toeplitz_gpu_program *program = network->base.network->gpu;
  char name[128] = "";
  int major = 0, minor = 0;
  if (check(network,
            driver->cuDeviceGetAttribute(
                &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                network->device),
            "cuDeviceGetAttribute") ||
      check(network,
            driver->cuDeviceGetAttribute(
                &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                network->device),
            "cuDeviceGetAttribute") ||
      check(network,
            driver->cuDeviceGetName(name, sizeof name, network->device),
            "cuDeviceGetName"))
    return 1;
  int found = 10 * major + minor, needed = program->capability;
  network->capability = found;
  if (found == needed || (found > needed && !program->exact_capability))
    return 0;
  return toeplitz_gpu_fail(
      &network->base, TOEPLITZ_OLD_GPU,
      "'%s' is compiled for GPUs of compute capability %d.%d%s, found %s of "
      "%d.%d",
      network->base.network->name, needed / 10, needed % 10,
      program->exact_capability ? " and no other" : " or newer", name, major,
      minor);
}

/* The context that all of the process shares, so that the caller's device
 * pointers and streams are good here. */
static int retain_context(cuda_network *network) {
  return check(network,
               network->driver.cuDevicePrimaryCtxRetain(&network->context,
                                                        network->device),
               "cuDevicePrimaryCtxRetain");
}

/* Between these two, the thread's own context is put aside. */
static int enter_context(cuda_network *network) {
  return check(network, network->driver.cuCtxPushCurrent_v2(network->context),
               "cuCtxPushCurrent_v2");
}

static void leave_context(cuda_network *network) {
  CUcontext left;
  check(network, network->driver.cuCtxPopCurrent_v2(&left),
        "cuCtxPopCurrent_v2");
}

/* ---- The kernels ---- */

static int load_module(cuda_network *network) {
  network->module = toeplitz_cuda_load_module(&network->driver, &network->base,
                                              network->capability);
  return !network->module;
}

static int find_kernels(cuda_network *network) {
  const toeplitz_gpu_program *program = network->base.network->gpu;
  network->functions =
      calloc((size_t)program->kernel_count + 1, sizeof *network->functions);
  if (!network->functions)
    return toeplitz_gpu_fail(&network->base, TOEPLITZ_OUT_OF_MEMORY,
                             "no memory for the list of kernels");
  for (int32_t index = 0; index < program->kernel_count; ++index) {
    const toeplitz_gpu_kernel *kernel = &program->kernels[index];
    CUfunction *function = &network->functions[index];
    if (check(network,
              network->driver.cuModuleGetFunction(function, network->module,
                                                  kernel->name),
              "cuModuleGetFunction, kernel '%s'", kernel->name))
      return 1;
    /* Above 48 KiB it has to be asked for. */
    if (kernel->shared_bytes > 0 &&
        check(network,
              network->driver.cuFuncSetAttribute(
                  *function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                  (int)kernel->shared_bytes),
              "cuFuncSetAttribute, kernel '%s' with %u bytes of shared memory",
              kernel->name, (unsigned)kernel->shared_bytes))
      return 1;
  }
  return 0;
}

/* ---- The memory ---- */

/* Nothing is had for no bytes: the driver refuses to. */
static int allocate(cuda_network *network, CUdeviceptr *memory, uint64_t bytes,
                    const char *purpose) {
  return bytes > 0 &&
         check(network, network->driver.cuMemAlloc_v2(memory, (size_t)bytes),
               "cuMemAlloc_v2, %llu bytes for %s", (unsigned long long)bytes,
               purpose);
}

static int allocate_tensors(cuda_network *network,
                            const toeplitz_tensor *tensors, int32_t count,
                            tensor_memory **result) {
  tensor_memory *memory = calloc((size_t)count + 1, sizeof *memory);
  *result = memory;
  if (!memory)
    return toeplitz_gpu_fail(&network->base, TOEPLITZ_OUT_OF_MEMORY,
                             "no memory for the list of tensors");
  for (int32_t index = 0; index < count; ++index) {
    memory[index].bytes = (size_t)toeplitz_sample_bytes(&tensors[index]);
    if (memory[index].bytes > 0 &&
        (allocate(network, &memory[index].device, memory[index].bytes,
                  tensors[index].name) ||
         check(network,
               network->driver.cuMemHostAlloc(&memory[index].pinned,
                                              memory[index].bytes, 0),
               "cuMemHostAlloc, %zu bytes for %s", memory[index].bytes,
               tensors[index].name)))
      return 1;
  }
  return 0;
}

static int allocate_all(cuda_network *network) {
  const toeplitz_network *description = network->base.network;
  const toeplitz_gpu_program *program = description->gpu;
  return check(network,
               network->driver.cuStreamCreate(&network->stream,
                                              CU_STREAM_NON_BLOCKING),
               "cuStreamCreate") ||
         check(network,
               network->driver.cuEventCreate(&network->last_run,
                                             CU_EVENT_DISABLE_TIMING),
               "cuEventCreate") ||
         allocate(network, &network->weights, program->weights_size,
                  "the weights") ||
         allocate(network, &network->arena, program->arena_size,
                  "what layers hand to each other") ||
         allocate_tensors(network, description->inputs,
                          description->input_count, &network->inputs) ||
         allocate_tensors(network, description->outputs,
                          description->output_count, &network->outputs);
}

static int upload_weights(cuda_network *network) {
  const toeplitz_gpu_program *program = network->base.network->gpu;
  for (int32_t index = 0; index < program->weights_count; ++index) {
    const toeplitz_gpu_weights *weights = &program->weights[index];
    if (weights->bytes > 0 &&
        check(network,
              network->driver.cuMemcpyHtoDAsync_v2(
                  network->weights + weights->offset, weights->data,
                  (size_t)weights->bytes, network->stream),
              "cuMemcpyHtoDAsync_v2, the weights"))
      return 1;
  }
  return check(network, network->driver.cuStreamSynchronize(network->stream),
               "cuStreamSynchronize, after the weights");
}

/* ---- The launches ---- */

static void launch(toeplitz_gpu_queue *queue, const toeplitz_gpu_kernel *kernel,
                   uint32_t blocks, const uint64_t *values, int32_t count) {
  cuda_network *network = (cuda_network *)queue->handle;
  ptrdiff_t index = kernel - network->base.network->gpu->kernels;
  void *parameters[TOEPLITZ_GPU_MAXIMUM_VALUES];
  for (int32_t value = 0; value < count; ++value)
    parameters[value] = (void *)(uintptr_t)&values[value];
  check(network,
        network->driver.cuLaunchKernel(
            network->functions[index], blocks, 1, 1, kernel->threads, 1, 1,
            kernel->shared_bytes, (CUstream)queue->stream, parameters, NULL),
        "cuLaunchKernel, kernel '%s' with %u blocks of %u threads",
        kernel->name, (unsigned)blocks, (unsigned)kernel->threads);
}

static void *as_pointer(CUdeviceptr memory) {
  return (void *)(uintptr_t)memory;
}

static void launch_all(cuda_network *network, CUstream stream,
                       const void *const *inputs, void *const *outputs) {
  toeplitz_gpu_queue queue = {&network->base, stream};
  network->base.network->gpu->launch_all(&queue, as_pointer(network->arena),
                                         as_pointer(network->weights), inputs,
                                         outputs);
}

static void find_memory(toeplitz_gpu_handle *handle, const void **inputs,
                        void **outputs) {
  cuda_network *network = (cuda_network *)handle;
  for (int32_t index = 0; index < handle->network->input_count; ++index)
    inputs[index] = as_pointer(network->inputs[index].device);
  for (int32_t index = 0; index < handle->network->output_count; ++index)
    outputs[index] = as_pointer(network->outputs[index].device);
}

static void launch_on_own_memory(cuda_network *network) {
  const toeplitz_network *description = network->base.network;
  /* One more than needed: an array of C has elements. */
  const void *inputs[description->input_count + 1];
  void *outputs[description->output_count + 1];
  find_memory(&network->base, inputs, outputs);
  launch_all(network, network->stream, inputs, outputs);
}

static int capture_graph(cuda_network *network) {
  const toeplitz_cuda_driver *driver = &network->driver;
  CUgraph graph = NULL;
  /* What other threads do with the driver meanwhile is their own affair. */
  if (check(network,
            driver->cuStreamBeginCapture_v2(
                network->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
            "cuStreamBeginCapture_v2"))
    return 1;
  launch_on_own_memory(network);
  CUresult ended = driver->cuStreamEndCapture(network->stream, &graph);
  if (!check(network, ended, "cuStreamEndCapture"))
    check(network,
          driver->cuGraphInstantiateWithFlags(&network->graph, graph, 0),
          "cuGraphInstantiateWithFlags");
  if (graph)
    driver->cuGraphDestroy(graph);
  return network->base.status != TOEPLITZ_SUCCESS;
}

/* ---- What the handle does ---- */

static void find_network(toeplitz_gpu_handle *handle, int ordinal) {
  cuda_network *network = (cuda_network *)handle;
  (void)(find_device(network, ordinal) || check_capability(network));
}

static void open_network(toeplitz_gpu_handle *handle, int ordinal) {
  cuda_network *network = (cuda_network *)handle;
  find_network(handle, ordinal);
  if (handle->status != TOEPLITZ_SUCCESS || retain_context(network) ||
      enter_context(network))
    return;
  /* The first failure ends it. */
  (void)(load_module(network) || find_kernels(network) ||
         allocate_all(network) || upload_weights(network) ||
         capture_graph(network));
  leave_context(network);
}

static void free_tensors(cuda_network *network, tensor_memory *memory,
                         int32_t count) {
  for (int32_t index = 0; memory && index < count; ++index) {
    if (memory[index].device)
      network->driver.cuMemFree_v2(memory[index].device);
    if (memory[index].pinned)
      network->driver.cuMemFreeHost(memory[index].pinned);
  }
  free(memory);
}

/* Frees all that there is. Errors don't matter any more: whatever a broken
 * context holds goes with it. */
static void free_resources(cuda_network *network) {
  const toeplitz_cuda_driver *driver = &network->driver;
  if (network->stream) {
    if (network->has_last_run)
      driver->cuStreamWaitEvent(network->stream, network->last_run, 0);
    driver->cuStreamSynchronize(network->stream);
  }
  if (network->last_run)
    driver->cuEventDestroy_v2(network->last_run);
  if (network->graph)
    driver->cuGraphExecDestroy(network->graph);
  free_tensors(network, network->inputs, network->base.network->input_count);
  free_tensors(network, network->outputs, network->base.network->output_count);
  if (network->arena)
    driver->cuMemFree_v2(network->arena);
  if (network->weights)
    driver->cuMemFree_v2(network->weights);
  if (network->stream)
    driver->cuStreamDestroy_v2(network->stream);
  if (network->module)
    driver->cuModuleUnload(network->module);
}

static void close_network(toeplitz_gpu_handle *handle) {
  cuda_network *network = (cuda_network *)handle;
  if (network->context) {
    CUcontext left;
    int entered =
        network->driver.cuCtxPushCurrent_v2(network->context) == CUDA_SUCCESS;
    free_resources(network);
    if (entered)
      network->driver.cuCtxPopCurrent_v2(&left);
    network->driver.cuDevicePrimaryCtxRelease_v2(network->device);
  }
  free(network->functions);
  toeplitz_cuda_close(&network->driver);
}

/* The arena and the tensors' memory are free for a run in the stream when it
 * comes to this point. Returns whether it failed. */
static int wait_for_last_run(cuda_network *network, CUstream stream) {
  return network->has_last_run &&
         check(network,
               network->driver.cuStreamWaitEvent(stream, network->last_run, 0),
               "cuStreamWaitEvent, for the last run");
}

static int send_inputs(cuda_network *network, const void *const *inputs) {
  int32_t count = network->base.network->input_count;
  for (int32_t index = 0; index < count; ++index) {
    const tensor_memory *memory = &network->inputs[index];
    if (memory->bytes == 0)
      continue;
    memcpy(memory->pinned, inputs[index], memory->bytes);
    if (check(
            network,
            network->driver.cuMemcpyHtoDAsync_v2(
                memory->device, memory->pinned, memory->bytes, network->stream),
            "cuMemcpyHtoDAsync_v2, input %d", (int)index))
      return 1;
  }
  return 0;
}

static int fetch_outputs(cuda_network *network) {
  int32_t count = network->base.network->output_count;
  for (int32_t index = 0; index < count; ++index) {
    const tensor_memory *memory = &network->outputs[index];
    if (memory->bytes > 0 &&
        check(
            network,
            network->driver.cuMemcpyDtoHAsync_v2(
                memory->pinned, memory->device, memory->bytes, network->stream),
            "cuMemcpyDtoHAsync_v2, output %d", (int)index))
      return 1;
  }
  return 0;
}

static void run(toeplitz_gpu_handle *handle, const void *const *inputs,
                void *const *outputs) {
  cuda_network *network = (cuda_network *)handle;
  const toeplitz_cuda_driver *driver = &network->driver;
  if (enter_context(network))
    return;
  if (!wait_for_last_run(network, network->stream) &&
      !send_inputs(network, inputs) &&
      !check(network, driver->cuGraphLaunch(network->graph, network->stream),
             "cuGraphLaunch"))
    (void)fetch_outputs(network);
  /* Also after an error: the pinned memory is used again by the next run. */
  check(network, driver->cuStreamSynchronize(network->stream),
        "cuStreamSynchronize");
  leave_context(network);
  if (handle->status != TOEPLITZ_SUCCESS)
    return;
  network->has_last_run = 0;
  for (int32_t index = 0; index < handle->network->output_count; ++index)
    if (network->outputs[index].bytes > 0)
      memcpy(outputs[index], network->outputs[index].pinned,
             network->outputs[index].bytes);
}

static void begin_stream(toeplitz_gpu_handle *handle, void *stream) {
  cuda_network *network = (cuda_network *)handle;
  int status = CU_STREAM_CAPTURE_STATUS_NONE;
  if (enter_context(network))
    return;
  int failed = check(
      network, network->driver.cuStreamIsCapturing((CUstream)stream, &status),
      "cuStreamIsCapturing");
  /* A graph can't wait for what is outside of it. */
  network->captures = status != CU_STREAM_CAPTURE_STATUS_NONE;
  if (failed ||
      (!network->captures && wait_for_last_run(network, (CUstream)stream)))
    leave_context(network);
}

/* Also after an error: what was launched before it runs. */
static void end_stream(toeplitz_gpu_handle *handle, void *stream) {
  cuda_network *network = (cuda_network *)handle;
  if (!network->captures) {
    check(network,
          network->driver.cuEventRecord(network->last_run, (CUstream)stream),
          "cuEventRecord, after the run");
    network->has_last_run = 1;
  }
  leave_context(network);
}

static void run_device(toeplitz_gpu_handle *handle, void *stream,
                       const void *const *inputs, void *const *outputs) {
  launch_all((cuda_network *)handle, (CUstream)stream, inputs, outputs);
}

static void copy(toeplitz_gpu_handle *handle, void *stream, void *to,
                 const void *from, size_t bytes) {
  cuda_network *network = (cuda_network *)handle;
  if (bytes > 0 && handle->status == TOEPLITZ_SUCCESS)
    check(network,
          network->driver.cuMemcpyDtoDAsync_v2((CUdeviceptr)(uintptr_t)to,
                                               (CUdeviceptr)(uintptr_t)from,
                                               bytes, (CUstream)stream),
          "cuMemcpyDtoDAsync_v2, %zu bytes", bytes);
}

const toeplitz_gpu_backend toeplitz_cuda_backend = {
    sizeof(cuda_network), find_network, open_network,
    close_network,        run,          begin_stream,
    end_stream,           run_device,   copy,
    find_memory,          launch};
