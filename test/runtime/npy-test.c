/* Reads a .npy file and prints its shape and elements; with a second path
 * writes it there again. A third word is the type of elements that is wanted;
 * without it they are float32, and with "any" the file's own type. */

#include "runtime/element_type.h"
#include "runtime/npy.h"
#include "runtime/toeplitz.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  char message[512], shape[512];
  toeplitz_npy_array array;
  char element[64];
  int32_t type = TOEPLITZ_FLOAT32;
  if (argc == 4 && strcmp(argv[3], "any") == 0)
    type = 0;
  else if (argc == 4)
    type = toeplitz_element_type_of_name(argv[3], strlen(argv[3]));
  if (argc < 2 || argc > 4) {
    fprintf(stderr, "usage: %s IN.npy [OUT.npy | - [TYPE]]\n", argv[0]);
    return 2;
  }
  if (toeplitz_npy_read(argv[1], type, &array, message, sizeof message)) {
    fprintf(stderr, "%s\n", message);
    /* A failure leaves nothing to free and nothing to read. */
    return array.data || array.count ? 3 : 1;
  }
  if (argc == 4)
    printf("%s ", toeplitz_element_type_name(array.type));
  printf("%s:",
         toeplitz_shape_text(array.shape, array.rank, shape, sizeof shape));
  for (int64_t index = 0; index < array.count; ++index)
    printf(" %s",
           toeplitz_element_text(array.type,
                                 (const char *)array.data +
                                     index * toeplitz_element_size(array.type),
                                 element, sizeof element));
  putchar('\n');
  int failed = argc >= 3 && strcmp(argv[2], "-") != 0 &&
               toeplitz_npy_write(argv[2], array.type, array.data, array.rank,
                                  array.shape, message, sizeof message);
  if (failed)
    fprintf(stderr, "%s\n", message);
  toeplitz_npy_free(&array);
  return failed;
}
