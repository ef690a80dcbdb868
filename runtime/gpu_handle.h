/* What a handle on a network of a GPU is, whatever its kernels run on. */

#ifndef TOEPLITZ_RUNTIME_GPU_HANDLE_H
#define TOEPLITZ_RUNTIME_GPU_HANDLE_H

#include "runtime/gpu.h"

#include <pthread.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  TOEPLITZ_GPU_MESSAGE_SIZE = 1024,
  /* Of a kernel: 4 KiB in all. */
  TOEPLITZ_GPU_MAXIMUM_VALUES = 512,
  /* Of the tensors, the weights and the arena, as the driver aligns memory. */
  TOEPLITZ_GPU_ALIGNMENT = 256
};

typedef struct toeplitz_gpu_handle toeplitz_gpu_handle;

/* A kind of device. Each function notes an error in the handle
 * (toeplitz_gpu_fail) and returns nothing. */
typedef struct toeplitz_gpu_backend {
  /* Of the structure that begins with the handle. */
  size_t handle_size;
  /* The structure is zeros but for the handle. `open` begins with what `find`
   * does: it asks for the device, and whether that can run the kernels. */
  void (*find)(toeplitz_gpu_handle *handle, int ordinal);
  void (*open)(toeplitz_gpu_handle *handle, int ordinal);
  /* After `find` or `open`, also where that failed half-way. */
  void (*close)(toeplitz_gpu_handle *handle);
  /* How many samples of a batch of at least two `run` can compute at once, for
   * which it has the memory afterwards. At least 1, or 0 after an error. */
  int64_t (*reserve)(toeplitz_gpu_handle *handle, int64_t batch);
  /* For at most as many samples as `reserve` has returned last, or for one. */
  void (*run)(toeplitz_gpu_handle *handle, int64_t samples,
              const void *const *inputs, void *const *outputs);
  /* What runs in a stream of the caller's begin and end with. Where `begin`
   * notes an error there is no end, and nothing in between. */
  void (*begin_stream)(toeplitz_gpu_handle *handle, void *stream);
  void (*end_stream)(toeplitz_gpu_handle *handle, void *stream);
  /* In between: `reserve` for `run_device`, and for the handle's own tensors if
   * that is wanted; */
  int64_t (*reserve_device)(toeplitz_gpu_handle *handle, void *stream,
                            int64_t batch, int with_tensors);
  /* where these are for so many samples; */
  void (*find_memory)(toeplitz_gpu_handle *handle, int64_t samples,
                      const void **inputs, void **outputs);
  /* bytes from one place of the device to another; */
  void (*copy)(toeplitz_gpu_handle *handle, void *stream, void *to,
               const void *from, size_t bytes);
  /* and the launches. */
  void (*run_device)(toeplitz_gpu_handle *handle, void *stream, int64_t samples,
                     const void *const *inputs, void *const *outputs);
  void (*launch)(toeplitz_gpu_queue *queue, const toeplitz_gpu_kernel *kernel,
                 uint32_t blocks, const uint64_t *values, int32_t count);
  /* Waits for what was launched, and copies bytes to the host. */
  void (*read)(toeplitz_gpu_queue *queue, void *to, const void *from,
               uint32_t bytes);
} toeplitz_gpu_backend;

extern const toeplitz_gpu_backend toeplitz_cuda_backend;
extern const toeplitz_gpu_backend toeplitz_emulator_backend;

/* What a toeplitz_pool points to when the network is one of a GPU. */
struct toeplitz_gpu_handle {
  /* For network.c, which isn't linked with the rest: toeplitz_gpu_run_batch
   * with a handle. */
  int (*run_samples)(toeplitz_pool *handle, int64_t batch,
                     const void *const *inputs, void *const *outputs);
  const toeplitz_network *network;
  const toeplitz_gpu_backend *backend;
  /* Held by the call that uses the handle. */
  pthread_mutex_t mutex;
  /* Of the last call, and its text. */
  int status;
  char message[TOEPLITZ_GPU_MESSAGE_SIZE];
};

struct toeplitz_gpu_queue {
  toeplitz_gpu_handle *handle;
  /* The CUstream; unused in emulation. */
  void *stream;
  /* What each launch computes: its blocks are there once for each. */
  int64_t samples;
};

/* Notes an error, if none is noted yet. Returns the status that is noted then,
 * which is never TOEPLITZ_SUCCESS. */
__attribute__((format(printf, 3, 4))) int
toeplitz_gpu_fail(toeplitz_gpu_handle *handle, int status, const char *format,
                  ...);

/* Forgets what is noted, where the caller knows another way. */
void toeplitz_gpu_forgive(toeplitz_gpu_handle *handle);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_GPU_HANDLE_H */
