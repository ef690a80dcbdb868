/* What the tests of the runtime's side of networks of a GPU share: the stub of
 * the driver, and runs of the networks of Inputs/ on it. */

#ifndef TOEPLITZ_TEST_RUNTIME_GPU_CHECKS_H
#define TOEPLITZ_TEST_RUNTIME_GPU_CHECKS_H

#include "Inputs/scaled_network.h"
#include "check.h"
#include "stub_cuda_driver.h"

enum { RUNS = 50, BATCH = 9, SAMPLE = SCALED_SIZE * sizeof(float) };

/* As kernels want their tensors. */
#define ALIGNED __attribute__((aligned(TOEPLITZ_GPU_SAMPLE_ALIGNMENT)))

/* Both are there after find_stub. */
extern stub_state *stub;
/* What the caller of a network uses of it. */
extern toeplitz_cuda_driver driver;

void find_stub(void);

/* ---- Counting ---- */

void start_counting(void);
/* While a handle is alive. */
void forget_calls(void);
int nothing_is_alive(void);
/* A handle, from whose making on everything is counted. */
toeplitz_pool *open_counted(const toeplitz_network *network);
/* Ends a check of which it was the last handle. */
void close_counted(toeplitz_pool *pool, const char *checked);
/* How many samples each launch of the first kernel has computed since `first`,
 * as digits. */
long long parts_since(int first);

/* ---- Failing ---- */

/* The call of the function, counted from 1, fails. */
void fail_at(const char *function, int call, int error);
/* What the device has. */
void set_memory(size_t bytes);

/* ---- Running ---- */

/* A stream of the caller's, who has the context that its own calls need. */
CUstream create_stream(void);
void destroy_stream(CUstream stream);

void fill(float *x, int samples, float first);
int is_right(const float *x, const float *y, int samples);
/* Runs samples and compares. Returns the status. */
int run_samples(const toeplitz_network *network, toeplitz_pool *pool,
                int samples, float first);
/* Runs a batch from the host's memory, which has to succeed. Returns its
 * parts. */
long long find_parts(toeplitz_pool *pool, int samples);
/* BATCH samples with first elements of both signs, which decide what is
 * computed: 3 * (index % 2) - 1 + shift. */
void fill_deciding(float *x, float shift);
int is_decided_right(const float *x, const float *y, int samples);

#endif /* TOEPLITZ_TEST_RUNTIME_GPU_CHECKS_H */
