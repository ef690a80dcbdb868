/* What the compiler adds to a network to make a file of it: -DEMULATED=0 or 1,
 * -DBATCHED=0 or 1. */

#include "scaled_network.h"

__attribute__((visibility("default"))) const toeplitz_network *
toeplitz_shared_network(void) {
  return scaled_network(BATCHED, EMULATED);
}

const toeplitz_network *toeplitz_executable_network(void) {
  return scaled_network(BATCHED, EMULATED);
}

int32_t toeplitz_executable_threads(void) { return 1; }
