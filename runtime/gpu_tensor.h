/* Tensors of which kernels copy boxes, as a launch finds them: what
 * toeplitz_gpu_tensor_map says, with addresses, and with a last dimension along
 * which samples are. */

#ifndef TOEPLITZ_RUNTIME_GPU_TENSOR_H
#define TOEPLITZ_RUNTIME_GPU_TENSOR_H

#include "runtime/gpu.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct toeplitz_gpu_tensor {
  uint64_t address;
  uint32_t element_bytes;
  uint32_t dimensions;
  /* As in toeplitz_gpu_tensor_map. */
  uint64_t sizes[TOEPLITZ_GPU_MOST_DIMENSIONS];
  uint64_t strides[TOEPLITZ_GPU_MOST_DIMENSIONS];
  uint32_t box[TOEPLITZ_GPU_MOST_DIMENSIONS];
} toeplitz_gpu_tensor;

/* The tensor of a launch with these arguments for so many samples. */
toeplitz_gpu_tensor toeplitz_gpu_find_tensor(const toeplitz_gpu_tensor_map *map,
                                             const uint64_t *values,
                                             int64_t samples);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_GPU_TENSOR_H */
