#define _POSIX_C_SOURCE 200112L /* pthread_mutex_t */

#include "runtime/gpu_samples.h"

#include "runtime/samples.h"

#include <string.h>

uint64_t toeplitz_gpu_sample_stride(const toeplitz_tensor *tensor) {
  uint64_t bytes = (uint64_t)toeplitz_sample_stride(tensor);
  const uint64_t alignment = TOEPLITZ_GPU_SAMPLE_ALIGNMENT;
  return (bytes + alignment - 1) / alignment * alignment;
}

uint64_t toeplitz_gpu_tensor_bytes(const toeplitz_tensor *tensor,
                                   int64_t samples) {
  uint64_t stride = toeplitz_gpu_sample_stride(tensor);
  return stride > 0 ? stride * (uint64_t)samples
                    : (uint64_t)toeplitz_sample_bytes(tensor);
}

uint64_t toeplitz_gpu_sample_bytes(const toeplitz_network *network) {
  uint64_t bytes = 0;
  for (int32_t index = 0; index < network->input_count; ++index)
    bytes += toeplitz_gpu_sample_stride(&network->inputs[index]);
  for (int32_t index = 0; index < network->output_count; ++index)
    bytes += toeplitz_gpu_sample_stride(&network->outputs[index]);
  return bytes;
}

int toeplitz_gpu_is_in_place(const toeplitz_tensor *tensor, int64_t samples,
                             const void *address) {
  return (uintptr_t)address % TOEPLITZ_GPU_SAMPLE_ALIGNMENT == 0 &&
         (samples <= 1 || (uint64_t)toeplitz_sample_stride(tensor) ==
                              toeplitz_gpu_sample_stride(tensor));
}

static void copy_on_host(toeplitz_gpu_handle *handle, void *stream, void *to,
                         const void *from, size_t bytes) {
  (void)handle;
  (void)stream;
  memcpy(to, from, bytes);
}

const toeplitz_gpu_copier toeplitz_gpu_memcpy = {copy_on_host, NULL, NULL};

/* Copies rows of `bytes`, or all at once where both sides are dense. */
static void copy(const toeplitz_gpu_copier *copier, void *to,
                 uint64_t to_stride, const void *from, uint64_t from_stride,
                 uint64_t bytes, int64_t samples) {
  if (to_stride == from_stride) {
    bytes *= (uint64_t)samples;
    samples = 1;
  }
  for (uint64_t sample = 0; bytes > 0 && sample < (uint64_t)samples; ++sample)
    copier->copy(copier->handle, copier->stream,
                 (char *)to + sample * to_stride,
                 (const char *)from + sample * from_stride, (size_t)bytes);
}

void toeplitz_gpu_spread_samples(const toeplitz_gpu_copier *copier,
                                 const toeplitz_tensor *tensor, int64_t samples,
                                 void *to, const void *from) {
  uint64_t stride = (uint64_t)toeplitz_sample_stride(tensor);
  copy(copier, to, toeplitz_gpu_sample_stride(tensor), from, stride,
       (uint64_t)toeplitz_sample_bytes(tensor), stride > 0 ? samples : 1);
}

void toeplitz_gpu_collect_samples(const toeplitz_gpu_copier *copier,
                                  const toeplitz_tensor *tensor,
                                  int64_t samples, void *to, const void *from) {
  uint64_t stride = (uint64_t)toeplitz_sample_stride(tensor);
  copy(copier, to, stride, from, toeplitz_gpu_sample_stride(tensor),
       (uint64_t)toeplitz_sample_bytes(tensor), stride > 0 ? samples : 1);
}
