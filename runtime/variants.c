/* Which of several variants of a network computes. */

#include "runtime/toeplitz.h"

#include <stddef.h>

const toeplitz_network *
toeplitz_choose_variant(toeplitz_variant const *variants,
                        const toeplitz_network **chosen) {
  /* All threads find the same. */
  const toeplitz_network *network = __atomic_load_n(chosen, __ATOMIC_RELAXED);
  if (network)
    return network;
  do
    network = (*variants)();
  while (toeplitz_check_processor(network) != TOEPLITZ_SUCCESS && *++variants);
  __atomic_store_n(chosen, network, __ATOMIC_RELAXED);
  return network;
}
