/* What NAME_run and its kin do: check, find a workspace, run. */

#include "runtime/gpu_handle.h"
#include "runtime/samples.h"

#include <stddef.h>

/* Networks of the CPU aren't linked with the code for GPUs, so that it's
 * reached through pointers alone: the network's and the handle's. */
static int run_on_gpu(const toeplitz_network *network, toeplitz_pool *pool,
                      int64_t batch, const void *const *inputs,
                      void *const *outputs) {
  toeplitz_pool *created = NULL;
  if (!pool) {
    int error = network->create(network, 0, &created);
    if (error)
      return error;
    pool = created;
  }
  int error =
      ((toeplitz_gpu_handle *)pool)->run_samples(pool, batch, inputs, outputs);
  if (created)
    network->threads_destroy(created);
  return error;
}

/* Checks, finds a workspace of `size` bytes, runs. */
static int run(const toeplitz_network *network, toeplitz_pool *pool,
               int64_t batch, uint64_t size, const void *const *inputs,
               void *const *outputs, void *workspace) {
  if (!toeplitz_all_present(network, batch, inputs, outputs))
    return TOEPLITZ_NULL_TENSOR;
  if ((uintptr_t)workspace % TOEPLITZ_ALIGNMENT != 0)
    return TOEPLITZ_MISALIGNED_WORKSPACE;
  if (toeplitz_check_processor(network) != TOEPLITZ_SUCCESS)
    return TOEPLITZ_UNSUPPORTED_PROCESSOR;
  if (network->gpu)
    return run_on_gpu(network, pool, batch, inputs, outputs);
  void *allocated = NULL;
  if (!workspace && size > 0) {
    allocated = toeplitz_workspace_create(size);
    if (!allocated)
      return TOEPLITZ_OUT_OF_MEMORY;
    workspace = allocated;
  }
  if (network->run_batch)
    network->run_batch(pool, workspace, inputs, outputs, batch);
  else
    network->run(pool, workspace, inputs, outputs);
  toeplitz_workspace_destroy(allocated);
  return TOEPLITZ_SUCCESS;
}

int toeplitz_network_run(const toeplitz_network *network, toeplitz_pool *pool,
                         const void *const *inputs, void *const *outputs,
                         void *workspace) {
  return run(network, pool, 1, network->workspace_size, inputs, outputs,
             workspace);
}

int toeplitz_network_run_batch(const toeplitz_network *network,
                               toeplitz_pool *pool, int64_t batch,
                               const void *const *inputs, void *const *outputs,
                               void *workspace) {
  if (batch < 0 || (!network->run_batch && batch != 1))
    return TOEPLITZ_BAD_BATCH;
  uint64_t size = toeplitz_network_workspace_size(network, batch);
  if (size == UINT64_MAX)
    return TOEPLITZ_OUT_OF_MEMORY;
  return run(network, pool, batch, size, inputs, outputs, workspace);
}

int toeplitz_network_run_checked(const toeplitz_network *network,
                                 toeplitz_pool *pool, int64_t batch,
                                 const void *const *inputs,
                                 void *const *outputs, void *workspace) {
  return (network->run_checked ? network->run_checked
                               : toeplitz_network_run_batch)(
      network, pool, batch, inputs, outputs, workspace);
}

uint64_t toeplitz_network_workspace_size(const toeplitz_network *network,
                                         int64_t batch) {
  return network->batch_workspace_size ? network->batch_workspace_size(batch)
                                       : network->workspace_size;
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
  case TOEPLITZ_BAD_BATCH:
    return "the batch is negative, or the network is compiled for another one";
  case TOEPLITZ_UNSUPPORTED_PROCESSOR:
    return "the network is compiled for a processor with features that this "
           "one "
           "lacks";
  case TOEPLITZ_NO_GPU_DRIVER:
    return "no GPU driver: the network runs on a GPU of NVIDIA, but its driver "
           "library (libcuda.so.1) can't be used";
  case TOEPLITZ_NO_GPU:
    return "no such GPU in this machine";
  case TOEPLITZ_OLD_GPU:
    return "the GPU has another compute capability than the network is "
           "compiled for";
  case TOEPLITZ_GPU_OUT_OF_MEMORY:
    return "out of memory on the GPU";
  case TOEPLITZ_GPU_LOST:
    return "the GPU can't be used any more by this process: a kernel or the "
           "device failed";
  case TOEPLITZ_GPU_ERROR:
    return "the GPU's driver refused a call";
  case TOEPLITZ_GPU_RACE:
    return "two threads of a block touch the same shared memory without a "
           "barrier between them";
  case TOEPLITZ_NOT_ON_GPU:
    return "the network runs on the processor here, which has no use for "
           "memory and streams of a GPU";
  default:
    return "unknown error number";
  }
}
