/* The C ABI between compiled networks, the runtime they are linked with, and
 * the programs that host them.
 *
 * C99, no dependency but libc, libm and pthread, no global mutable state. A
 * program that uses one network needs only that network's NAME.h, which repeats
 * the types below under the same guard; this header is for generic hosts and
 * for the runtime. */

#ifndef TOEPLITZ_RUNTIME_TOEPLITZ_H
#define TOEPLITZ_RUNTIME_TOEPLITZ_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What every call that can fail returns. */
enum {
  TOEPLITZ_SUCCESS = 0,
  TOEPLITZ_OUT_OF_MEMORY = 1,
  TOEPLITZ_NULL_TENSOR = 2,
  TOEPLITZ_MISALIGNED_WORKSPACE = 3,
  TOEPLITZ_BAD_BATCH = 4,
  TOEPLITZ_UNSUPPORTED_PROCESSOR = 5,
  /* Of networks that run on a GPU. */
  TOEPLITZ_NO_GPU_DRIVER = 6,
  TOEPLITZ_NO_GPU = 7,
  TOEPLITZ_OLD_GPU = 8,
  TOEPLITZ_GPU_OUT_OF_MEMORY = 9,
  TOEPLITZ_GPU_LOST = 10,
  TOEPLITZ_GPU_ERROR = 11,
  TOEPLITZ_GPU_RACE = 12,
  TOEPLITZ_NOT_ON_GPU = 13
};

/* The alignment of workspaces and weights: a cache line, which is also the
 * widest vector of the machines that we know. */
#define TOEPLITZ_ALIGNMENT 64

#ifndef TOEPLITZ_NETWORK_TYPES
#define TOEPLITZ_NETWORK_TYPES

/* A set of threads that runs the loops of a network. NULL stands for the
 * calling thread alone. For a network of a GPU: its module, memory and stream
 * there. */
typedef struct toeplitz_pool toeplitz_pool;

/* The types of elements, by the numbers that ONNX has for them. Bools are bytes
 * of 0 or 1; 16-bit floats are their bits in a uint16_t. */
enum {
  TOEPLITZ_FLOAT32 = 1,
  TOEPLITZ_UINT8 = 2,
  TOEPLITZ_INT8 = 3,
  TOEPLITZ_UINT16 = 4,
  TOEPLITZ_INT16 = 5,
  TOEPLITZ_INT32 = 6,
  TOEPLITZ_INT64 = 7,
  TOEPLITZ_BOOL = 9,
  TOEPLITZ_FLOAT16 = 10,
  TOEPLITZ_FLOAT64 = 11,
  TOEPLITZ_UINT32 = 12,
  TOEPLITZ_UINT64 = 13,
  TOEPLITZ_BFLOAT16 = 16
};

/* One input or output of a network: contiguous elements in C order. A first
 * dimension of -1 is the batch, whose size is chosen for each run. */
typedef struct toeplitz_tensor {
  const char *name;
  int32_t rank;
  int32_t type;
  const int64_t *shape;
} toeplitz_tensor;

/* A compiled network. Everything that it points to is constant and lives as
 * long as the code that holds it. */
