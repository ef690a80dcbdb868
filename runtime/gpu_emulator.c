/* A GPU whose memory is the host's and whose kernels are functions, run by the
 * calling thread as they are launched. Slow: it shows that kernels are right
 * where there is no GPU. Memory holds bytes of 255, which make NaNs, until
 * something is written. */

#define _POSIX_C_SOURCE 200112L /* posix_memalign */

#include "runtime/gpu_emulator.h"

#include "runtime/gpu_samples.h"

#include <stdlib.h>
#include <string.h>

enum {
  UNWRITTEN = 0xff,
  /* Computed at once, of a batch whose size is chosen for each run: few, so
   * that many a test has a batch of several parts. */
  SAMPLES = 4
};

/* Memory of the device that nothing is written to yet; NULL, and an error
 * noted, when there is none. */
static void *allocate_aligned(toeplitz_emulator *emulator, uint64_t bytes,
                              size_t alignment, const char *purpose) {
  void *memory = NULL;
  if (bytes > SIZE_MAX / 2 ||
      posix_memalign(&memory, alignment, bytes ? (size_t)bytes : 1) != 0) {
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_OUT_OF_MEMORY,
                      "the emulated GPU has no memory for %s: %llu bytes",
                      purpose, (unsigned long long)bytes);
    return NULL;
  }
  memset(memory, UNWRITTEN, (size_t)bytes);
  return memory;
}

static void *allocate(toeplitz_emulator *emulator, uint64_t bytes,
                      const char *purpose) {
  return allocate_aligned(emulator, bytes, TOEPLITZ_GPU_ALIGNMENT, purpose);
}

static void **allocate_tensors(toeplitz_emulator *emulator,
                               const toeplitz_tensor *tensors, int32_t count) {
  void **memory = calloc((size_t)count + 1, sizeof *memory);
  if (!memory)
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_OUT_OF_MEMORY,
                      "no memory for the list of tensors");
  for (int32_t index = 0; memory && index < count; ++index)
    memory[index] =
        allocate(emulator,
                 toeplitz_gpu_tensor_bytes(&tensors[index], emulator->capacity),
                 tensors[index].name);
  return memory;
}

/* What the threads of the largest block need to wait for each other. */
static void allocate_threads(toeplitz_emulator *emulator) {
  const toeplitz_gpu_program *program = emulator->base.network->gpu;
  uint32_t threads = 0;
  for (int32_t index = 0; index < program->kernel_count; ++index) {
    const toeplitz_gpu_kernel *kernel = &program->kernels[index];
    if (kernel->shared_bytes > emulator->most_shared_bytes)
      emulator->most_shared_bytes = kernel->shared_bytes;
    if (kernel->has_barriers && kernel->threads > threads)
      threads = kernel->threads;
  }
  emulator->shared =
      allocate_aligned(emulator, emulator->most_shared_bytes,
                       TOEPLITZ_EMULATED_SHARED_ALIGNMENT, "shared memory");
  if (threads == 0)
    return;
  emulator->lanes = calloc(threads, sizeof *emulator->lanes);
  emulator->lane_count = emulator->lanes ? threads : 0;
  emulator->fibers = toeplitz_fibers_create(threads);
  if (!emulator->lanes || !emulator->fibers)
    toeplitz_gpu_fail(&emulator->base, TOEPLITZ_OUT_OF_MEMORY,
                      "no memory for the stacks of %u threads",
                      (unsigned)threads);
}

static void open_emulator(toeplitz_gpu_handle *handle, int ordinal) {
  toeplitz_emulator *emulator = (toeplitz_emulator *)handle;
  const toeplitz_network *network = handle->network;
  const toeplitz_gpu_program *program = network->gpu;
  if (ordinal != 0) {
    toeplitz_gpu_fail(handle, TOEPLITZ_NO_GPU,
                      "GPU %d is asked for, one is emulated, which is GPU 0",
                      ordinal);
    return;
  }
  emulator->capacity = network->run_batch ? SAMPLES : 1;
  emulator->arena =
      allocate(emulator, program->arena_size * (uint64_t)emulator->capacity,
               "what layers hand to each other");
  emulator->weights = allocate(emulator, program->weights_size, "the weights");
  for (int32_t index = 0; emulator->weights && index < program->weights_count;
       ++index)
    memcpy(emulator->weights + program->weights[index].offset,
           program->weights[index].data, (size_t)program->weights[index].bytes);
  emulator->inputs =
      allocate_tensors(emulator, network->inputs, network->input_count);
  emulator->outputs =
      allocate_tensors(emulator, network->outputs, network->output_count);
  allocate_threads(emulator);
}

static void free_tensors(void **memory, int32_t count) {
  for (int32_t index = 0; memory && index < count; ++index)
    free(memory[index]);
  free(memory);
}

static void close_emulator(toeplitz_gpu_handle *handle) {
  toeplitz_emulator *emulator = (toeplitz_emulator *)handle;
  toeplitz_fibers_destroy(emulator->fibers);
  for (uint32_t lane = 0; lane < emulator->lane_count; ++lane)
    free(emulator->lanes[lane].copies.begun);
  free(emulator->lanes);
  free(emulator->shadow);
  free(emulator->shared);
  free_tensors(emulator->inputs, handle->network->input_count);
  free_tensors(emulator->outputs, handle->network->output_count);
  free(emulator->weights);
  free(emulator->arena);
}

