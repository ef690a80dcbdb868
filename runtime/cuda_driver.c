#define _GNU_SOURCE /* RTLD_NODELETE */

#include "runtime/cuda_driver.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const char LIBRARY[] = "libcuda.so.1";

typedef struct entry {
  const char *name;
  size_t offset; /* of its pointer in toeplitz_cuda_driver */
  int is_optional;
} entry;

#define ENTRY(name, parameters)                                                \
  {#name, offsetof(toeplitz_cuda_driver, name), 0},
#define OPTIONAL(name, parameters)                                             \
  {#name, offsetof(toeplitz_cuda_driver, name), 1},
static const entry entries[] = {TOEPLITZ_CUDA_FUNCTIONS(ENTRY)
                                    TOEPLITZ_CUDA_OPTIONAL_FUNCTIONS(OPTIONAL)};
#undef ENTRY
#undef OPTIONAL

void toeplitz_cuda_open(toeplitz_cuda_driver *driver,
                        toeplitz_gpu_handle *handle) {
  /* The driver has threads of its own that mustn't lose their code: it stays
   * mapped when the last handle is gone. */
  driver->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!driver->library) {
    const char *reason = dlerror();
    toeplitz_gpu_fail(handle, TOEPLITZ_NO_GPU_DRIVER, "%s",
                      reason ? reason : LIBRARY);
    return;
  }
  for (size_t index = 0; index < sizeof entries / sizeof *entries; ++index) {
    void *function = dlsym(driver->library, entries[index].name);
    if (!function && !entries[index].is_optional) {
      toeplitz_gpu_fail(handle, TOEPLITZ_NO_GPU_DRIVER,
                        "%s has no %s: a driver for CUDA 11.4 or newer is "
                        "needed",
                        LIBRARY, entries[index].name);
      return;
    }
    memcpy((char *)driver + entries[index].offset, &function, sizeof function);
  }
}

void toeplitz_cuda_close(toeplitz_cuda_driver *driver) {
  if (driver->library)
    dlclose(driver->library);
  driver->library = NULL;
}

int toeplitz_cuda_status(CUresult result) {
  switch (result) {
  case CUDA_SUCCESS:
    return TOEPLITZ_SUCCESS;
  case CUDA_ERROR_OUT_OF_MEMORY:
    return TOEPLITZ_GPU_OUT_OF_MEMORY;
  case CUDA_ERROR_STUB_LIBRARY:
    return TOEPLITZ_NO_GPU_DRIVER;
  case CUDA_ERROR_NO_DEVICE:
  case CUDA_ERROR_INVALID_DEVICE:
    return TOEPLITZ_NO_GPU;
  /* After these every call fails: the context is broken, or gone. */
  case CUDA_ERROR_DEINITIALIZED:
  case CUDA_ERROR_ECC_UNCORRECTABLE:
  case CUDA_ERROR_NVLINK_UNCORRECTABLE:
  case CUDA_ERROR_ILLEGAL_ADDRESS:
  case CUDA_ERROR_LAUNCH_TIMEOUT:
  case CUDA_ERROR_CONTEXT_IS_DESTROYED:
  case CUDA_ERROR_ASSERT:
  case CUDA_ERROR_HARDWARE_STACK_ERROR:
  case CUDA_ERROR_ILLEGAL_INSTRUCTION:
  case CUDA_ERROR_MISALIGNED_ADDRESS:
  case CUDA_ERROR_INVALID_ADDRESS_SPACE:
  case CUDA_ERROR_INVALID_PC:
  case CUDA_ERROR_LAUNCH_FAILED:
    return TOEPLITZ_GPU_LOST;
  default:
    return TOEPLITZ_GPU_ERROR;
  }
}

const char *toeplitz_cuda_describe(const toeplitz_cuda_driver *driver,
                                   CUresult result, char *text, size_t size) {
  const char *name = NULL, *description = NULL;
  if (driver->cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
    snprintf(text, size, "error %d", result);
  else if (driver->cuGetErrorString(result, &description) != CUDA_SUCCESS ||
           !description)
    snprintf(text, size, "%s", name);
  else
    snprintf(text, size, "%s (%s)", name, description);
  return text;
}
