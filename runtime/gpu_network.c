/* Handles on networks of a GPU: what is the same for a device and for the
 * emulator. */

#define _POSIX_C_SOURCE 200112L /* pthread_mutex_t */

#include "runtime/element_type.h"
#include "runtime/gpu.h"
#include "runtime/gpu_handle.h"
#include "runtime/gpu_samples.h"
#include "runtime/samples.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Why the thread's last call failed: where creation fails there is no handle
 * that could say it. */
static __thread char last_failure[TOEPLITZ_GPU_MESSAGE_SIZE];

int toeplitz_gpu_fail(toeplitz_gpu_handle *handle, int status,
                      const char *format, ...) {
  if (handle->status != TOEPLITZ_SUCCESS)
    return handle->status;
  handle->status = status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(handle->message, sizeof handle->message, format, arguments);
  va_end(arguments);
  return status;
}

void toeplitz_gpu_forgive(toeplitz_gpu_handle *handle) {
  handle->status = TOEPLITZ_SUCCESS;
  handle->message[0] = '\0';
}

const char *toeplitz_gpu_error(const toeplitz_pool *handle) {
  return handle ? ((const toeplitz_gpu_handle *)handle)->message : last_failure;
}

void toeplitz_gpu_launch(toeplitz_gpu_queue *queue, int32_t kernel,
                         uint32_t blocks, const uint64_t *values,
                         int32_t count) {
  toeplitz_gpu_handle *handle = queue->handle;
  const toeplitz_gpu_kernel *launched = &handle->network->gpu->kernels[kernel];
  if (handle->status != TOEPLITZ_SUCCESS || blocks == 0)
    return;
  if (count > TOEPLITZ_GPU_MAXIMUM_VALUES)
    toeplitz_gpu_fail(handle, TOEPLITZ_GPU_ERROR,
                      "kernel '%s': %d arguments, at most %d are possible",
                      launched->name, (int)count,
                      (int)TOEPLITZ_GPU_MAXIMUM_VALUES);
  else
    handle->backend->launch(queue, launched, blocks, values, count);
}

int32_t toeplitz_gpu_read(toeplitz_gpu_queue *queue, const void *from,
                          uint32_t bytes, uint64_t *value) {
  toeplitz_gpu_handle *handle = queue->handle;
  unsigned char element[sizeof *value] = {0};
  *value = 0;
  if (handle->status != TOEPLITZ_SUCCESS)
    return handle->status;
  if (bytes > sizeof element)
    return toeplitz_gpu_fail(
        handle, TOEPLITZ_GPU_ERROR,
        "an element of %u bytes is read, at most %u are possible",
        (unsigned)bytes, (unsigned)sizeof element);
  handle->backend->read(queue, element, from, bytes);
  for (uint32_t byte = 0; byte < bytes; ++byte)
    *value |= (uint64_t)element[byte] << (8 * byte);
  return handle->status;
}

/* ---- One call at a time ---- */

static void begin_call(toeplitz_gpu_handle *handle) {
  pthread_mutex_lock(&handle->mutex);
  toeplitz_gpu_forgive(handle);
}

static int end_call(toeplitz_gpu_handle *handle) {
  int status = handle->status;
  if (status != TOEPLITZ_SUCCESS)
    memcpy(last_failure, handle->message, sizeof last_failure);
  pthread_mutex_unlock(&handle->mutex);
  return status;
}

/* Where numbers of a sample decide which kernels run, samples may differ. */
static int is_computed_at_once(const toeplitz_network *network, int64_t batch) {
  return batch > 1 && !network->gpu->reads_elements;
}

/* As many samples at once as the device has memory for. */
static int run_samples(toeplitz_pool *pool, int64_t batch,
                       const void *const *inputs, void *const *outputs) {
  toeplitz_gpu_handle *handle = (toeplitz_gpu_handle *)pool;
  const toeplitz_network *network = handle->network;
  /* One more than needed: an array of C has elements. */
  const void *sample_inputs[network->input_count + 1];
  void *sample_outputs[network->output_count + 1];
  begin_call(handle);
  int64_t most = is_computed_at_once(network, batch)
                     ? handle->backend->reserve(handle, batch)
                     : 1;
  for (int64_t sample = 0; sample < batch && handle->status == TOEPLITZ_SUCCESS;
       sample += most) {
    toeplitz_find_sample(network, sample, inputs, outputs, sample_inputs,
                         sample_outputs);
    handle->backend->run(handle, batch - sample < most ? batch - sample : most,
                         sample_inputs, sample_outputs);
  }
  return end_call(handle);
}