/* Puts the addresses of a launch's maps of tensors, which are the tensors
 * themselves, behind its arguments. Returns whether it failed. */
static int add_tensors(toeplitz_emulator *emulator,
                       const toeplitz_gpu_kernel *kernel, int64_t samples,
                       uint64_t *values, int32_t count,
                       toeplitz_gpu_tensor *tensors) {
  for (uint32_t index = 0; index < kernel->tensor_map_count; ++index) {
    tensors[index] =
        toeplitz_gpu_find_tensor(&kernel->tensor_maps[index], values, samples);
    const char *reason = toeplitz_tensor_refuse(&tensors[index]);
    if (reason)
      return toeplitz_gpu_fail(&emulator->base, TOEPLITZ_GPU_ERROR,
                               "kernel '%s' copies boxes of a tensor with %s",
                               kernel->name, reason);
    values[count + (int32_t)index] = (uint64_t)(uintptr_t)&tensors[index];
  }
  return 0;
}

static void launch(toeplitz_gpu_queue *queue, const toeplitz_gpu_kernel *kernel,
                   uint32_t blocks, const uint64_t *arguments, int32_t count) {
  toeplitz_emulator *emulator = (toeplitz_emulator *)queue->handle;
  uint64_t values[TOEPLITZ_GPU_MAXIMUM_VALUES + TOEPLITZ_GPU_MOST_TENSOR_MAPS];
  toeplitz_gpu_tensor tensors[TOEPLITZ_GPU_MOST_TENSOR_MAPS];
  memcpy(values, arguments, (size_t)count * sizeof *values);
  if (add_tensors(emulator, kernel, queue->samples, values, count, tensors))
    return;
  emulator->kernel = kernel;
  toeplitz_emulator *outer = toeplitz_emulate_here(emulator);
  for (int64_t sample = 0; sample < queue->samples; ++sample) {
    emulator->sample = (uint32_t)sample;
    for (uint32_t block = 0;
         block < blocks && emulator->base.status == TOEPLITZ_SUCCESS; ++block)
      toeplitz_emulate_block(emulator, block, values);
  }
  toeplitz_emulate_here(outer);
}

static void read_element(toeplitz_gpu_queue *queue, void *to, const void *from,
                         uint32_t bytes) {
  (void)queue;
  memcpy(to, from, bytes);
}

static int64_t reserve(toeplitz_gpu_handle *handle, int64_t batch) {
  int64_t capacity = ((toeplitz_emulator *)handle)->capacity;
  return batch < capacity ? batch : capacity;
}

static int64_t reserve_device(toeplitz_gpu_handle *handle, void *stream,
                              int64_t batch, int with_tensors) {
  (void)stream;
  (void)with_tensors;
  return reserve(handle, batch);
}

static void run_device(toeplitz_gpu_handle *handle, void *stream,
                       int64_t samples, const void *const *inputs,
                       void *const *outputs) {
  toeplitz_emulator *emulator = (toeplitz_emulator *)handle;
  toeplitz_gpu_queue queue = {handle, stream, samples};
  handle->network->gpu->launch_all(&queue, emulator->arena, emulator->weights,
                                   inputs, outputs);
}

static void copy(toeplitz_gpu_handle *handle, void *stream, void *to,
                 const void *from, size_t bytes) {
  (void)handle;
  (void)stream;
  memcpy(to, from, bytes);
}

static void find_memory(toeplitz_gpu_handle *handle, int64_t samples,
                        const void **inputs, void **outputs) {
  (void)samples;
  toeplitz_emulator *emulator = (toeplitz_emulator *)handle;
  for (int32_t index = 0; index < handle->network->input_count; ++index)
    inputs[index] = emulator->inputs[index];
  for (int32_t index = 0; index < handle->network->output_count; ++index)
    outputs[index] = emulator->outputs[index];
}

/* What is in a stream has ended when the call returns. */
static void pass_stream(toeplitz_gpu_handle *handle, void *stream) {
  (void)handle;
  (void)stream;
}

static void run(toeplitz_gpu_handle *handle, int64_t samples,
                const void *const *inputs, void *const *outputs) {
  toeplitz_emulator *emulator = (toeplitz_emulator *)handle;
  const toeplitz_network *network = handle->network;
  for (int32_t index = 0; index < network->input_count; ++index)
    toeplitz_gpu_spread_samples(&toeplitz_gpu_memcpy, &network->inputs[index],
                                samples, emulator->inputs[index],
                                inputs[index]);
  run_device(handle, NULL, samples, (const void *const *)emulator->inputs,
             emulator->outputs);
  if (handle->status != TOEPLITZ_SUCCESS)
    return;
  for (int32_t index = 0; index < network->output_count; ++index)
    toeplitz_gpu_collect_samples(&toeplitz_gpu_memcpy, &network->outputs[index],
                                 samples, outputs[index],
                                 emulator->outputs[index]);
}

/* It is everywhere. */
static void find_emulator(toeplitz_gpu_handle *handle, int ordinal) {
  (void)handle;
  (void)ordinal;
}

const toeplitz_gpu_backend toeplitz_emulator_backend = {
    sizeof(toeplitz_emulator),
    find_emulator,
    open_emulator,
    close_emulator,
    reserve,
    run,
    pass_stream,
    pass_stream,
    reserve_device,
    find_memory,
    copy,
    run_device,
    launch,
    read_element};
