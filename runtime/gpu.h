/* Networks whose kernels run on a GPU: what the generated code hands to the
 * runtime, and how hosts run it.
 *
 * The generated code of such a network holds one toeplitz_gpu_program. Its
 * kernels are in one image of PTX, or, for emulation on the CPU, functions.
 * Blocks and threads are counted along one dimension.
 *
 * Hosts have a handle on it, made by toeplitz_gpu_create, which is a
 * toeplitz_pool to those that handle any network. Any number of threads may
 * call with one handle: they wait for each other. Handles are independent.
 * docs/gpu.md says what they cost. */

#ifndef TOEPLITZ_RUNTIME_GPU_H
#define TOEPLITZ_RUNTIME_GPU_H

#include "runtime/toeplitz.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where each sample of a batch begins in a GPU's memory: at a multiple of this
 * many bytes, since kernels read four floats at once. */
enum { TOEPLITZ_GPU_SAMPLE_ALIGNMENT = 16 };

/* Where launches go while a network is walked: the stream of a device, which
 * may be captured into a graph, or the emulator. */
typedef struct toeplitz_gpu_queue toeplitz_gpu_queue;

/* Of a tensor of which a kernel copies boxes, with the one along which samples
 * are; and of the maps of a kernel. */
enum { TOEPLITZ_GPU_MOST_DIMENSIONS = 5, TOEPLITZ_GPU_MOST_TENSOR_MAPS = 4 };

/* A tensor of which a kernel copies boxes to the memory of its blocks, the
 * fastest dimension first. Each launch hands the kernel a map of it, in which
 * the tensor's address is, behind its arguments. */
typedef struct toeplitz_gpu_tensor_map {
  /* Which of the arguments is an address `offset` bytes before the tensor, and
   * which has the bytes from one sample's tensor to the next one's; -1 where
   * samples share the tensor. */
  int32_t argument;
  int32_t sample_stride;
  uint64_t offset;
  int32_t dimensions;
  uint32_t element_bytes;
  /* Elements; bytes from one to the next, of the first dimension those of an
   * element; and elements of a box, whose rows are 128 bytes. */
  uint64_t sizes[TOEPLITZ_GPU_MOST_DIMENSIONS];
  uint64_t strides[TOEPLITZ_GPU_MOST_DIMENSIONS];
  uint32_t box[TOEPLITZ_GPU_MOST_DIMENSIONS];
} toeplitz_gpu_tensor_map;

typedef struct toeplitz_gpu_kernel {
  /* Its entry in the image. */
  const char *name;
  /* Of a block. */
  uint32_t threads;
  /* Bytes of dynamic shared memory of a block (beside what the image declares);
   * for emulation, all shared memory of a block. */
  uint32_t shared_bytes;
  /* For emulation: what one thread does. `values` are the arguments, 8 bytes
   * each. NULL in an image. */
  void (*emulated)(const uint64_t *values);
  /* Whether its threads wait for each other, at a barrier or in what a warp
   * does together, or for copies (emulation needs to know). */
  uint32_t has_barriers;
  /* At most TOEPLITZ_GPU_MOST_TENSOR_MAPS; NULL where it has none. A map is a
   * parameter by value of 128 bytes, in emulation an address. */
  uint32_t tensor_map_count;
  const toeplitz_gpu_tensor_map *tensor_maps;
} toeplitz_gpu_kernel;

/* Constant data that lies at `offset` of the device's weights. */
typedef struct toeplitz_gpu_weights {
  const void *data;
  uint64_t bytes;
  uint64_t offset;
} toeplitz_gpu_weights;

/* The image as machine code for GPUs of one major version of the compute
 * capability (80: 8.0), of this minor version or a higher one; with
 * `exact_capability` for this one alone. */
typedef struct toeplitz_gpu_cubin {
  int32_t capability;
  int32_t exact_capability;
  uint64_t bytes;
  const void *code;
} toeplitz_gpu_cubin;