typedef struct toeplitz_network {
  const char *name;
  int32_t input_count;
  int32_t output_count;
  const toeplitz_tensor *inputs;
  const toeplitz_tensor *outputs;
  /* Bytes that `run` needs as workspace; the memory is aligned to 64 bytes and
   * belongs to the caller. */
  uint64_t workspace_size;
  /* Computes outputs[0..output_count) from inputs[0..input_count). `pool` comes
   * from threads_create of this same network, or is NULL. No argument but
   * `pool` may be NULL, nor a tensor that has elements, and nothing is checked.
   * Any number of threads may be in here at once, each with a workspace of its
   * own; they may share a pool. A network whose batch is chosen for each run
   * computes a batch of 1 here. */
  void (*run)(toeplitz_pool *pool, void *workspace, const void *const *inputs,
              void *const *outputs);
  /* A pool of `threads` threads, the calling one counted; 0 or less means one a
   * processor that this process may use. NULL when the threads can't be had. */
  toeplitz_pool *(*threads_create)(int threads);
  /* Ends the threads and frees the pool; no run may be using it. NULL is
   * allowed. */
  void (*threads_destroy)(toeplitz_pool *pool);
  /* Both are NULL unless the batch is chosen for each run. `run` for `batch`
   * samples: 0 or more, one after the other in each tensor that has a first
   * dimension of -1; the others are the same for all samples. The result of a
   * sample is the same to the bit whatever it is computed with. */
  void (*run_batch)(toeplitz_pool *pool, void *workspace,
                    const void *const *inputs, void *const *outputs,
                    int64_t batch);
  /* Bytes of workspace that run_batch needs. UINT64_MAX when there is no such
   * number. */
  uint64_t (*batch_workspace_size)(int64_t batch);
  /* What the code needs of the processor, by the lines of
   * runtime/processor_features.h for its architecture. */
  uint64_t processor_features;
  /* The LLVM name of a feature that the code needs and this machine lacks, or
   * NULL. Whoever calls run or run_batch here himself calls it before: it also
   * asks the system for the registers that a process gets on request (AMX). */
  const char *(*missing_feature)(const struct toeplitz_network *network);
  /* The four that follow are NULL for networks that run on the CPU. Those of a
   * GPU are run by these instead of threads_create, run and run_batch, which
   * can't say why something failed; threads_destroy frees what `create` makes.
   * What the GPU computes is described in runtime/gpu.h. */
  const struct toeplitz_gpu_program *gpu;
  /* Makes what a run needs on the GPU of that number, in the driver's order.
   * Returns TOEPLITZ_SUCCESS, or another number and NULL in *pool. */
  int (*create)(const struct toeplitz_network *network, int number,
                toeplitz_pool **pool);
  /* toeplitz_network_run_batch of the library that holds the network. */
  int (*run_checked)(const struct toeplitz_network *network,
                     toeplitz_pool *pool, int64_t batch,
                     const void *const *inputs, void *const *outputs,
                     void *workspace);
  /* What the driver said when a call last failed, as toeplitz_gpu_error. */
  const char *(*error_text)(const toeplitz_pool *pool);
  /* The constants that a run reads, in memory that is mapped from the code's
   * file; NULL and 0 when there are none, and for networks of a GPU. */
  const void *weights;
  uint64_t weights_size;
  /* Reads the weights from the file, where nobody has, and takes the page
   * faults of both them and `size` bytes of `workspace` now, which the first
   * run would take otherwise. What is in the workspace is lost; it may be NULL,
   * for the weights alone. Nobody has to call it, and where it can't do what it
   * is to do, a run is slower and nothing else. */
  void (*prepare)(const struct toeplitz_network *network, void *workspace,
                  uint64_t size);
  /* LLVM's name of the processor that the code is for, such as x86-64-v3, or of
   * the GPU, such as sm_80. */
  const char *processor;
  /* Puts a run of `batch` samples into a CUstream of the caller's and returns:
   * toeplitz_gpu_run_device_batch of runtime/gpu.h. NULL for networks that run
   * on the CPU. */
  int (*run_device)(const struct toeplitz_network *network, toeplitz_pool *pool,
                    int64_t batch, void *stream,
                    const void *const *device_inputs,
                    void *const *device_outputs);
} toeplitz_network;

#endif /* TOEPLITZ_NETWORK_TYPES */

/* ---- Called by generated code and by hosts ---- */

/* Starts a pool: `threads` threads in all, of which the caller of
 * toeplitz_parallel_for is one; 0 or less means one for each processor that
 * this process may use. Returns NULL when memory or threads can't be had. The
 * caller owns the pool. */
toeplitz_pool *toeplitz_pool_create(int threads);

/* Ends the threads and frees the pool, which no loop may be using. NULL is
 * allowed. */
void toeplitz_pool_destroy(toeplitz_pool *pool);

/* The number of threads of the pool, the calling one counted; 1 for NULL. */
int toeplitz_pool_threads(const toeplitz_pool *pool);

/* The processors that this process may run on; at least 1. */
int toeplitz_processor_count(void);

typedef void (*toeplitz_task)(void *arguments, int64_t index, int64_t slot);

/* Calls body(arguments, index, slot) once for each index in [0, count), in any
 * order and on any thread of the pool, and returns when all calls have
 * returned; what they wrote is then visible to the caller. Any thread may call
 * it at any time, a task included: when the pool is busy with another loop the
 * caller runs its tasks itself, so it never waits for anything but its own
 * tasks.
 *
 * A slot is a number in [0, slots) that no two calls of a loop have
 * at the same time: the place to work in. `slots` is at least 1. A thread of
 * the pool keeps its slot from one task to the next and from loop to loop, so
 * that what lies there stays in its caches. */
