/* Reads a .npy file and prints its shape and elements; with a second path
 * writes it there again. */

#include "runtime/npy.h"

#include <stdio.h>

int main(int argc, char **argv) {
  char message[512], shape[512];
  toeplitz_npy_array array;
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: %s IN.npy [OUT.npy]\n", argv[0]);
    return 2;
  }
  if (toeplitz_npy_read(argv[1], &array, message, sizeof message)) {
    fprintf(stderr, "%s\n", message);
    /* A failure leaves nothing to free and nothing to read. */
    return array.data || array.count ? 3 : 1;
  }
  printf("%s:",
         toeplitz_shape_text(array.shape, array.rank, shape, sizeof shape));
  for (int64_t index = 0; index < array.count; ++index)
    printf(" %.9g", (double)array.data[index]);
  putchar('\n');
  int failed =
      argc == 3 && toeplitz_npy_write(argv[2], array.data, array.rank,
                                      array.shape, message, sizeof message);
  if (failed)
    fprintf(stderr, "%s\n", message);
  toeplitz_npy_free(&array);
  return failed;
}
