/* Products of matrices by a warpgroup, in emulation: wgmma.mma_async of PTX
 * with both factors in shared memory, m64nNk8 of TF32 numbers and m64nNk16 of
 * bfloat16 and half precision, with sums in single precision. */

#ifndef TOEPLITZ_RUNTIME_EMULATED_WGMMA_H
#define TOEPLITZ_RUNTIME_EMULATED_WGMMA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  TOEPLITZ_WARPGROUP = 128,
  TOEPLITZ_WGMMA_ROWS = 64,
  TOEPLITZ_WGMMA_MOST_COLUMNS = 256,
  /* Of a row of the left factor, or of a column of the right one. */
  TOEPLITZ_WGMMA_ROW_BYTES = 32,
  /* What is moved as a whole: a row has two of them. */
  TOEPLITZ_WGMMA_PIECE = 16,
  /* Whose products no warpgroup has waited for. */
  TOEPLITZ_WGMMA_MOST_PENDING = 64
};

typedef struct toeplitz_wgmma {
  /* As of toeplitz_emulated_mma. */
  int32_t type;
  uint32_t columns;
  /* Matrix descriptors of the left and the right factor. */
  uint64_t left;
  uint64_t right;
} toeplitz_wgmma;

int toeplitz_wgmma_equal(const toeplitz_wgmma *left,
                         const toeplitz_wgmma *right);

/* What keeps these from being descriptors and a shape that are emulated; NULL
 * if nothing does. */
const char *toeplitz_wgmma_refuse(const toeplitz_wgmma *product);

/* The address, of which 18 bits count, of a piece of a row that a descriptor
 * names. */
uint32_t toeplitz_wgmma_address(uint64_t descriptor, uint32_t row,
                                uint32_t piece);

/* The rows of both factors, and of each of the 128 threads its sums, to which
 * the products of each element are added one after another, in their order. */
void toeplitz_multiply_warpgroup(
    const toeplitz_wgmma *product,
    const char left[TOEPLITZ_WGMMA_ROWS][TOEPLITZ_WGMMA_ROW_BYTES],
    const char right[TOEPLITZ_WGMMA_MOST_COLUMNS][TOEPLITZ_WGMMA_ROW_BYTES],
    float *const *sums);

/* What a warpgroup has begun and not waited for. All zeros: nothing. */
typedef struct toeplitz_wgmma_queue {
  struct {
    toeplitz_wgmma product;
    /* Of its factors when it began. */
    uint64_t checksum;
    /* The group that it is, or will be, a part of. */
    uint32_t group;
  } begun[TOEPLITZ_WGMMA_MOST_PENDING];
  uint32_t count;
  /* How many groups there have been. */
  uint32_t groups;
} toeplitz_wgmma_queue;

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_EMULATED_WGMMA_H */
