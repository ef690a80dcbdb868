/* Maps of tensors for kernels that copy boxes of them, made by the driver. */

#ifndef TOEPLITZ_RUNTIME_CUDA_TENSOR_MAP_H
#define TOEPLITZ_RUNTIME_CUDA_TENSOR_MAP_H

#include "runtime/cuda_network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the driver can make the maps that the network's kernels need; notes
 * an error where it can't. Returns whether it failed. */
int toeplitz_cuda_check_tensor_maps(toeplitz_cuda_network *network);

/* Makes the maps of a launch with these arguments. Returns whether it failed.
 */
int toeplitz_cuda_make_tensor_maps(
    toeplitz_cuda_network *network, const toeplitz_gpu_kernel *kernel,
    const uint64_t *values, int64_t samples,
    CUtensorMap maps[TOEPLITZ_GPU_MOST_TENSOR_MAPS]);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_CUDA_TENSOR_MAP_H */
