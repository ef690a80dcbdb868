/* What NAME_run and its kin do: check, find a workspace, run. */

#define _POSIX_C_SOURCE 200112L /* posix_memalign */

#include "runtime/toeplitz.h"

#include <stddef.h>
#include <stdlib.h>

static int all_present(const void *const *tensors, int32_t count) {
  for (int32_t index = 0; index < count; ++index)
    if (!tensors[index])
      return 0;
  return 1;
}

int toeplitz_network_run(const toeplitz_network *network, toeplitz_pool *pool,
                         const float *const *inputs, float *const *outputs,
                         void *workspace) {
  if (!all_present((const void *const *)inputs, network->input_count) ||
      !all_present((const void *const *)outputs, network->output_count))
    return TOEPLITZ_NULL_TENSOR;
  if ((uintptr_t)workspace % TOEPLITZ_ALIGNMENT != 0)
    return TOEPLITZ_MISALIGNED_WORKSPACE;
  void *allocated = NULL;
  if (!workspace && network->workspace_size > 0) {
    if (network->workspace_size > SIZE_MAX ||
        posix_memalign(&allocated, TOEPLITZ_ALIGNMENT,
                       (size_t)network->workspace_size) != 0)
      return TOEPLITZ_OUT_OF_MEMORY;
    workspace = allocated;
  }
  network->run(pool, workspace, inputs, outputs);
  free(allocated);
  return TOEPLITZ_SUCCESS;
}

const char *toeplitz_error_string(int error) {
  switch (error) {
  case TOEPLITZ_SUCCESS:
    return "success";
  case TOEPLITZ_OUT_OF_MEMORY:
    return "out of memory: the workspace could not be allocated";
  case TOEPLITZ_NULL_TENSOR:
    return "an input or output is NULL";
  case TOEPLITZ_MISALIGNED_WORKSPACE:
    return "the workspace is not aligned to 64 bytes";
  default:
    return "unknown error number";
  }
}
