/* A network on a GPU of NVIDIA, through the driver library.
 *
 * A run copies its inputs to the device, launches all kernels and copies the
 * outputs back, by way of pinned host memory, from which copies need no help of
 * the CPU. */

#define _POSIX_C_SOURCE 200112L /* pthread_mutex_t */

#include "runtime/cuda_network.h"
#include "runtime/cuda_module.h"
#include "runtime/cuda_tensor_map.h"
#include "runtime/gpu_samples.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int toeplitz_cuda_check(toeplitz_cuda_network *network, CUresult result,
                        const char *format, ...) {
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

static int find_device(toeplitz_cuda_network *network, int ordinal) {
  const toeplitz_cuda_driver *driver = &network->driver;
  int count = 0;
  toeplitz_cuda_open(&network->driver, &network->base);
  if (network->base.status != TOEPLITZ_SUCCESS ||
      toeplitz_cuda_check(network, driver->cuInit(0), "cuInit") ||
      toeplitz_cuda_check(network, driver->cuDeviceGetCount(&count),
                          "cuDeviceGetCount"))
    return 1;
  if (ordinal < 0 || ordinal >= count)
    return toeplitz_gpu_fail(&network->base, TOEPLITZ_NO_GPU,
                             "GPU %d is asked for, the driver has %d of them",
                             ordinal, count);
  return toeplitz_cuda_check(
      network, driver->cuDeviceGet(&network->device, ordinal), "cuDeviceGet");
}

static int check_capability(toeplitz_cuda_network *network) {
  const toeplitz_cuda_driver *driver = &network->driver;
  const toeplitz_gpu_program *program = network->base.network->gpu;
  char name[128] = "";
  int major = 0, minor = 0;
  if (toeplitz_cuda_check(network,
                          driver->cuDeviceGetAttribute(
                              &major,
                              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                              network->device),
                          "cuDeviceGetAttribute") ||
      toeplitz_cuda_check(network,
                          driver->cuDeviceGetAttribute(
                              &minor,
                              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                              network->device),
                          "cuDeviceGetAttribute") ||
      toeplitz_cuda_check(
          network, driver->cuDeviceGetName(name, sizeof name, network->device),
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
static int retain_context(toeplitz_cuda_network *network) {
  return toeplitz_cuda_check(network,
                             network->driver.cuDevicePrimaryCtxRetain(
                                 &network->context, network->device),
                             "cuDevicePrimaryCtxRetain");
}

/* Between these two, the thread's own context is put aside. */
static int enter_context(toeplitz_cuda_network *network) {
  return toeplitz_cuda_check(
      network, network->driver.cuCtxPushCurrent_v2(network->context),
      "cuCtxPushCurrent_v2");
}

static void leave_context(toeplitz_cuda_network *network) {
  CUcontext left;
  toeplitz_cuda_check(network, network->driver.cuCtxPopCurrent_v2(&left),
                      "cuCtxPopCurrent_v2");
}

/* ---- The kernels ---- */

static int load_module(toeplitz_cuda_network *network) {
  network->module = toeplitz_cuda_load_module(&network->driver, &network->base,
                                              network->capability);
  return !network->module;
}

static int find_kernels(toeplitz_cuda_network *network) {
  const toeplitz_gpu_program *program = network->base.network->gpu;
  network->functions =
      calloc((size_t)program->kernel_count + 1, sizeof *network->functions);
  if (!network->functions)
    return toeplitz_gpu_fail(&network->base, TOEPLITZ_OUT_OF_MEMORY,
                             "no memory for the list of kernels");
  for (int32_t index = 0; index < program->kernel_count; ++index) {
    const toeplitz_gpu_kernel *kernel = &program->kernels[index];
    CUfunction *function = &network->functions[index];
    if (toeplitz_cuda_check(network,
                            network->driver.cuModuleGetFunction(
                                function, network->module, kernel->name),
                            "cuModuleGetFunction, kernel '%s'", kernel->name))
      return 1;
    /* Above 48 KiB it has to be asked for. */
    if (kernel->shared_bytes > 0 &&
        toeplitz_cuda_check(
            network,
            network->driver.cuFuncSetAttribute(
                *function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                (int)kernel->shared_bytes),
            "cuFuncSetAttribute, kernel '%s' with %u bytes of shared memory",
            kernel->name, (unsigned)kernel->shared_bytes))
      return 1;
  }
  return 0;
}

static int create_stream(toeplitz_cuda_network *network) {
  return toeplitz_cuda_check(network,
                             network->driver.cuStreamCreate(
                                 &network->stream, CU_STREAM_NON_BLOCKING),
                             "cuStreamCreate") ||
         toeplitz_cuda_check(network,
                             network->driver.cuEventCreate(
                                 &network->last_run, CU_EVENT_DISABLE_TIMING),
                             "cuEventCreate");
}

static int upload_weights(toeplitz_cuda_network *network) {
  const toeplitz_gpu_program *program = network->base.network->gpu;
  for (int32_t index = 0; index < program->weights_count; ++index) {
    const toeplitz_gpu_weights *weights = &program->weights[index];
    if (weights->bytes > 0 &&
        toeplitz_cuda_check(network,
                            network->driver.cuMemcpyHtoDAsync_v2(
                                network->weights + weights->offset,
                                weights->data, (size_t)weights->bytes,
                                network->stream),
                            "cuMemcpyHtoDAsync_v2, the weights"))
      return 1;
  }
  return toeplitz_cuda_check(
      network, network->driver.cuStreamSynchronize(network->stream),
      "cuStreamSynchronize, after the weights");
}

/* ---- What the handle does ---- */

static void find_network(toeplitz_gpu_handle *handle, int ordinal) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  (void)(find_device(network, ordinal) || check_capability(network) ||
         toeplitz_cuda_check_tensor_maps(network));
}

static void open_network(toeplitz_gpu_handle *handle, int ordinal) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  find_network(handle, ordinal);
  if (handle->status != TOEPLITZ_SUCCESS || retain_context(network) ||
      enter_context(network))
    return;
  /* The first failure ends it. */
  (void)(load_module(network) || find_kernels(network) ||
         create_stream(network) || toeplitz_cuda_allocate(network) ||
         upload_weights(network) || toeplitz_cuda_prepare_one(network));
  leave_context(network);
}

/* Frees all that there is. Errors don't matter any more: whatever a broken
 * context holds goes with it. */
static void free_resources(toeplitz_cuda_network *network) {
  const toeplitz_cuda_driver *driver = &network->driver;
  if (network->stream) {
    if (network->has_last_run)
      driver->cuStreamWaitEvent(network->stream, network->last_run, 0);
    driver->cuStreamSynchronize(network->stream);
  }
  if (network->last_run)
    driver->cuEventDestroy_v2(network->last_run);
  toeplitz_cuda_free(network);
  if (network->stream)
    driver->cuStreamDestroy_v2(network->stream);
  if (network->module)
    driver->cuModuleUnload(network->module);
}

static void close_network(toeplitz_gpu_handle *handle) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
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

/* ---- Runs from the host's memory ---- */

int toeplitz_cuda_wait_for_last_run(toeplitz_cuda_network *network,
                                    CUstream stream) {
  return network->has_last_run &&
         toeplitz_cuda_check(
             network,
             network->driver.cuStreamWaitEvent(stream, network->last_run, 0),
             "cuStreamWaitEvent, for the last run");
}

static int send_inputs(toeplitz_cuda_network *network,
                       toeplitz_cuda_samples *memory, int64_t samples,
                       const void *const *inputs) {
  const toeplitz_network *description = network->base.network;
  for (int32_t index = 0; index < description->input_count; ++index) {
    const toeplitz_tensor *tensor = &description->inputs[index];
    const toeplitz_cuda_tensor *place = &memory->inputs[index];
    uint64_t bytes = toeplitz_gpu_tensor_bytes(tensor, samples);
    if (bytes == 0)
      continue;
    toeplitz_gpu_spread_samples(&toeplitz_gpu_memcpy, tensor, samples,
                                place->pinned, inputs[index]);
    if (toeplitz_cuda_check(
            network,
            network->driver.cuMemcpyHtoDAsync_v2(
                place->device, place->pinned, (size_t)bytes, network->stream),
            "cuMemcpyHtoDAsync_v2, input %d", (int)index))
      return 1;
  }
  return 0;
}

static void fetch_outputs(toeplitz_cuda_network *network,
                          toeplitz_cuda_samples *memory, int64_t samples) {
  const toeplitz_network *description = network->base.network;
  for (int32_t index = 0; index < description->output_count; ++index) {
    const toeplitz_cuda_tensor *place = &memory->outputs[index];
    uint64_t bytes =
        toeplitz_gpu_tensor_bytes(&description->outputs[index], samples);
    if (bytes > 0 &&
        toeplitz_cuda_check(
            network,
            network->driver.cuMemcpyDtoHAsync_v2(
                place->pinned, place->device, (size_t)bytes, network->stream),
            "cuMemcpyDtoHAsync_v2, output %d", (int)index))
      return;
  }
}

static int64_t reserve(toeplitz_gpu_handle *handle, int64_t batch) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  if (enter_context(network))
    return 0;
  int64_t samples = toeplitz_cuda_reserve(network, network->stream, batch,
                                          /*with_tensors=*/1);
  leave_context(network);
  return samples;
}

static toeplitz_cuda_samples *memory_for(toeplitz_cuda_network *network,
                                         int64_t samples) {
  return samples == 1 ? &network->one : &network->several;
}

static void run(toeplitz_gpu_handle *handle, int64_t samples,
                const void *const *inputs, void *const *outputs) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  toeplitz_cuda_samples *memory = memory_for(network, samples);
  if (enter_context(network))
    return;
  if (!toeplitz_cuda_wait_for_last_run(network, network->stream) &&
      !send_inputs(network, memory, samples, inputs)) {
    toeplitz_cuda_launch_samples(network, memory, samples);
    if (handle->status == TOEPLITZ_SUCCESS)
      fetch_outputs(network, memory, samples);
  }
  /* Also after an error: the pinned memory is used again by the next run. */
  toeplitz_cuda_check(network,
                      network->driver.cuStreamSynchronize(network->stream),
                      "cuStreamSynchronize");
  leave_context(network);
  if (handle->status != TOEPLITZ_SUCCESS)
    return;
  network->has_last_run = 0;
  for (int32_t index = 0; index < handle->network->output_count; ++index)
    toeplitz_gpu_collect_samples(&toeplitz_gpu_memcpy,
                                 &handle->network->outputs[index], samples,
                                 outputs[index], memory->outputs[index].pinned);
}