typedef struct toeplitz_gpu_program {
  /* PTX text with its final zero; NULL for emulation. */
  const char *image;
  /* The compute capability that the image needs at least: 80, 90; with
   * `exact_capability` no newer one will do (sm_90a). */
  int32_t capability;
  int32_t exact_capability;
  int32_t kernel_count;
  int32_t weights_count;
  const toeplitz_gpu_kernel *kernels;
  const toeplitz_gpu_weights *weights;
  /* Bytes of all weights, and of the memory for what kernels hand to each
   * other, for one sample where the batch is chosen for each run. Both are
   * aligned to 256 bytes on the device, as are the inputs and outputs of
   * toeplitz_gpu_run. */
  uint64_t weights_size;
  uint64_t arena_size;
  /* Calls toeplitz_gpu_launch for every kernel, in order. All pointers are the
   * device's (the host's, in emulation). Where the batch is chosen for each
   * run, they are those of several samples: block y of a kernel's grid works on
   * what lies y times so many bytes behind. */
  void (*launch_all)(toeplitz_gpu_queue *queue, void *arena,
                     const void *weights, const void *const *inputs,
                     void *const *outputs);
  /* What a device can be given in the place of PTX; NULL where there is none,
   * else in any order, each capability once. */
  const toeplitz_gpu_cubin *cubins;
  int32_t cubin_count;
  /* Whether launch_all calls toeplitz_gpu_read. Then what it launches depends
   * on numbers that kernels compute: no graph holds it, and samples, which may
   * decide differently, are computed one at a time. */
  int32_t reads_elements;
} toeplitz_gpu_program;

/* Called by launch_all. The grid has `blocks` blocks for each sample that the
 * queue is for. The arguments of a kernel are `count` values of 8 bytes, at
 * most 512: pointers, or integers. An error is kept in the queue, and later
 * launches do nothing; nor does one of no blocks. */
void toeplitz_gpu_launch(toeplitz_gpu_queue *queue, int32_t kernel,
                         uint32_t blocks, const uint64_t *values,
                         int32_t count);

/* Called by launch_all: waits until the kernels launched before have ended, and
 * makes *value the `bytes` bytes of the device's memory at `from`, at most 8,
 * the first of them the lowest, with zeros above. Returns 0, or another number
 * after an error, which is kept in the queue; launch_all returns then. */
int32_t toeplitz_gpu_read(toeplitz_gpu_queue *queue, const void *from,
                          uint32_t bytes, uint64_t *value);

/* ---- Called by generated code and by hosts ---- */

/* Makes what a run needs: on the GPU of that number, in the driver's order, the
 * kernels, the weights, and memory for all tensors; or an emulated GPU when the
 * program has no image. It is what toeplitz_network.create points to. Returns
 * TOEPLITZ_SUCCESS, or another number and NULL in *result. */
int toeplitz_gpu_create(const toeplitz_network *network, int ordinal,
                        toeplitz_pool **result);

/* Whether the first GPU can run the network, as far as that is known without
 * making a handle: TOEPLITZ_SUCCESS, or why not. */
int toeplitz_gpu_check(const toeplitz_network *network);

/* Frees it; no call may be using it. NULL is allowed. */
void toeplitz_gpu_destroy(toeplitz_pool *handle);

/* Computes one sample from inputs into outputs that lie in the host's memory,
 * and returns when they are there. No argument is checked. With NULL for
 * `handle` one is made for this run on the first GPU, and destroyed. Outputs
 * are untouched unless TOEPLITZ_SUCCESS is returned. */
int toeplitz_gpu_run(const toeplitz_network *network, toeplitz_pool *handle,
                     const void *const *inputs, void *const *outputs);

/* A batch of a network whose batch is chosen for each run, likewise; the
 * samples lie behind each other. As many as the device has memory for are
 * computed at once, but one where the program has `reads_elements`. If one part
 * of a batch fails, the outputs of those before are there, and the others
 * untouched. */
int toeplitz_gpu_run_batch(const toeplitz_network *network,
                           toeplitz_pool *handle, int64_t batch,
                           const void *const *inputs, void *const *outputs);

