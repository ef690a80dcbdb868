/* The memory of a network on a GPU of NVIDIA.
 *
 * That for one sample is had when the handle is made. A batch is computed in
 * memory for several, which grows to what is asked for as long as it leaves
 * something to others: at most half of what is free on the device, and at most
 * PINNED_BYTES of pinned host memory, which a GPU is filled from long before.
 * Where the driver has less than that, half of it is tried until it is enough,
 * and the batch is computed in parts. */

#define _POSIX_C_SOURCE 200112L /* pthread_mutex_t */

#include "runtime/cuda_network.h"
#include "runtime/gpu_samples.h"

#include <stdlib.h>

static const uint64_t PINNED_BYTES = (uint64_t)256 << 20;

/* Nothing is had for no bytes: the driver refuses to. */
static int allocate(toeplitz_cuda_network *network, CUdeviceptr *memory,
                    uint64_t bytes, const char *purpose) {
  return bytes > 0 &&
         toeplitz_cuda_check(
             network, network->driver.cuMemAlloc_v2(memory, (size_t)bytes),
             "cuMemAlloc_v2, %llu bytes for %s", (unsigned long long)bytes,
             purpose);
}

static void free_device(toeplitz_cuda_network *network, CUdeviceptr *memory) {
  if (*memory)
    network->driver.cuMemFree_v2(*memory);
  *memory = 0;
}

/* ---- What samples need ---- */

static int allocate_arena(toeplitz_cuda_network *network,
                          toeplitz_cuda_samples *memory, int64_t samples) {
  return allocate(network, &memory->arena,
                  network->base.network->gpu->arena_size * (uint64_t)samples,
                  "what layers hand to each other");
}

static void free_arena(toeplitz_cuda_network *network,
                       toeplitz_cuda_samples *memory) {
  free_device(network, &memory->arena);
}

static int allocate_list(toeplitz_cuda_network *network,
                         const toeplitz_tensor *tensors, int32_t count,
                         int64_t samples, toeplitz_cuda_tensor **result) {
  toeplitz_cuda_tensor *memory = calloc((size_t)count + 1, sizeof *memory);
  *result = memory;
  if (!memory)
    return toeplitz_gpu_fail(&network->base, TOEPLITZ_OUT_OF_MEMORY,
                             "no memory for the list of tensors");
  for (int32_t index = 0; index < count; ++index) {
    uint64_t bytes = toeplitz_gpu_tensor_bytes(&tensors[index], samples);
    if (bytes > 0 &&
        (allocate(network, &memory[index].device, bytes, tensors[index].name) ||
         toeplitz_cuda_check(network,
                             network->driver.cuMemHostAlloc(
                                 &memory[index].pinned, (size_t)bytes, 0),
                             "cuMemHostAlloc, %llu bytes for %s",
                             (unsigned long long)bytes, tensors[index].name)))
      return 1;
  }
  return 0;
}

static void free_list(toeplitz_cuda_network *network,
                      toeplitz_cuda_tensor **memory, int32_t count) {
  for (int32_t index = 0; *memory && index < count; ++index) {
    free_device(network, &(*memory)[index].device);
    if ((*memory)[index].pinned)
      network->driver.cuMemFreeHost((*memory)[index].pinned);
  }
  free(*memory);
  *memory = NULL;
}

static int allocate_tensors(toeplitz_cuda_network *network,
                            toeplitz_cuda_samples *memory, int64_t samples) {
  const toeplitz_network *description = network->base.network;
  return allocate_list(network, description->inputs, description->input_count,
                       samples, &memory->inputs) ||
         allocate_list(network, description->outputs, description->output_count,
                       samples, &memory->outputs);
}

static void free_tensors(toeplitz_cuda_network *network,
                         toeplitz_cuda_samples *memory) {
  const toeplitz_network *description = network->base.network;
  free_list(network, &memory->inputs, description->input_count);
  free_list(network, &memory->outputs, description->output_count);
}

/* ---- Growing ---- */

/* One of both memories. */
typedef struct growth {
  toeplitz_cuda_capacity *capacity;
  /* Of a sample, with what will be had after this. */
  uint64_t sample_bytes;
  int (*allocate)(toeplitz_cuda_network *network, toeplitz_cuda_samples *memory,
                  int64_t samples);
  void (*free)(toeplitz_cuda_network *network, toeplitz_cuda_samples *memory);
} growth;

static int64_t smaller(int64_t left, uint64_t right) {
  return (uint64_t)left < right ? left : (int64_t)right;
}

