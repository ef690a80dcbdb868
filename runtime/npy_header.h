/* The header of a .npy file: a Python dictionary such as {'descr': '<f4',
 * 'fortran_order': False, 'shape': (1, 3), }. */

#ifndef TOEPLITZ_RUNTIME_NPY_HEADER_H
#define TOEPLITZ_RUNTIME_NPY_HEADER_H

#include "runtime/npy.h"

typedef struct npy_header {
  int big_endian;
  int32_t type; /* of toeplitz.h */
  int element_size;
  int fortran_order;
  int32_t rank;
  int64_t shape[TOEPLITZ_NPY_MAXIMUM_RANK];
  int64_t count; /* the product of the shape; count * 16 doesn't overflow */
} npy_header;

/* The 'descr' of a type, in little-endian order. */
const char *npy_description(int32_t type);

/* Reads the dictionary in text[0..length). Returns 0, or 1 with the reason in
 * `reason`, which reads well after "FILE: ". */
int npy_parse_header(const char *text, size_t length, npy_header *header,
                     char *reason, size_t reason_size);

#endif /* TOEPLITZ_RUNTIME_NPY_HEADER_H */
