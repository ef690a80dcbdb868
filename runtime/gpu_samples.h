/* Where the samples of a batch lie in the memory of a handle on a GPU: behind
 * each other, each at a multiple of TOEPLITZ_GPU_SAMPLE_ALIGNMENT. In the
 * caller's memory they lie densely. A tensor that all samples share is there
 * once. */

#ifndef TOEPLITZ_RUNTIME_GPU_SAMPLES_H
#define TOEPLITZ_RUNTIME_GPU_SAMPLES_H

#include "runtime/gpu_handle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes from one sample of a tensor to the next one: those of a sample, rounded
 * up to TOEPLITZ_GPU_SAMPLE_ALIGNMENT. 0 where all samples share the tensor. */
uint64_t toeplitz_gpu_sample_stride(const toeplitz_tensor *tensor);

/* Bytes of so many samples of a tensor. */
uint64_t toeplitz_gpu_tensor_bytes(const toeplitz_tensor *tensor,
                                   int64_t samples);

/* Bytes of a sample of all inputs and outputs that have a batch. */
uint64_t toeplitz_gpu_sample_bytes(const toeplitz_network *network);

/* Whether so many samples at that address lie as kernels want them. */
int toeplitz_gpu_is_in_place(const toeplitz_tensor *tensor, int64_t samples,
                             const void *address);

/* By what samples are copied: a backend's `copy`, in a stream, or memcpy. */
typedef struct toeplitz_gpu_copier {
  void (*copy)(toeplitz_gpu_handle *handle, void *stream, void *to,
               const void *from, size_t bytes);
  toeplitz_gpu_handle *handle;
  void *stream;
} toeplitz_gpu_copier;

extern const toeplitz_gpu_copier toeplitz_gpu_memcpy;

/* Copies samples from how the caller has them to how the handle has them, and
 * back. */
void toeplitz_gpu_spread_samples(const toeplitz_gpu_copier *copier,
                                 const toeplitz_tensor *tensor, int64_t samples,
                                 void *to, const void *from);
void toeplitz_gpu_collect_samples(const toeplitz_gpu_copier *copier,
                                  const toeplitz_tensor *tensor,
                                  int64_t samples, void *to, const void *from);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_GPU_SAMPLES_H */
