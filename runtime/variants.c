/* Which of several variants of a network computes, and what is different from
 * one to the other. */

#include "runtime/toeplitz.h"

#include <stddef.h>

const toeplitz_network *
toeplitz_choose_variant(const toeplitz_variant *variants,
                        const toeplitz_network **chosen) {
  /* All threads find the same. */
  const toeplitz_network *network = __atomic_load_n(chosen, __ATOMIC_RELAXED);
  if (network)
    return network;
  const toeplitz_variant *variant = variants;
  while (variant->check(variant->network()) != TOEPLITZ_SUCCESS &&
         variant[1].network)
    ++variant;
  network = variant->network();
  __atomic_store_n(chosen, network, __ATOMIC_RELAXED);
  return network;
}

toeplitz_pool *toeplitz_network_threads_create(const toeplitz_network *network,
                                               int threads) {
  return network->threads_create(threads);
}

int toeplitz_network_run_device(const toeplitz_network *network,
                                toeplitz_pool *pool, int64_t batch,
                                void *stream, const void *const *device_inputs,
                                void *const *device_outputs) {
  if (!network->run_device)
    return TOEPLITZ_NOT_ON_GPU;
  return network->run_device(network, pool, batch, stream, device_inputs,
                             device_outputs);
}

void toeplitz_network_threads_destroy(const toeplitz_network *network,
                                      toeplitz_pool *pool) {
  network->threads_destroy(pool);
}
