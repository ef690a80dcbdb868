/* Reading and writing .npy files, NumPy's format for one array, in C order. */

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
  int32_t type; /* of toeplitz.h */
  void *data;   /* `count` elements in C order; aligned to 64 bytes; from
                   malloc's family */
  int64_t count;
  int32_t rank;
  int64_t shape[TOEPLITZ_NPY_MAXIMUM_RANK];
} toeplitz_npy_array;

/* Reads the array of `path` as elements of `type`, or of the file's own type
 * when that is 0. The file may have either byte order, and C or Fortran order.
 * Its floats become floats of any width, rounded to nearest; its integers and
 * bools become integers and bools of any width, as long as they fit; for
 * bfloat16, which is no type of NumPy's, the file may hold what ml_dtypes saves
 * (two opaque bytes) or uint16, both taken as bits. Everything else is refused.
 * Returns 0 and fills `array`, which toeplitz_npy_free then frees; or returns
 * 1, leaves `array` empty, and writes a sentence that begins with `path` to
 * `message` (always terminated). */
int toeplitz_npy_read(const char *path, int32_t type, toeplitz_npy_array *array,
                      char *message, size_t message_size);

/* Frees what toeplitz_npy_read filled in; an array of zeros is allowed. */
void toeplitz_npy_free(toeplitz_npy_array *array);

/* Writes an array of `type` in C order, little-endian; bfloat16 as float32, so
 * that NumPy can read it. A regular file appears at `path` only when all of it
 * is written. Returns 0, or 1 with a sentence in `message` as above. */
int toeplitz_npy_write(const char *path, int32_t type, const void *data,
                       int32_t rank, const int64_t *shape, char *message,
                       size_t message_size);

/* Writes a shape as "(1, 3, 8, 8)", or "(batch, 3, 8, 8)" with a negative size,
 * to `text` (always terminated) and returns
 * `text`. */
const char *toeplitz_shape_text(const int64_t *shape, int32_t rank, char *text,
                                size_t text_size);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_NPY_H */
