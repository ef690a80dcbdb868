/* The kernels of a network in the memory of a device. */

#ifndef TOEPLITZ_RUNTIME_CUDA_MODULE_H
#define TOEPLITZ_RUNTIME_CUDA_MODULE_H

#include "runtime/cuda_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Loads the kernels of the handle's network into the current context, whose
 * device has this compute capability (80: 8.0). The caller owns the module.
 * Notes an error in the handle, and returns NULL, where it isn't possible. */
CUmodule toeplitz_cuda_load_module(const toeplitz_cuda_driver *driver,
                                   toeplitz_gpu_handle *handle, int capability);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_CUDA_MODULE_H */
