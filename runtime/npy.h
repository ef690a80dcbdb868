/* Reading and writing .npy files, NumPy's format for one array, as 32-bit
 * floats in C order. */

#ifndef TOEPLITZ_RUNTIME_NPY_H
#define TOEPLITZ_RUNTIME_NPY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NumPy's own limit was 32 for most of its life. */
enum { TOEPLITZ_NPY_MAXIMUM_RANK = 32 };

typedef struct toeplitz_npy_array {
  float *data; /* `count` elements in C order; aligned to 64 bytes; from
                  malloc's family */
  int64_t count;
  int32_t rank;
  int64_t shape[TOEPLITZ_NPY_MAXIMUM_RANK];
} toeplitz_npy_array;

/* Reads the array of `path`. The file may hold 16-, 32- or 64-bit floats of
 * either byte order, in C or Fortran order; they are converted. Returns 0 and
 * fills `array`, which toeplitz_npy_free then frees; or returns 1, leaves
 * `array` empty, and writes a sentence that begins with `path` to `message`
 * (always terminated). */
int toeplitz_npy_read(const char *path, toeplitz_npy_array *array,
                      char *message, size_t message_size);

/* Frees what toeplitz_npy_read filled in; an array of zeros is allowed. */
void toeplitz_npy_free(toeplitz_npy_array *array);

/* Writes an array of little-endian 32-bit floats in C order. A regular file
 * appears at `path` only when all of it is written. Returns 0, or 1 with a
 * sentence in `message` as above. */
int toeplitz_npy_write(const char *path, const float *data, int32_t rank,
                       const int64_t *shape, char *message,
                       size_t message_size);

/* Writes a shape as "(1, 3, 8, 8)" to `text` (always terminated) and returns
 * `text`. */
const char *toeplitz_shape_text(const int64_t *shape, int32_t rank, char *text,
                                size_t text_size);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_NPY_H */
