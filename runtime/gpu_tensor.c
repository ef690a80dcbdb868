#include "runtime/gpu_tensor.h"

toeplitz_gpu_tensor toeplitz_gpu_find_tensor(const toeplitz_gpu_tensor_map *map,
                                             const uint64_t *values,
                                             int64_t samples) {
  toeplitz_gpu_tensor tensor = {values[map->argument] + map->offset,
                                map->element_bytes,
                                (uint32_t)map->dimensions,
                                {0},
                                {0},
                                {0}};
  for (uint32_t d = 0; d < tensor.dimensions; ++d) {
    tensor.sizes[d] = map->sizes[d];
    tensor.strides[d] = map->strides[d];
    tensor.box[d] = map->box[d];
  }
  if (map->sample_stride >= 0) {
    uint32_t last = tensor.dimensions++;
    tensor.sizes[last] = (uint64_t)samples;
    tensor.strides[last] = values[map->sample_stride];
    tensor.box[last] = 1;
  }
  return tensor;
}