/* ---- Runs in a stream of the caller's ---- */

static void begin_stream(toeplitz_gpu_handle *handle, void *stream) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  int status = CU_STREAM_CAPTURE_STATUS_NONE;
  if (enter_context(network))
    return;
  int failed = toeplitz_cuda_check(
      network, network->driver.cuStreamIsCapturing((CUstream)stream, &status),
      "cuStreamIsCapturing");
  /* A graph can't wait for what is outside of it. */
  network->captures = !failed && status != CU_STREAM_CAPTURE_STATUS_NONE;
  if (!failed && network->captures && handle->network->gpu->reads_elements) {
    network->captures = 0;
    toeplitz_gpu_fail(handle, TOEPLITZ_GPU_ERROR,
                      "'%s' can't be captured into a graph: numbers that are "
                      "computed decide which kernels run",
                      handle->network->name);
    failed = 1;
  }
  if (failed || (!network->captures &&
                 toeplitz_cuda_wait_for_last_run(network, (CUstream)stream)))
    leave_context(network);
}

/* Also after an error: what was launched before it runs. */
static void end_stream(toeplitz_gpu_handle *handle, void *stream) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  if (!network->captures) {
    toeplitz_cuda_check(
        network,
        network->driver.cuEventRecord(network->last_run, (CUstream)stream),
        "cuEventRecord, after the run");
    network->has_last_run = 1;
  }
  network->captures = 0;
  leave_context(network);
}