int toeplitz_gpu_run_batch(const toeplitz_network *network,
                           toeplitz_pool *handle, int64_t batch,
                           const void *const *inputs, void *const *outputs) {
  if (handle)
    return run_samples(handle, batch, inputs, outputs);
  toeplitz_pool *created;
  int status = toeplitz_gpu_create(network, 0, &created);
  if (status == TOEPLITZ_SUCCESS)
    status = run_samples(created, batch, inputs, outputs);
  toeplitz_gpu_destroy(created);
  return status;
}

int toeplitz_gpu_run(const toeplitz_network *network, toeplitz_pool *handle,
                     const void *const *inputs, void *const *outputs) {
  return toeplitz_gpu_run_batch(network, handle, 1, inputs, outputs);
}

/* ---- In the device's memory ---- */

static void check_elements(toeplitz_gpu_handle *handle,
                           const toeplitz_tensor *tensors, int32_t count,
                           const void *const *addresses) {
  for (int32_t index = 0; index < count; ++index) {
    int64_t bytes = toeplitz_element_size(tensors[index].type);
    if ((uintptr_t)addresses[index] % (uintptr_t)bytes != 0)
      toeplitz_gpu_fail(handle, TOEPLITZ_GPU_ERROR,
                        "'%s' lies at %p, which isn't aligned to its elements "
                        "of %d bytes",
                        tensors[index].name, addresses[index], (int)bytes);
  }
}

static void check_device_run(toeplitz_gpu_handle *handle, int64_t batch,
                             const void *const *inputs, void *const *outputs) {
  const toeplitz_network *network = handle->network;
  if (batch < 0 || (!network->run_batch && batch != 1))
    toeplitz_gpu_fail(handle, TOEPLITZ_BAD_BATCH,
                      "'%s' is asked for a batch of %lld, expected %s",
                      network->name, (long long)batch,
                      network->run_batch ? "0 or more" : "1");
  else if (!toeplitz_all_present(network, batch, inputs, outputs))
    toeplitz_gpu_fail(handle, TOEPLITZ_NULL_TENSOR,
                      "'%s': an input or output is NULL", network->name);
  else if (toeplitz_check_processor(network) != TOEPLITZ_SUCCESS)
    toeplitz_gpu_fail(handle, TOEPLITZ_UNSUPPORTED_PROCESSOR,
                      "'%s': the processor lacks '%s'", network->name,
                      network->missing_feature(network));
  check_elements(handle, network->inputs, network->input_count, inputs);
  check_elements(handle, network->outputs, network->output_count,
                 (const void *const *)outputs);
}

static int are_in_place(const toeplitz_network *network, int64_t samples,
                        const void *const *inputs, void *const *outputs) {
  for (int32_t index = 0; index < network->input_count; ++index)
    if (!toeplitz_gpu_is_in_place(&network->inputs[index], samples,
                                  inputs[index]))
      return 0;
  for (int32_t index = 0; index < network->output_count; ++index)
    if (!toeplitz_gpu_is_in_place(&network->outputs[index], samples,
                                  outputs[index]))
      return 0;
  return 1;
}

/* Tensors whose samples don't lie as kernels want them go by way of the
 * handle's memory. */
static void run_device_part(toeplitz_gpu_handle *handle, void *stream,
                            int64_t samples, const void *const *inputs,
                            void *const *outputs) {
  const toeplitz_network *network = handle->network;
  const toeplitz_gpu_backend *backend = handle->backend;
  const toeplitz_gpu_copier copier = {backend->copy, handle, stream};
  const void *used_inputs[network->input_count + 1];
  void *used_outputs[network->output_count + 1];
  if (!are_in_place(network, samples, inputs, outputs))
    backend->find_memory(handle, samples, used_inputs, used_outputs);
  for (int32_t index = 0; index < network->input_count; ++index)
    if (toeplitz_gpu_is_in_place(&network->inputs[index], samples,
                                 inputs[index]))
      used_inputs[index] = inputs[index];
    else
      toeplitz_gpu_spread_samples(&copier, &network->inputs[index], samples,
                                  (void *)used_inputs[index], inputs[index]);
  for (int32_t index = 0; index < network->output_count; ++index)
    if (toeplitz_gpu_is_in_place(&network->outputs[index], samples,
                                 outputs[index]))
      used_outputs[index] = outputs[index];
  backend->run_device(handle, stream, samples, used_inputs, used_outputs);
  for (int32_t index = 0; index < network->output_count; ++index)
    if (used_outputs[index] != outputs[index])
      toeplitz_gpu_collect_samples(&copier, &network->outputs[index], samples,
                                   outputs[index], used_outputs[index]);
}

