/* The state of an emulated GPU, between the part that a handle sees
 * (gpu_emulator.c) and the one that kernels see (emulated_block.c). */

#ifndef TOEPLITZ_RUNTIME_GPU_EMULATOR_H
#define TOEPLITZ_RUNTIME_GPU_EMULATOR_H

#include "runtime/emulated_bulk_copies.h"
#include "runtime/emulated_copies.h"
#include "runtime/emulated_wgmma.h"
#include "runtime/fibers.h"
#include "runtime/gpu_handle.h"
#include "runtime/shared_memory_shadow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  TOEPLITZ_WARP = 32,
  /* Of a block. */
  TOEPLITZ_MOST_WARPGROUPS = 8
};

/* What a thread of a block is doing. */
typedef enum toeplitz_thread_state {
  TOEPLITZ_THREAD_RUNS,
  TOEPLITZ_THREAD_AT_BARRIER,
  TOEPLITZ_THREAD_AT_SHUFFLE,
  TOEPLITZ_THREAD_AT_PRODUCT,
  TOEPLITZ_THREAD_AT_MATRICES,
  TOEPLITZ_THREAD_AT_WARPGROUP_PRODUCT,
  TOEPLITZ_THREAD_AT_MBARRIER,
  TOEPLITZ_THREAD_ENDED
} toeplitz_thread_state;

typedef struct toeplitz_emulated_lane {
  toeplitz_thread_state state;
  /* Of the shuffle that it waits in; `value` is its result afterwards. `mode`
   * is also the type of a product, or with `value` the number of a barrier for
   * copies and the parity of its phase. */
  int32_t mode;
  uint32_t value;
  uint32_t lane;
  /* Of the product of matrices that it waits in, or of the matrices that are
   * loaded: its fragments. */
  uint32_t *words;
  /* The row of a matrix that it names. */
  const void *row;
  /* The product of its warpgroup that it waits in, and its sums. */
  toeplitz_wgmma product;
  float *sums;
  toeplitz_copies copies;
} toeplitz_emulated_lane;

typedef struct toeplitz_emulator {
  toeplitz_gpu_handle base;
  /* How many samples are computed at once. */
  int64_t capacity;
  /* The device's memory, for so many. */
  char *arena;
  char *weights;
  void **inputs;
  void **outputs;
  /* For the largest block of any kernel: the lanes and fibers of those that
   * have barriers. */
  char *shared;
  toeplitz_emulated_lane *lanes;
  uint32_t lane_count;
  toeplitz_fibers *fibers;
  toeplitz_wgmma_queue warpgroups[TOEPLITZ_MOST_WARPGROUPS];
  toeplitz_bulk_copies bulk_copies;
  /* NULL until a kernel reports an access. */
  toeplitz_shadow *shadow;
  uint64_t most_shared_bytes;
  /* What is being computed. */
  const toeplitz_gpu_kernel *kernel;
  uint32_t sample;
  uint32_t block;
  uint32_t thread;
} toeplitz_emulator;

/* Computes one block of emulator->kernel. */
void toeplitz_emulate_block(toeplitz_emulator *emulator, uint32_t block,
                            const uint64_t *values);

/* The emulator of this thread. */
toeplitz_emulator *toeplitz_emulator_here(void);

/* Stops the kernel's thread until the scheduler lets it go on. */
void toeplitz_emulator_wait_as(toeplitz_emulator *emulator,
                               toeplitz_thread_state state);

/* Whether some warpgroup's threads were all in one product, which is done
 * now. */
int toeplitz_emulate_warpgroups(toeplitz_emulator *emulator);

/* Before and after the threads of a block run. */
void toeplitz_begin_warpgroups(toeplitz_emulator *emulator);
void toeplitz_end_warpgroups(toeplitz_emulator *emulator);

/* Whether some thread that waited for copies can go on now. */
int toeplitz_emulate_mbarriers(toeplitz_emulator *emulator);

/* Notes that this thread waits for copies that nothing can bring any more. */
void toeplitz_report_mbarrier(toeplitz_emulator *emulator, uint32_t thread);

/* Before and after the threads of a block run. */
void toeplitz_begin_bulk_copies(toeplitz_emulator *emulator);
void toeplitz_end_bulk_copies(toeplitz_emulator *emulator);

/* Whether a copy to one of these bytes of the block's memory is under way, to
 * *byte for example. */
int toeplitz_find_bulk_copy(const toeplitz_emulator *emulator, uint64_t offset,
                            uint64_t bytes, uint64_t *byte);

/* Makes `emulator` the one that kernels in this thread call, and returns the
 * one before. */
toeplitz_emulator *toeplitz_emulate_here(toeplitz_emulator *emulator);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_GPU_EMULATOR_H */
