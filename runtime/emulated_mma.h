/* Products of matrices by the lanes of a warp, in emulation: mma.sync of PTX,
 * m16n8k8 of TF32 numbers and m16n8k16 of bfloat16 and half precision, with
 * sums in single precision; and ldmatrix, which loads their factors. */

#ifndef TOEPLITZ_RUNTIME_EMULATED_MMA_H
#define TOEPLITZ_RUNTIME_EMULATED_MMA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a lane has of the left factor, the right factor and the sums. */
enum {
  TOEPLITZ_MMA_LEFT = 4,
  TOEPLITZ_MMA_RIGHT = 2,
  TOEPLITZ_MMA_SUMS = 4,
  TOEPLITZ_MMA_WORDS =
      TOEPLITZ_MMA_LEFT + TOEPLITZ_MMA_RIGHT + TOEPLITZ_MMA_SUMS
};

/* Of each of the 32 lanes the words of its fragments, in this order; the
 * results take the place of the sums. The products of an element are added to
 * its sum one after another, in their order. `type` is that of
 * toeplitz_emulated_mma. */
void toeplitz_multiply_fragments(int32_t type, uint32_t *const *lanes);

/* Four matrices of 8 x 8 numbers of 16 bits: of each of the 32 lanes the row
 * that it names, and the four words that it gets (see
 * toeplitz_emulated_load_matrices). */
void toeplitz_load_matrices(const void *const *rows, uint32_t *const *lanes);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_EMULATED_MMA_H */
