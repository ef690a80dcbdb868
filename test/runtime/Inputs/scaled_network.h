/* A network of a GPU as the compiler would write it, y = x * w + b, by two
 * kernels: from an image that the stub of the driver knows, emulated, or in
 * PTX. */

#ifndef TOEPLITZ_TEST_SCALED_NETWORK_H
#define TOEPLITZ_TEST_SCALED_NETWORK_H

#include "runtime/gpu.h"

enum { SCALED_SIZE = 300, SCALED_BLOCKS = 3, SCALED_THREADS = 128 };

/* One sample of SCALED_SIZE floats, or as many as each run chooses; in an
 * image, or emulated. */
const toeplitz_network *scaled_network(int batched, int emulated);

/* The same, but for GPUs of exactly this compute capability. */
const toeplitz_network *scaled_network_of(int32_t capability);

/* The single one with machine code too, for GPUs of the compute capabilities
 * 8.9, 8.0, 8.6 and exactly 9.0: what is loaded for them, each of which has an
 * address of its own, and the image without them. */
enum { SCALED_CUBINS = 4 };
const toeplitz_network *scaled_network_with_cubins(void);

/* The single one in PTX, for a GPU; or in PTX that has an error. */
const toeplitz_network *scaled_network_in_ptx(int broken);

/* The one for as many samples as each run chooses, in PTX. */
const toeplitz_network *batched_network_in_ptx(void);

/* One in an image for as many samples as each run chooses, of SCALED_ODD_SIZE
 * floats: those of a dense tensor aren't aligned as kernels want them. */
enum { SCALED_ODD_SIZE = SCALED_SIZE - 1 };
const toeplitz_network *network_of_odd_samples(void);

/* Element `index` of y for this x. */
float scaled_result(float x, int index);

/* One for as many samples as each run chooses that reads a number from the
 * device to decide what its second kernel is; in an image, or emulated; and in
 * PTX. */
const toeplitz_network *deciding_network(int emulated);
const toeplitz_network *deciding_network_in_ptx(void);

/* Element `index` of its y for this x and the sample's first element. */
float decided_result(float x, float first, int index);

#endif
