/* The launches of a network on a GPU of NVIDIA.
 *
 * All launches for a number of samples, which are the same for every run, are
 * captured into a CUDA graph, that one launch puts into the stream. Where
 * numbers that are computed decide which kernels run, each run launches them
 * one by one and waits for these numbers in between. */

#define _POSIX_C_SOURCE 200112L /* pthread_mutex_t */

#include "runtime/cuda_tensor_map.h"

#include <string.h>

void toeplitz_cuda_launch(toeplitz_gpu_queue *queue,
                          const toeplitz_gpu_kernel *kernel, uint32_t blocks,
                          const uint64_t *values, int32_t count) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)queue->handle;
  ptrdiff_t index = kernel - network->base.network->gpu->kernels;
  void *parameters[TOEPLITZ_GPU_MAXIMUM_VALUES + TOEPLITZ_GPU_MOST_TENSOR_MAPS];
  CUtensorMap maps[TOEPLITZ_GPU_MOST_TENSOR_MAPS];
  if (toeplitz_cuda_make_tensor_maps(network, kernel, values, queue->samples,
                                     maps))
    return;
  for (int32_t value = 0; value < count; ++value)
    parameters[value] = (void *)(uintptr_t)&values[value];
  for (uint32_t map = 0; map < kernel->tensor_map_count; ++map)
    parameters[count + (int32_t)map] = &maps[map];
  toeplitz_cuda_check(
      network,
      network->driver.cuLaunchKernel(
          network->functions[index], blocks, (unsigned)queue->samples, 1,
          kernel->threads, 1, 1, kernel->shared_bytes, (CUstream)queue->stream,
          parameters, NULL),
      "cuLaunchKernel, kernel '%s' with %u blocks of %u threads", kernel->name,
      (unsigned)blocks, (unsigned)kernel->threads);
}

/* The copy goes to memory that stays, should waiting for it fail. */
void toeplitz_cuda_read(toeplitz_gpu_queue *queue, void *to, const void *from,
                        uint32_t bytes) {
  toeplitz_cuda_network *network = (toeplitz_cuda_network *)queue->handle;
  CUstream stream = (CUstream)queue->stream;
  if (!toeplitz_cuda_check(
          network,
          network->driver.cuMemcpyDtoHAsync_v2(
              network->element, (CUdeviceptr)(uintptr_t)from, bytes, stream),
          "cuMemcpyDtoHAsync_v2, an element of %u bytes", (unsigned)bytes) &&
      !toeplitz_cuda_check(network, network->driver.cuStreamSynchronize(stream),
                           "cuStreamSynchronize, for an element"))
    memcpy(to, network->element, bytes);
}

static void *as_pointer(CUdeviceptr memory) {
  return (void *)(uintptr_t)memory;
}

void toeplitz_cuda_launch_all(toeplitz_cuda_network *network, CUstream stream,
                              CUdeviceptr arena, int64_t samples,
                              const void *const *inputs, void *const *outputs) {
  toeplitz_gpu_queue queue = {&network->base, stream, samples};
  network->base.network->gpu->launch_all(
      &queue, as_pointer(arena), as_pointer(network->weights), inputs, outputs);
}

void toeplitz_cuda_find_tensors(const toeplitz_cuda_network *network,
                                const toeplitz_cuda_samples *memory,
                                const void **inputs, void **outputs) {
  const toeplitz_network *description = network->base.network;
  for (int32_t index = 0; index < description->input_count; ++index)
    inputs[index] = as_pointer(memory->inputs[index].device);
  for (int32_t index = 0; index < description->output_count; ++index)
    outputs[index] = as_pointer(memory->outputs[index].device);
}

