/* A batch whose size is chosen at run time: the network computes one sample,
 * and here it computes each of them.
 *
 * A sample's share of the workspace is network->workspace_size bytes, which the
 * compiler has made a multiple of the alignment. With at least as many samples
 * as threads a sample is a task, and what it computes stays in one thread and
 * its caches; with fewer the threads share the work of each sample. */

#include "runtime/samples.h"

#include "runtime/element_type.h"

typedef struct samples {
  const toeplitz_network *network;
  toeplitz_pool *pool; /* that a sample computes with */
  char *workspace;
  const void *const *inputs;
  void *const *outputs;
} samples;

int64_t toeplitz_sample_bytes(const toeplitz_tensor *tensor) {
  int64_t bytes = toeplitz_element_size(tensor->type);
  for (int32_t index = 0; index < tensor->rank; ++index)
    bytes *= tensor->shape[index] < 0 ? 1 : tensor->shape[index];
  return bytes;
}

static int has_elements(const toeplitz_tensor *tensor, int64_t batch) {
  for (int32_t index = 0; index < tensor->rank; ++index)
    if (tensor->shape[index] == 0 || (tensor->shape[index] < 0 && batch == 0))
      return 0;
  return 1;
}

int toeplitz_all_present(const toeplitz_network *network, int64_t batch,
                         const void *const *inputs, void *const *outputs) {
  for (int32_t index = 0; index < network->input_count; ++index)
    if (!inputs[index] && has_elements(&network->inputs[index], batch))
      return 0;
  for (int32_t index = 0; index < network->output_count; ++index)
    if (!outputs[index] && has_elements(&network->outputs[index], batch))
      return 0;
  return 1;
}

int64_t toeplitz_sample_stride(const toeplitz_tensor *tensor) {
  return tensor->rank == 0 || tensor->shape[0] >= 0
             ? 0
             : toeplitz_sample_bytes(tensor);
}

void toeplitz_find_sample(const toeplitz_network *network, int64_t sample,
                          const void *const *inputs, void *const *outputs,
                          const void **sample_inputs, void **sample_outputs) {
  for (int32_t index = 0; index < network->input_count; ++index)
    sample_inputs[index] =
        (const char *)inputs[index] +
        sample * toeplitz_sample_stride(&network->inputs[index]);
  for (int32_t index = 0; index < network->output_count; ++index)
    sample_outputs[index] =
        (char *)outputs[index] +
        sample * toeplitz_sample_stride(&network->outputs[index]);
}

static void run_sample(void *arguments, int64_t sample, int64_t slot) {
  (void)slot;
  const samples *all = arguments;
  const toeplitz_network *network = all->network;
  /* One more than needed: an array of C has elements. */
  const void *inputs[network->input_count + 1];
  void *outputs[network->output_count + 1];
  toeplitz_find_sample(network, sample, all->inputs, all->outputs, inputs,
                       outputs);
  network->run(all->pool,
               all->workspace + (uint64_t)sample * network->workspace_size,
               inputs, outputs);
}

void toeplitz_run_samples(const toeplitz_network *network, toeplitz_pool *pool,
                          void *workspace, const void *const *inputs,
                          void *const *outputs, int64_t batch) {
  samples all = {network, NULL, workspace, inputs, outputs};
  int threads = toeplitz_pool_threads(pool);
  if (threads > 1 && batch >= threads) {
    toeplitz_parallel_for(pool, run_sample, &all, batch, batch);
    return;
  }
  all.pool = pool;
  for (int64_t sample = 0; sample < batch; ++sample)
    run_sample(&all, sample, 0);
}

uint64_t toeplitz_samples_workspace_size(const toeplitz_network *network,
                                         int64_t batch) {
  uint64_t size = network->workspace_size;
  if (batch < 0 || (size > 0 && (uint64_t)batch > (UINT64_MAX - 1) / size))
    return UINT64_MAX;
  return size * (uint64_t)batch;
}
