/* Runs the network of small.json in the memory and default stream of the GPU
 * that it is for, and in that of none; prints what came of it. With BATCH, for
 * as many samples as that, none of which but the first is aligned to more than
 * its elements. */

#include "net.h"

#include <stdio.h>
#include <string.h>

#ifdef BATCH
#define RUN(threads, x, scores) net_run_device(threads, NULL, BATCH, x, scores)
#else
#define BATCH 1
#define RUN(threads, x, scores) net_run_device(threads, NULL, x, scores)
#endif

static void tell(const char *what, int error) {
  const char *reason =
      error && net_network()->error_text ? net_network()->error_text(NULL) : "";
  printf("%s: %s%s%s\n", what, net_error_string(error), *reason ? ": " : "",
         reason);
}

int main(void) {
  float x[BATCH * NET_X_SIZE], scores[BATCH * NET_SCORES_SIZE];
  for (int index = 0; index < BATCH * NET_X_SIZE; ++index)
    x[index] = (float)index;
  memset(scores, 0xff, sizeof scores);
  tell("without a handle", RUN(NULL, x, scores));
  net_threads *threads = net_threads_create(1);
  if (!threads)
    return 1;
  tell("without an input", RUN(threads, NULL, scores));
  tell("misplaced", RUN(threads, x, (float *)((char *)scores + 1)));
  printf("unwritten: %s\n", scores[0] != scores[0] ? "yes" : "no");
  tell(net_network()->processor, RUN(threads, x, scores));
  for (int index = 0; index < BATCH * NET_SCORES_SIZE; ++index)
    printf("%g ", scores[index]);
  /* What a host that handles any network does. */
  const void *inputs[] = {x};
  void *outputs[] = {scores};
  if (net_network()->run_device) {
    memset(scores, 0xff, sizeof scores);
    printf("%d", net_network()->run_device(net_network(), threads, BATCH, NULL,
                                           inputs, outputs));
    printf(" %g", scores[BATCH * NET_SCORES_SIZE - 1]);
  }
  puts("");
  net_threads_destroy(threads);
  return 0;
}