static void run_device_samples(toeplitz_gpu_handle *handle, int64_t batch,
                               void *stream, const void *const *inputs,
                               void *const *outputs) {
  const toeplitz_network *network = handle->network;
  const void *sample_inputs[network->input_count + 1];
  void *sample_outputs[network->output_count + 1];
  handle->backend->begin_stream(handle, stream);
  if (handle->status != TOEPLITZ_SUCCESS)
    return;
  int64_t most = 1;
  if (is_computed_at_once(network, batch))
    most = handle->backend->reserve_device(
        handle, stream, batch,
        /*with_tensors=*/!are_in_place(network, batch, inputs, outputs));
  for (int64_t sample = 0; sample < batch && handle->status == TOEPLITZ_SUCCESS;
       sample += most) {
    toeplitz_find_sample(network, sample, inputs, outputs, sample_inputs,
                         sample_outputs);
    run_device_part(handle, stream,
                    batch - sample < most ? batch - sample : most,
                    sample_inputs, sample_outputs);
  }
  handle->backend->end_stream(handle, stream);
}

int toeplitz_gpu_run_device_batch(const toeplitz_network *network,
                                  toeplitz_pool *pool, int64_t batch,
                                  void *stream,
                                  const void *const *device_inputs,
                                  void *const *device_outputs) {
  if (!pool) {
    snprintf(last_failure, sizeof last_failure,
             "'%s' needs a handle to run in a stream, found NULL",
             network->name);
    return TOEPLITZ_GPU_ERROR;
  }
  toeplitz_gpu_handle *handle = (toeplitz_gpu_handle *)pool;
  begin_call(handle);
  check_device_run(handle, batch, device_inputs, device_outputs);
  if (handle->status == TOEPLITZ_SUCCESS)
    run_device_samples(handle, batch, stream, device_inputs, device_outputs);
  return end_call(handle);
}

int toeplitz_gpu_run_device(const toeplitz_network *network,
                            toeplitz_pool *handle, void *stream,
                            const void *const *device_inputs,
                            void *const *device_outputs) {
  return toeplitz_gpu_run_device_batch(network, handle, 1, stream,
                                       device_inputs, device_outputs);
}

/* ---- Its life ---- */

/* A handle that knows its network and nothing else yet, or NULL. */
static toeplitz_gpu_handle *allocate_handle(const toeplitz_network *network) {
  const toeplitz_gpu_backend *backend =
      network->gpu->image ? &toeplitz_cuda_backend : &toeplitz_emulator_backend;
  toeplitz_gpu_handle *handle = calloc(1, backend->handle_size);
  if (!handle || pthread_mutex_init(&handle->mutex, NULL) != 0) {
    free(handle);
    snprintf(last_failure, sizeof last_failure, "no memory for the handle");
    return NULL;
  }
  handle->run_samples = run_samples;
  handle->network = network;
  handle->backend = backend;
  return handle;
}

int toeplitz_gpu_create(const toeplitz_network *network, int ordinal,
                        toeplitz_pool **result) {
  *result = NULL;
  toeplitz_gpu_handle *handle = allocate_handle(network);
  if (!handle)
    return TOEPLITZ_OUT_OF_MEMORY;
  begin_call(handle);
  handle->backend->open(handle, ordinal);
  int status = end_call(handle);
  if (status == TOEPLITZ_SUCCESS)
    *result = (toeplitz_pool *)handle;
  else
    toeplitz_gpu_destroy((toeplitz_pool *)handle);
  return status;
}

int toeplitz_gpu_check(const toeplitz_network *network) {
  /* The host's part of it has a processor too. */
  int status = toeplitz_check_processor(network);
  if (status != TOEPLITZ_SUCCESS)
    return status;
  toeplitz_gpu_handle *handle = allocate_handle(network);
  if (!handle)
    return TOEPLITZ_OUT_OF_MEMORY;
  begin_call(handle);
  handle->backend->find(handle, 0);
  status = end_call(handle);
  toeplitz_gpu_destroy((toeplitz_pool *)handle);
  return status;
}

void toeplitz_gpu_destroy(toeplitz_pool *pool) {
  toeplitz_gpu_handle *handle = (toeplitz_gpu_handle *)pool;
  if (!handle)
    return;
  handle->backend->close(handle);
  pthread_mutex_destroy(&handle->mutex);
  free(handle);
}