void toeplitz_parallel_for(toeplitz_pool *pool, toeplitz_task body,
                           void *arguments, int64_t count, int64_t slots);

/* Nanoseconds since an arbitrary point in time. Only networks whose kernels are
 * timed call it; others aren't linked with it. */
int64_t toeplitz_clock(void);

/* network->run with its arguments checked, and with a workspace that is
 * allocated and freed inside when `workspace` is NULL. Returns one of the
 * numbers above; the outputs are untouched unless it is TOEPLITZ_SUCCESS. A
 * network of a GPU is created there and freed again for this one run when
 * `pool` is NULL, which takes many times as long as the run. */
int toeplitz_network_run(const toeplitz_network *network, toeplitz_pool *pool,
                         const void *const *inputs, void *const *outputs,
                         void *workspace);

/* network->run_batch likewise. For a network whose batch is fixed, `batch` must
 * be 1: a run is all that it can compute. A GPU that fails in the middle of a
 * batch leaves the outputs of the samples before. */
int toeplitz_network_run_batch(const toeplitz_network *network,
                               toeplitz_pool *pool, int64_t batch,
                               const void *const *inputs, void *const *outputs,
                               void *workspace);

/* The same for hosts that handle any network, which may be one of a library
 * with a runtime of its own: network->run_checked, where there is one. */
int toeplitz_network_run_checked(const toeplitz_network *network,
                                 toeplitz_pool *pool, int64_t batch,
                                 const void *const *inputs,
                                 void *const *outputs, void *workspace);

/* Bytes of workspace for toeplitz_network_run_batch. UINT64_MAX when there is
 * no such number, because `batch` is negative or too large. */
uint64_t toeplitz_network_workspace_size(const toeplitz_network *network,
                                         int64_t batch);

/* Memory for a workspace of `size` bytes, aligned and, when it is large, backed
 * by large pages where the system has them. Returns NULL when there is none.
 * The caller owns it. */
void *toeplitz_workspace_create(uint64_t size);

/* Frees it; no run may be using it. NULL is allowed. */
void toeplitz_workspace_destroy(void *workspace);

/* What a network's run_batch and batch_workspace_size do. */
void toeplitz_run_samples(const toeplitz_network *network, toeplitz_pool *pool,
                          void *workspace, const void *const *inputs,
                          void *const *outputs, int64_t batch);
uint64_t toeplitz_samples_workspace_size(const toeplitz_network *network,
                                         int64_t batch);

/* What a network's missing_feature does. */
const char *toeplitz_missing_feature(const toeplitz_network *network);

/* What a network's prepare does. */
void toeplitz_prepare(const toeplitz_network *network, void *workspace,
                      uint64_t size);

/* TOEPLITZ_SUCCESS or TOEPLITZ_UNSUPPORTED_PROCESSOR, from missing_feature;
 * what was found once is kept. */
int toeplitz_check_processor(const toeplitz_network *network);

/* One of several networks that compute the same, each for another processor. */
typedef struct toeplitz_variant {
  const toeplitz_network *(*network)(void);
  /* Whether it can run here: TOEPLITZ_SUCCESS, or why not. */
  int (*check)(const toeplitz_network *network);
} toeplitz_variant;

/* The first network of `variants` that can run here; where there is none the
 * last one, which says what it lacks. A variant of zeros ends them. The result
 * is kept in *chosen, NULL at first. */
const toeplitz_network *
toeplitz_choose_variant(const toeplitz_variant *variants,
                        const toeplitz_network **chosen);

/* network->run_device; TOEPLITZ_NOT_ON_GPU where the network runs on the CPU.
 */
int toeplitz_network_run_device(const toeplitz_network *network,
                                toeplitz_pool *pool, int64_t batch,
                                void *stream, const void *const *device_inputs,
                                void *const *device_outputs);

/* network->threads_create and network->threads_destroy. */
toeplitz_pool *toeplitz_network_threads_create(const toeplitz_network *network,
                                               int threads);
void toeplitz_network_threads_destroy(const toeplitz_network *network,
                                      toeplitz_pool *pool);

/* An English sentence for a number that a call returned; a constant, never
 * NULL. */
const char *toeplitz_error_string(int error);

/* ---- How a host finds the network of a file made by `toeplitz compile` ----
 */

/* Every shared library exports this under this name beside its NAME_*
 * functions. The layout of toeplitz_network only ever grows at its end. */
#define TOEPLITZ_SHARED_NETWORK_SYMBOL "toeplitz_shared_network"

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_TOEPLITZ_H */