static void launch_on(toeplitz_cuda_network *network,
                      const toeplitz_cuda_samples *memory, int64_t samples) {
  const toeplitz_network *description = network->base.network;
  /* One more than needed: an array of C has elements. */
  const void *inputs[description->input_count + 1];
  void *outputs[description->output_count + 1];
  toeplitz_cuda_find_tensors(network, memory, inputs, outputs);
  toeplitz_cuda_launch_all(network, network->stream, memory->arena, samples,
                           inputs, outputs);
}

/* Returns whether it failed. */
static int capture(toeplitz_cuda_network *network,
                   const toeplitz_cuda_samples *memory,
                   toeplitz_cuda_graph *result) {
  const toeplitz_cuda_driver *driver = &network->driver;
  CUgraph graph = NULL;
  /* What other threads do with the driver meanwhile is their own affair. */
  if (toeplitz_cuda_check(
          network,
          driver->cuStreamBeginCapture_v2(network->stream,
                                          CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
          "cuStreamBeginCapture_v2"))
    return 1;
  launch_on(network, memory, result->samples);
  CUresult ended = driver->cuStreamEndCapture(network->stream, &graph);
  if (!toeplitz_cuda_check(network, ended, "cuStreamEndCapture"))
    toeplitz_cuda_check(
        network,
        driver->cuGraphInstantiateWithFlags(&result->executable, graph, 0),
        "cuGraphInstantiateWithFlags");
  if (graph)
    driver->cuGraphDestroy(graph);
  return network->base.status != TOEPLITZ_SUCCESS;
}

int toeplitz_cuda_prepare_one(toeplitz_cuda_network *network) {
  if (network->base.network->gpu->reads_elements)
    return 0;
  network->one.graphs[0].samples = 1;
  return capture(network, &network->one, &network->one.graphs[0]);
}

static void destroy(toeplitz_cuda_network *network,
                    toeplitz_cuda_graph *graph) {
  if (graph->executable)
    network->driver.cuGraphExecDestroy(graph->executable);
  memset(graph, 0, sizeof *graph);
}

/* Makes the graph for so many samples the first, in the place of the one that
 * wasn't used for the longest time if there is none. Returns whether there was
 * one. */
static int find_graph(toeplitz_cuda_network *network,
                      toeplitz_cuda_samples *memory, int64_t samples) {
  toeplitz_cuda_graph *graphs = memory->graphs;
  int place = 0;
  while (place < TOEPLITZ_CUDA_GRAPHS - 1 && graphs[place].samples != samples)
    ++place;
  int is_known = graphs[place].samples == samples;
  if (!is_known)
    destroy(network, &graphs[place]);
  toeplitz_cuda_graph found = graphs[place];
  found.samples = samples;
  memmove(graphs + 1, graphs, (size_t)place * sizeof *graphs);
  graphs[0] = found;
  return is_known;
}

void toeplitz_cuda_launch_samples(toeplitz_cuda_network *network,
                                  toeplitz_cuda_samples *memory,
                                  int64_t samples) {
  toeplitz_cuda_graph *graph = &memory->graphs[0];
  if (network->base.network->gpu->reads_elements) {
    launch_on(network, memory, samples);
    return;
  }
  /* A graph costs more than the launches in it: batches of ever other sizes
   * don't make one. */
  int is_known = find_graph(network, memory, samples);
  if (is_known && !graph->executable && capture(network, memory, graph) &&
      network->base.status == TOEPLITZ_GPU_OUT_OF_MEMORY)
    toeplitz_gpu_forgive(&network->base);
  if (network->base.status != TOEPLITZ_SUCCESS)
    return;
  if (graph->executable)
    toeplitz_cuda_check(
        network,
        network->driver.cuGraphLaunch(graph->executable, network->stream),
        "cuGraphLaunch");
  else
    launch_on(network, memory, samples);
}

void toeplitz_cuda_destroy_graphs(toeplitz_cuda_network *network,
                                  toeplitz_cuda_samples *memory) {
  for (int index = 0; index < TOEPLITZ_CUDA_GRAPHS; ++index)
    destroy(network, &memory->graphs[index]);
}
