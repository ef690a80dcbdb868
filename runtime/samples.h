/* Where the samples of a batch lie. */

#ifndef TOEPLITZ_RUNTIME_SAMPLES_H
#define TOEPLITZ_RUNTIME_SAMPLES_H

#include "runtime/toeplitz.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a tensor, of one sample of it where the batch is chosen for each
 * run. */
int64_t toeplitz_sample_bytes(const toeplitz_tensor *tensor);

/* Bytes from one sample of a tensor to the next; 0 when all share it. */
int64_t toeplitz_sample_stride(const toeplitz_tensor *tensor);

/* Whether each tensor has an address that has elements in a batch of this
 * size: one without has nowhere to be. */
int toeplitz_all_present(const toeplitz_network *network, int64_t batch,
                         const void *const *inputs, void *const *outputs);

/* The addresses of one sample's tensors in those of a batch: the tensors
 * themselves where all samples share them. */
void toeplitz_find_sample(const toeplitz_network *network, int64_t sample,
                          const void *const *inputs, void *const *outputs,
                          const void **sample_inputs, void **sample_outputs);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_SAMPLES_H */
