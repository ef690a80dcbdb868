/* Classifies one handwritten digit with the compiled network: what a C program
 * needs, and nothing else.
 *
 *   toeplitz compile digits.json -o libdigits.a
 *   cc classify.c libdigits.a -lm -lpthread -o classify
 *   ./classify < image.txt
 *
 * image.txt has the 64 grey levels of an 8 x 8 scan, from 0 to 16. */

#include "digits.h"

#include <stdio.h>

int main(void) {
  float image[64], scores[10];
  for (int pixel = 0; pixel < 64; ++pixel) {
    if (scanf("%f", &image[pixel]) != 1) {
      fputs("error: 64 grey levels from 0 to 16 are expected\n", stderr);
      return 1;
    }
    image[pixel] /= 16;
  }
  int error = digits_run(image, scores, NULL);
  if (error) {
    fprintf(stderr, "error: %s\n", digits_error_string(error));
    return 1;
  }
  int best = 0;
  for (int digit = 1; digit < 10; ++digit)
    if (scores[digit] > scores[best])
      best = digit;
  printf("%d\n", best);
  return 0;
}
