/* A stand-in for NVIDIA's driver library: its "device memory" is the host's,
 * its kernels are functions of the program that the image names. It counts what
 * is alive and fails where it is told to. */

#ifndef TOEPLITZ_TEST_STUB_CUDA_DRIVER_H
#define TOEPLITZ_TEST_STUB_CUDA_DRIVER_H

#include "runtime/cuda_driver.h"

#define STUB_NUMBER(name, parameters) STUB_##name,
enum {
  TOEPLITZ_CUDA_FUNCTIONS(STUB_NUMBER)
      TOEPLITZ_CUDA_OPTIONAL_FUNCTIONS(STUB_NUMBER) STUB_FUNCTIONS
};
#undef STUB_NUMBER

enum { STUB_MAXIMUM_LAUNCHES = 16, STUB_MAXIMUM_VALUES = 8 };

typedef struct stub_launch {
  char kernel[64];
  unsigned blocks, samples, threads, shared_bytes;
  int captured; /* into a graph, rather than run */
  CUstream stream;
  int value_count;
  uint64_t values[STUB_MAXIMUM_VALUES];
} stub_launch;

/* What its maps of tensors hold, which kernels get as the address of one behind
 * their values. */
typedef struct stub_tensor_map {
  uint64_t address;
  uint32_t dimensions, element_bytes;
  uint64_t sizes[5];
  /* From one element to the next, of the first dimension too. */
  uint64_t strides[5];
  uint32_t box[5];
  uint32_t magic;
} stub_tensor_map;
enum { STUB_TENSOR_MAP = 0x70a1 };

typedef struct stub_state {
  int calls[STUB_FUNCTIONS];
  int memory, host_memory, contexts, modules, streams, graphs, executables,
      events;
  /* Of the device's memory that is alive. */
  size_t device_bytes;
  /* Of the last cuStreamWaitEvent: which stream waits for what in which. */
  CUstream waiting, waited_for;
  /* The first calls of cuLaunchKernel. */
  int launch_count;
  stub_launch launches[STUB_MAXIMUM_LAUNCHES];
  /* What cuModuleLoadDataEx was given last. */
  const void *image;
  /* How many of its calls are still to fail with which error. */
  int refusals, refusal;
  /* STUB_CUDA_FAIL has come true. */
  int failed;
} stub_state;

/* Of the whole process; the program may change it. The library exports it under
 * this name.
 *
 * Environment variables, read at each call:
 *   STUB_CUDA_FAIL=FUNCTION:N:ERROR  the N-th call of the function, counted
 * from 1, returns the error; what frees something frees it all the same
 *   STUB_CUDA_DEVICES=N              the number of GPUs, 1 without it
 *   STUB_CUDA_CAPABILITY=N           theirs, 90 without it
 *   STUB_CUDA_MEMORY=N               bytes that the device has, 2^30 without it
 *   STUB_CUDA_SHARED=N               bytes that a block may ask for, 227 KiB
 * without it, as an H100 has them
 */
stub_state *stub_cuda_state(void);

#endif
