/* A network on a GPU of NVIDIA, through the driver library.
 *
 * A run copies its inputs to the device, launches all kernels and copies the
 * outputs back, by way of pinned host memory, from which copies need no help of
 * the CPU. */

#define _POSIX_C_SOURCE 200112L /* pthread_mutex_t */

#include "runtime/cuda_network.h"
#include "runtime/gpu_samples.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_SIZE = 4096, LOG_LINES = 5 };

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

/* Cuts the text after its first lines, which have the first error. */
static void keep_first_lines(char *text) {
  char *end = text;
  for (int line = 0; line < LOG_LINES && *end; ++line) {
    end += strcspn(end, "\n");
    if (*end)
      ++end;
  }
  while (end > text && end[-1] == '\n')
    --end;
  *end = '\0';
}

static int load_module(toeplitz_cuda_network *network) {
  /* The values of options are numbers in the place of pointers. */
  char log[LOG_SIZE] = "";
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)(uintptr_t)(sizeof log - 1)};
  CUresult result = network->driver.cuModuleLoadDataEx(
      &network->module, network->base.network->gpu->image, 2, options, values);
  if (result == CUDA_SUCCESS)
    return 0;
  int version = 0;
  network->driver.cuDriverGetVersion(&version);
  network->module = NULL;
  keep_first_lines(log);
  return toeplitz_cuda_check(
      network, result, "cuModuleLoadDataEx, by a driver for CUDA %d.%d%s%.480s",
      version / 1000, version % 1000 / 10, log[0] ? ": " : "", log);
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
  return toeplitz_cuda_check(
      network,
      network->driver.cuStreamCreate(&network->stream, CU_STREAM_NON_BLOCKING),
      "cuStreamCreate");
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
  (void)(find_device(network, ordinal) || check_capability(network));
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
         upload_weights(network) || toeplitz_cuda_capture_one(network));
  leave_context(network);
}

/* Frees all that there is. Errors don't matter any more: whatever a broken
 * context holds goes with it. */
static void free_resources(toeplitz_cuda_network *network) {
  const toeplitz_cuda_driver *driver = &network->driver;
  if (network->stream)
    driver->cuStreamSynchronize(network->stream);
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

/* ---- Runs ---- */

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
    toeplitz_gpu_spread_samples(tensor, samples, place->pinned, inputs[index]);
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
                                          /*from_host=*/1);
  leave_context(network);
  return samples;
}

static int64_t reserve_device(toeplitz_gpu_handle *handle, void *stream,
                              int64_t batch) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  if (enter_context(network))
    return 0;
  int64_t samples = toeplitz_cuda_reserve(network, (CUstream)stream, batch,
                                          /*from_host=*/0);
  leave_context(network);
  return samples;
}

static toeplitz_cuda_samples *find_memory(toeplitz_cuda_network *network,
                                          int64_t samples) {
  return samples == 1 ? &network->one : &network->several;
}

static void run(toeplitz_gpu_handle *handle, int64_t samples,
                const void *const *inputs, void *const *outputs) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  toeplitz_cuda_samples *memory = find_memory(network, samples);
  if (enter_context(network))
    return;
  if (!send_inputs(network, memory, samples, inputs)) {
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
  for (int32_t index = 0; index < handle->network->output_count; ++index)
    toeplitz_gpu_collect_samples(&handle->network->outputs[index], samples,
                                 outputs[index], memory->outputs[index].pinned);
}

static void run_device(toeplitz_gpu_handle *handle, void *stream,
                       int64_t samples, const void *const *inputs,
                       void *const *outputs) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)handle;
  if (enter_context(network))
    return;
  toeplitz_cuda_launch_all(network, (CUstream)stream,
                           find_memory(network, samples)->arena, samples,
                           inputs, outputs);
  leave_context(network);
}

const toeplitz_gpu_backend toeplitz_cuda_backend = {
    sizeof(toeplitz_cuda_network),
    find_network,
    open_network,
    close_network,
    reserve,
    reserve_device,
    run,
    run_device,
    toeplitz_cuda_launch};