/* Puts the computation of `batch` samples into a stream of the caller's (a
 * CUstream of the GPU's primary context; NULL is the default stream) and
 * returns. The tensors lie in the GPU's memory, the samples of each behind each
 * other, aligned as their elements are, and stay there until the stream has
 * come to the end of the run. Kernels work on a tensor where it lies if each
 * sample begins at a multiple of TOEPLITZ_GPU_SAMPLE_ALIGNMENT; others are
 * copied on their way. No output may overlap another tensor. The handle is the
 * caller's: NULL is an error.
 *
 * A handle has one arena, so that a run in one stream waits for the handle's
 * last run in another one, and toeplitz_gpu_run for all of them. As many
 * samples as the device has memory for are computed at once; where the handle
 * has memory for fewer, the call waits for the stream and allocates more.
 *
 * Into a stream that the caller is capturing, a run is put without any of that:
 * it's the caller who sees to it that the graph doesn't run beside other runs
 * of the handle, and the samples are computed at once for which earlier runs
 * have made memory, or one at a time. That memory then stays as it is.
 *
 * Where the program has `reads_elements`, the call waits until the stream has
 * come to each number that decides what is computed, and returns when it has
 * launched what comes behind the last one. Samples are computed one at a time.
 * A stream that is being captured can't be waited for: such a run is refused
 * with TOEPLITZ_GPU_ERROR, before anything is put into the stream.
 *
 * In emulation memory is the host's, the stream isn't looked at, and the run
 * has ended on return.
 *
 * It is what toeplitz_network.run_device points to. TOEPLITZ_BAD_BATCH,
 * TOEPLITZ_NULL_TENSOR and TOEPLITZ_UNSUPPORTED_PROCESSOR as by
 * toeplitz_network_run_batch; where something fails later, outputs may have
 * been written. */
int toeplitz_gpu_run_device_batch(const toeplitz_network *network,
                                  toeplitz_pool *handle, int64_t batch,
                                  void *stream,
                                  const void *const *device_inputs,
                                  void *const *device_outputs);

/* The same for one sample. */
int toeplitz_gpu_run_device(const toeplitz_network *network,
                            toeplitz_pool *handle, void *stream,
                            const void *const *device_inputs,
                            void *const *device_outputs);

/* What exactly went wrong, with the driver's own name for it, such as
 * "cuMemAlloc_v2, 1024 bytes for the weights: CUDA_ERROR_OUT_OF_MEMORY (out of
 * memory)": in the last call with the handle, or, for NULL, in the calling
 * thread's last call that failed, one of toeplitz_gpu_create for example. Empty
 * when nothing did; the text is good until the next call. */
const char *toeplitz_gpu_error(const toeplitz_pool *handle);

/* ---- Called by emulated kernels ---- */

/* threadIdx.x, blockIdx.x and blockIdx.y. */
int32_t toeplitz_emulated_thread(void);
int32_t toeplitz_emulated_block(void);
int32_t toeplitz_emulated_sample(void);

/* __syncthreads. A thread that doesn't come is an error of the run. */
void toeplitz_emulated_barrier(void);

/* This byte of the block's shared memory, which is aligned to this many bytes
 * and holds bytes of 255 until they are written. */
enum { TOEPLITZ_EMULATED_SHARED_ALIGNMENT = 1024 };
void *toeplitz_emulated_shared(uint64_t offset);

/* Only in checked code: a thread reads (write = 0) or writes shared memory. Two
 * threads of a block that touch one byte between two barriers, one of them
 * writing, are a race: reported once on stderr with kernel, block, both threads
 * and the byte's offset, and the run's status is TOEPLITZ_GPU_RACE. */
void toeplitz_emulated_access(const void *address, uint64_t bytes,
                              int32_t write);

/* shfl.sync of all 32 lanes: mode 0 idx, 1 up, 2 down, 3 bfly (PTX ISA,
 * shfl.sync with clamp of a whole warp). */
uint32_t toeplitz_emulated_shuffle(int32_t mode, uint32_t value, uint32_t lane);

/* What the factors of toeplitz_emulated_mma are. */
enum { TOEPLITZ_MMA_TF32 = 0, TOEPLITZ_MMA_BF16 = 1, TOEPLITZ_MMA_F16 = 2 };

/* mma.sync of all 32 lanes, with sums in float32: m16n8k8 of TF32 numbers,
 * m16n8k16 of bfloat16 and half precision. `words` are the lane's fragments:
 * four words of the left factor, row by row, two of the right one, column by
 * column, and four sums, which become the results. */