/* How many of the wanted samples have room in half of the free memory. */
static int64_t count_fitting(toeplitz_cuda_network *network, int64_t wanted,
                             uint64_t sample_bytes) {
  size_t free_bytes = 0, total_bytes = 0;
  if (toeplitz_cuda_check(
          network, network->driver.cuMemGetInfo_v2(&free_bytes, &total_bytes),
          "cuMemGetInfo_v2"))
    return 0;
  return sample_bytes > 0 ? smaller(wanted, free_bytes / 2 / sample_bytes)
                          : wanted;
}

/* Has memory for the wanted samples, or for fewer. Returns for how many: 1
 * where only that for one sample is left, 0 after an error. */
static int64_t grow(toeplitz_cuda_network *network, CUstream stream,
                    const growth *growing, int64_t wanted) {
  toeplitz_cuda_samples *memory = &network->several;
  toeplitz_cuda_capacity *capacity = growing->capacity;
  if (wanted > capacity->most)
    wanted = capacity->most;
  if (wanted <= capacity->now || wanted <= 1)
    return wanted;
  /* A run before may still be in a stream of the caller's. */
  if (capacity->now > 0 &&
      (toeplitz_cuda_wait_for_last_run(network, stream) ||
       toeplitz_cuda_check(
           network, network->driver.cuStreamSynchronize(stream),
           "cuStreamSynchronize, before memory for %lld samples",
           (long long)wanted)))
    return 0;
  toeplitz_cuda_destroy_graphs(network, memory);
  growing->free(network, memory);
  capacity->now = 0;
  int64_t samples = count_fitting(network, wanted, growing->sample_bytes);
  for (; samples > 1; samples /= 2) {
    if (!growing->allocate(network, memory, samples))
      break;
    growing->free(network, memory);
    if (network->base.status != TOEPLITZ_GPU_OUT_OF_MEMORY)
      break;
    toeplitz_gpu_forgive(&network->base);
  }
  if (network->base.status != TOEPLITZ_SUCCESS)
    return 0;
  if (samples < 1)
    samples = 1;
  /* Asked for more, it isn't tried again in every run. */
  if (samples < wanted)
    capacity->most = samples;
  capacity->now = samples;
  return samples;
}

/* Nothing is allocated while a stream is captured, and what the graph uses
 * isn't freed any more. */
static int64_t keep(toeplitz_cuda_network *network, int64_t wanted,
                    int with_tensors) {
  int64_t samples = smaller(wanted, (uint64_t)network->arena.now);
  if (with_tensors)
    samples = smaller(samples, (uint64_t)network->tensors.now);
  if (samples <= 1)
    return 1;
  network->arena.most = network->arena.now;
  if (with_tensors)
    network->tensors.most = network->tensors.now;
  return samples;
}

int64_t toeplitz_cuda_reserve(toeplitz_cuda_network *network, CUstream stream,
                              int64_t batch, int with_tensors) {
  if (network->captures)
    return keep(network, batch, with_tensors);
  const toeplitz_network *description = network->base.network;
  growth tensors = {&network->tensors, toeplitz_gpu_sample_bytes(description),
                    allocate_tensors, free_tensors};
  growth arena = {&network->arena,
                  description->gpu->arena_size +
                      (with_tensors ? tensors.sample_bytes : 0),
                  allocate_arena, free_arena};
  if (with_tensors && tensors.sample_bytes > 0)
    batch = smaller(batch, PINNED_BYTES / tensors.sample_bytes);
  batch = grow(network, stream, &arena, batch > 1 ? batch : 1);
  return with_tensors && batch > 0 ? grow(network, stream, &tensors, batch)
                                   : batch;
}

/* ---- All of it ---- */

int toeplitz_cuda_allocate(toeplitz_cuda_network *network) {
  network->arena.most = network->tensors.most = TOEPLITZ_CUDA_MOST_SAMPLES;
  return allocate(network, &network->weights,
                  network->base.network->gpu->weights_size, "the weights") ||
         allocate_arena(network, &network->one, 1) ||
         allocate_tensors(network, &network->one, 1);
}

static void free_samples(toeplitz_cuda_network *network,
                         toeplitz_cuda_samples *memory) {
  toeplitz_cuda_destroy_graphs(network, memory);
  free_tensors(network, memory);
  free_arena(network, memory);
}

void toeplitz_cuda_free(toeplitz_cuda_network *network) {
  free_samples(network, &network->several);
  free_samples(network, &network->one);
  free_device(network, &network->weights);
}
