/* Calls the network of small.json, whatever computes it, without and with a
 * pool; prints what it is computed for and the result. */

#include "net.h"

#include <stdio.h>

int main(void) {
  float x[NET_X_SIZE], scores[NET_SCORES_SIZE] = {0};
  for (int index = 0; index < NET_X_SIZE; ++index)
    x[index] = (float)index;
  net_prepare(NULL, 0);
  net_threads *threads = NULL;
  for (int run = 0; run < 2; ++run) {
    int error = run ? net_run_threads(threads, x, scores, NULL)
                    : net_run(x, scores, NULL);
    printf("%s: %s, %g %g\n", net_network()->processor, net_error_string(error),
           scores[0], scores[1]);
    if (!threads)
      threads = net_threads_create(2);
  }
  net_threads_destroy(threads);
  return threads ? 0 : 1;
}
