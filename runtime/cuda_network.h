/* The state of a network on a GPU of NVIDIA, between the handle's life and runs
 * (cuda_network.c), its memory (cuda_memory.c) and its launches
 * (cuda_launch.c). */

#ifndef TOEPLITZ_RUNTIME_CUDA_NETWORK_H
#define TOEPLITZ_RUNTIME_CUDA_NETWORK_H

#include "runtime/cuda_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  /* Of a grid's second dimension, along which samples are (CUDA C++ Programming
   * Guide, technical specifications per compute capability). */
  TOEPLITZ_CUDA_MOST_SAMPLES = 65535,
  /* For different numbers of samples that are kept. */
  TOEPLITZ_CUDA_GRAPHS = 4
};

/* A tensor's memory for runs from host memory, and for those on tensors of the
 * caller's that don't lie as kernels want them; without elements, none. */
typedef struct toeplitz_cuda_tensor {
  CUdeviceptr device;
  void *pinned;
} toeplitz_cuda_tensor;

/* All launches for so many samples. */
typedef struct toeplitz_cuda_graph {
  int64_t samples;        /* 0 when it stands for none */
  CUgraphExec executable; /* NULL until they are launched again */
} toeplitz_cuda_graph;

/* What samples need that are computed at once: memory for what layers hand to
 * each other, which every run needs, and for tensors. */
typedef struct toeplitz_cuda_samples {
  CUdeviceptr arena;
  toeplitz_cuda_tensor *inputs;
  toeplitz_cuda_tensor *outputs;
  /* The one that was used last is the first. */
  toeplitz_cuda_graph graphs[TOEPLITZ_CUDA_GRAPHS];
} toeplitz_cuda_samples;

/* For how many samples there is one of both memories, and can be. */
typedef struct toeplitz_cuda_capacity {
  int64_t now;
  int64_t most;
} toeplitz_cuda_capacity;

typedef struct toeplitz_cuda_network {
  toeplitz_gpu_handle base;
  toeplitz_cuda_driver driver;
  CUdevice device;
  int capability;    /* 80: 8.0 */
  CUcontext context; /* NULL when it isn't retained */
  CUmodule module;
  CUfunction *functions; /* one for each kernel */
  CUdeviceptr weights;
  CUstream stream;
  /* For one sample, from the beginning to the end; and for several, which grows
   * with the batches that are asked for. */
  toeplitz_cuda_samples one;
  toeplitz_cuda_samples several;
  toeplitz_cuda_capacity arena;
  toeplitz_cuda_capacity tensors;
  /* The end of the last run in a stream of a caller's, where there was one that
   * the host hasn't waited for. */
  CUevent last_run;
  int has_last_run;
  /* Whether the caller captures the stream of the run. */
  int captures;
  /* Where the host reads elements to. */
  unsigned char element[sizeof(uint64_t)];
} toeplitz_cuda_network;

/* Notes what a call of the driver returned, if it is an error; what the call
 * was for is said by the format. Returns whether the handle has an error. */
__attribute__((format(printf, 3, 4))) int
toeplitz_cuda_check(toeplitz_cuda_network *network, CUresult result,
                    const char *format, ...);

/* What is in the stream from here on runs after the handle's last run in any
 * stream, so that all its memory is free for it. Returns whether it failed. */
int toeplitz_cuda_wait_for_last_run(toeplitz_cuda_network *network,
                                    CUstream stream);

/* ---- Memory: what returns an int returns whether it failed ---- */

/* For the weights, and for one sample. */
int toeplitz_cuda_allocate(toeplitz_cuda_network *network);

/* Frees all memory, and the graphs that use it. */
void toeplitz_cuda_free(toeplitz_cuda_network *network);

/* How many samples of a batch can be computed at once in the stream, for which
 * there is memory then, if wanted for tensors too: at least 1, or 0 after an
 * error. */
int64_t toeplitz_cuda_reserve(toeplitz_cuda_network *network, CUstream stream,
                              int64_t batch, int with_tensors);

/* ---- Launches ---- */

/* The backend's `launch`. */
void toeplitz_cuda_launch(toeplitz_gpu_queue *queue,
                          const toeplitz_gpu_kernel *kernel, uint32_t blocks,
                          const uint64_t *values, int32_t count);

/* Where the handle's tensors are. */
void toeplitz_cuda_find_tensors(const toeplitz_cuda_network *network,
                                const toeplitz_cuda_samples *memory,
                                const void **inputs, void **outputs);

/* Launches all kernels with these tensors. */
void toeplitz_cuda_launch_all(toeplitz_cuda_network *network, CUstream stream,
                              CUdeviceptr arena, int64_t samples,
                              const void *const *inputs, void *const *outputs);

/* The backend's `read`. */
void toeplitz_cuda_read(toeplitz_gpu_queue *queue, void *to, const void *from,
                        uint32_t bytes);

/* Captures the launches for one sample, where they are the same for every run.
 * Returns whether it failed. */
int toeplitz_cuda_prepare_one(toeplitz_cuda_network *network);

/* Launches all kernels on memory of the handle's. */
void toeplitz_cuda_launch_samples(toeplitz_cuda_network *network,
                                  toeplitz_cuda_samples *memory,
                                  int64_t samples);

void toeplitz_cuda_destroy_graphs(toeplitz_cuda_network *network,
                                  toeplitz_cuda_samples *memory);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_CUDA_NETWORK_H */