static int64_t reserve_device(toeplitz_gpu_handle *handle, void *stream,
                              int64_t batch, int with_tensors) {
  return toeplitz_cuda_reserve((toeplitz_cuda_network *)handle,
                               (CUstream)stream, batch, with_tensors);
}

static void find_memory(toeplitz_gpu_handle *handle, int64_t samples,
                        const void **inputs, void **outputs) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  toeplitz_cuda_find_tensors(network, memory_for(network, samples), inputs,
                             outputs);
}

static void copy(toeplitz_gpu_handle *handle, void *stream, void *to,
                 const void *from, size_t bytes) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  if (bytes > 0 && handle->status == TOEPLITZ_SUCCESS)
    toeplitz_cuda_check(
        network,
        network->driver.cuMemcpyDtoDAsync_v2((CUdeviceptr)(uintptr_t)to,
                                             (CUdeviceptr)(uintptr_t)from,
                                             bytes, (CUstream)stream),
        "cuMemcpyDtoDAsync_v2, %zu bytes", bytes);
}

static void run_device(toeplitz_gpu_handle *handle, void *stream,
                       int64_t samples, const void *const *inputs,
                       void *const *outputs) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  toeplitz_cuda_launch_all(network, (CUstream)stream,
                           memory_for(network, samples)->arena, samples, inputs,
                           outputs);
}

const toeplitz_gpu_backend toeplitz_cuda_backend = {
    sizeof(toeplitz_cuda_network),
    find_network,
    open_network,
    close_network,
    reserve,
    run,
    begin_stream,
    end_stream,
    reserve_device,
    find_memory,
    copy,
    run_device,
    toeplitz_cuda_launch,
    toeplitz_cuda_read};