void toeplitz_emulated_mma(int32_t type, uint32_t *words);

/* ldmatrix.sync.aligned.m8n8.x4.shared.b16 of all 32 lanes: four matrices of 8
 * x 8 numbers of 16 bits. Lane 8 i + r names row r of matrix i, 16 bytes that
 * begin at a multiple of 16; word i of lane 4 r + t becomes the numbers 2 t and
 * 2 t + 1 of row r of matrix i. */
void toeplitz_emulated_load_matrices(const void *row, uint32_t *words);

/* cp.async.shared.global: begins to copy `given` bytes to shared memory and to
 * fill up `bytes` of it with zeros. Until the thread waits for it, bytes of 255
 * are in their place. */
void toeplitz_emulated_copy(void *to, const void *from, uint32_t bytes,
                            uint32_t given);

/* cp.async.commit_group. */
void toeplitz_emulated_commit(void);

/* cp.async.wait_group: all copies but those of the `pending` last groups
 * arrive. A thread that ends before its copies have arrived is an error of the
 * run. */
void toeplitz_emulated_wait(uint32_t pending);

/* wgmma.mma_async of all 128 threads of a warpgroup, with both factors in
 * shared memory, row by row (the right one column by column), and sums in
 * float32: m64nNk8 of TF32 numbers, m64nNk16 of bfloat16 and half precision,
 * with N = `columns`. `left` and `right` are matrix descriptors; `sums` are the
 * thread's, columns / 2 of them. The results are there at once; factors that
 * change until the thread waits for the product are an error of the run, and in
 * checked code also those that a thread wrote and did not publish. */
void toeplitz_emulated_wgmma(int32_t type, uint32_t columns, uint64_t left,
                             uint64_t right, float *sums);

/* wgmma.commit_group. */
void toeplitz_emulated_commit_products(void);

/* wgmma.wait_group: all products but those of the `pending` last groups are
 * done. A thread that ends before its products are done is an error. */
void toeplitz_emulated_wait_products(uint32_t pending);

/* fence.proxy.async of shared memory. */
void toeplitz_emulated_publish(void);

/* mbarrier.init: a barrier at this place of shared memory, a multiple of 8
 * bytes, each of whose phases waits for `count` arrivals. In checked code it
 * has to be published before copies use it. */
void toeplitz_emulated_mbarrier_init(void *barrier, uint32_t count);

/* mbarrier.arrive.expect_tx: an arrival at a barrier whose phase ends when so
 * many bytes more have arrived. */
void toeplitz_emulated_mbarrier_expect(void *barrier, uint32_t bytes);

/* mbarrier.try_wait.parity in a loop: waits until the barrier's phase whose
 * number is odd or even, as `parity` is, has ended, and returns 1. Where
 * nothing is left that could end it, an error of the run. */
uint32_t toeplitz_emulated_mbarrier_wait(void *barrier, uint32_t parity);

/* cp.async.bulk from global memory: begins to copy to shared memory. What is
 * copied arrives when a thread waits for the barrier; until then there are
 * bytes of 255 in its place, and in checked code it is a race to touch them, or
 * to touch what has arrived without having waited for it or met, at a barrier
 * of the block, a thread that has. */
void toeplitz_emulated_bulk_copy(void *to, const void *from, void *barrier,
                                 uint32_t bytes);

/* cp.async.bulk.tensor in tiled mode, with swizzling of 128 bytes, likewise:
 * begins to copy the box that begins at these coordinates, those of dimensions
 * that the tensor doesn't have being 0, with zeros for what is beyond the
 * tensor. `map` is what the launch handed over. */
void toeplitz_emulated_tensor_copy(void *to, const void *map, void *barrier,
                                   int32_t c0, int32_t c1, int32_t c2,
                                   int32_t c3, int32_t c4);

/* cvt.rna.tf32.f32: the nearest TF32 number, of two the one farther from zero;
 * 0x7fffffff of a NaN. */
uint32_t toeplitz_emulated_tf32(float value);

/* cvt.rn.bf16x2.f32: the nearest bfloat16 numbers, of two the even one, the
 * first in the upper half. */
uint32_t toeplitz_emulated_bf16x2(float high, float low);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_GPU_H */
