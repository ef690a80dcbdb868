/* Two networks in one program. */

#include "other_rows.h"
#include "two_rows.h"

#include <stdio.h>

int main(void) {
  const float x[TWO_ROWS_X_SIZE] = {0, 1, 2, 3, 4, 5, 6, 7}, factor = 0;
  float y[TWO_ROWS_FLOAT_2_SIZE], other_y[OTHER_ROWS_FLOAT_2_SIZE], z;
  two_rows_threads *threads = two_rows_threads_create(2);
  other_rows_threads *other_threads = other_rows_threads_create(2);
  if (two_rows_run_threads(threads, x, &factor, y, &z, NULL) ||
      other_rows_run_threads(other_threads, x, &factor, other_y, &z, NULL))
    return 1;
  two_rows_threads_destroy(threads);
  other_rows_threads_destroy(other_threads);
  printf("%g %g\n", y[7], other_y[7]);
  return 0;
}
