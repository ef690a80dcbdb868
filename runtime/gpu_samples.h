/* Where the samples of a batch lie in a GPU's memory: behind each other, each
 * at a multiple of TOEPLITZ_GPU_SAMPLE_ALIGNMENT. In the host's memory they lie
 * densely. A tensor that all samples share is there once. */

#ifndef TOEPLITZ_RUNTIME_GPU_SAMPLES_H
#define TOEPLITZ_RUNTIME_GPU_SAMPLES_H

#include "runtime/gpu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of so many samples of a tensor. */
uint64_t toeplitz_gpu_tensor_bytes(const toeplitz_tensor *tensor,
                                   int64_t samples);

/* Bytes of a sample of all inputs and outputs that have a batch. */
uint64_t toeplitz_gpu_sample_bytes(const toeplitz_network *network);

/* Copies samples from how the host has them to how the GPU has them, and
 * back. */
void toeplitz_gpu_spread_samples(const toeplitz_tensor *tensor, int64_t samples,
                                 void *to, const void *from);
void toeplitz_gpu_collect_samples(const toeplitz_tensor *tensor,
                                  int64_t samples, void *to, const void *from);

/* toeplitz_find_sample for the tensors of a batch in a GPU's memory. */
void toeplitz_gpu_find_sample(const toeplitz_network *network, int64_t sample,
                              const void *const *inputs, void *const *outputs,
                              const void **sample_inputs,
                              void **sample_outputs);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_GPU_SAMPLES_H */
