/* Bulk copies to the memory of an emulated block, and the barriers that say
 * when they have arrived: cp.async.bulk, cp.async.bulk.tensor and mbarrier of
 * PTX.
 *
 * A copy arrives as late as it may: when a thread waits for its barrier. */

#ifndef TOEPLITZ_RUNTIME_EMULATED_BULK_COPIES_H
#define TOEPLITZ_RUNTIME_EMULATED_BULK_COPIES_H

#include "runtime/gpu_tensor.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  /* Of a block; and its copies that are under way. */
  TOEPLITZ_MOST_MBARRIERS = 16,
  TOEPLITZ_MOST_BULK_COPIES = 64,
  /* The count of bytes of a phase is less, in either direction. */
  TOEPLITZ_MBARRIER_MOST_BYTES = 1 << 20
};

/* What says when a phase has ended. */
typedef struct toeplitz_mbarrier {
  /* In the block's memory. */
  uint64_t offset;
  /* Of each phase, and of those of this one that are still to come. */
  uint32_t arrivals;
  uint32_t missing_arrivals;
  /* Expected in this phase and not yet there; less than 0 where more have
   * arrived than are expected until now. */
  int64_t missing_bytes;
  /* Phases that have ended. */
  uint32_t phase;
} toeplitz_mbarrier;

typedef struct toeplitz_bulk_copy {
  uint32_t barrier; /* its number */
  uint32_t bytes;
  uint64_t offset; /* in the block's memory */
  /* Bytes that lie together, or a box of a tensor. */
  const void *from;
  const toeplitz_gpu_tensor *tensor;
  int32_t coordinates[TOEPLITZ_GPU_MOST_DIMENSIONS];
} toeplitz_bulk_copy;

/* Of a block. All zeros: none. */
typedef struct toeplitz_bulk_copies {
  toeplitz_mbarrier barriers[TOEPLITZ_MOST_MBARRIERS];
  uint32_t barrier_count;
  toeplitz_bulk_copy begun[TOEPLITZ_MOST_BULK_COPIES];
  uint32_t count;
} toeplitz_bulk_copies;

/* The bytes of a box of the tensor. */
uint64_t toeplitz_box_bytes(const toeplitz_gpu_tensor *tensor);

/* Why no boxes can be copied of it with rows of 128 bytes; NULL if they can. */
const char *toeplitz_tensor_refuse(const toeplitz_gpu_tensor *tensor);

/* Writes a box, swizzled, to `shared` + `offset`, a multiple of 128 bytes;
 * `shared` stands for an address that is a multiple of 1024. */
void toeplitz_copy_box(const toeplitz_gpu_tensor *tensor,
                       const int32_t *coordinates, char *shared,
                       uint64_t offset);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_EMULATED_BULK_COPIES_H */
