/* Each launch has its own maps, since the addresses in them may be those of
 * another arena, or of another caller's tensors, than the last time. The driver
 * only writes numbers into 128 bytes for one, and launches copy parameters: a
 * graph keeps those of its capture. */

#define _POSIX_C_SOURCE 200112L /* pthread_mutex_t */

#include "runtime/cuda_tensor_map.h"

#include "runtime/gpu_tensor.h"

int toeplitz_cuda_check_tensor_maps(toeplitz_cuda_network *network) {
  const toeplitz_gpu_program *program = network->base.network->gpu;
  for (int32_t index = 0; index < program->kernel_count; ++index) {
    const toeplitz_gpu_kernel *kernel = &program->kernels[index];
    if (kernel->tensor_map_count == 0)
      continue;
    if (!network->driver.cuTensorMapEncodeTiled)
      return toeplitz_gpu_fail(
          &network->base, TOEPLITZ_NO_GPU_DRIVER,
          "the driver has no cuTensorMapEncodeTiled, which kernel '%s' needs: "
          "one for CUDA 12.0 or newer is needed",
          kernel->name);
  }
  return 0;
}

/* The type of whole numbers of this size: copies change nothing. */
static int type_of(uint32_t element_bytes) {
  switch (element_bytes) {
  case 1:
    return CU_TENSOR_MAP_DATA_TYPE_UINT8;
  case 2:
    return CU_TENSOR_MAP_DATA_TYPE_UINT16;
  case 4:
    return CU_TENSOR_MAP_DATA_TYPE_UINT32;
  default:
    return CU_TENSOR_MAP_DATA_TYPE_UINT64;
  }
}

int toeplitz_cuda_make_tensor_maps(
    toeplitz_cuda_network *network, const toeplitz_gpu_kernel *kernel,
    const uint64_t *values, int64_t samples,
    CUtensorMap maps[TOEPLITZ_GPU_MOST_TENSOR_MAPS]) {
  static const uint32_t every_element[TOEPLITZ_GPU_MOST_DIMENSIONS] = {1, 1, 1,
                                                                       1, 1};
  for (uint32_t index = 0; index < kernel->tensor_map_count; ++index) {
    toeplitz_gpu_tensor tensor =
        toeplitz_gpu_find_tensor(&kernel->tensor_maps[index], values, samples);
    /* Lines of the second-level cache are as long as a box's rows. */
    if (toeplitz_cuda_check(
            network,
            network->driver.cuTensorMapEncodeTiled(
                &maps[index], type_of(tensor.element_bytes), tensor.dimensions,
                (void *)(uintptr_t)tensor.address, tensor.sizes,
                tensor.strides + 1, tensor.box, every_element,
                CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
            "cuTensorMapEncodeTiled, tensor %u of kernel '%s'", (unsigned)index,
            kernel->name))
      return 1;
  }
  return 0;
}
