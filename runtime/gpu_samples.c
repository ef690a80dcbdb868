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

/* Copies rows of `bytes`, or all at once where both sides are dense. */
static void copy(void *to, uint64_t to_stride, const void *from,
                 uint64_t from_stride, uint64_t bytes, int64_t samples) {
  if (to_stride == from_stride) {
    bytes *= (uint64_t)samples;
    samples = 1;
  }
  for (uint64_t sample = 0; bytes > 0 && sample < (uint64_t)samples; ++sample)
    memcpy((char *)to + sample * to_stride,
           (const char *)from + sample * from_stride, (size_t)bytes);
}

void toeplitz_gpu_spread_samples(const toeplitz_tensor *tensor, int64_t samples,
                                 void *to, const void *from) {
  uint64_t stride = (uint64_t)toeplitz_sample_stride(tensor);
  copy(to, toeplitz_gpu_sample_stride(tensor), from, stride,
       (uint64_t)toeplitz_sample_bytes(tensor), stride > 0 ? samples : 1);
}

void toeplitz_gpu_collect_samples(const toeplitz_tensor *tensor,
                                  int64_t samples, void *to, const void *from) {
  uint64_t stride = (uint64_t)toeplitz_sample_stride(tensor);
  copy(to, stride, from, toeplitz_gpu_sample_stride(tensor),
       (uint64_t)toeplitz_sample_bytes(tensor), stride > 0 ? samples : 1);
}

void toeplitz_gpu_find_sample(const toeplitz_network *network, int64_t sample,
                              const void *const *inputs, void *const *outputs,
                              const void **sample_inputs,
                              void **sample_outputs) {
  for (int32_t index = 0; index < network->input_count; ++index)
    sample_inputs[index] =
        (const char *)inputs[index] +
        (uint64_t)sample * toeplitz_gpu_sample_stride(&network->inputs[index]);
  for (int32_t index = 0; index < network->output_count; ++index)
    sample_outputs[index] =
        (char *)outputs[index] +
        (uint64_t)sample * toeplitz_gpu_sample_stride(&network->outputs[index]);
}
