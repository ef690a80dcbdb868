/* Which image of a network's kernels a device gets: machine code for it, the
 * newest that it runs, which costs no time of the driver's compiler; else the
 * PTX, which all devices from a certain age on run. */

#include "runtime/cuda_module.h"

#include <stdio.h>
#include <string.h>

enum { LOG_SIZE = 4096, LOG_LINES = 5 };

/* Cuts the text after its first lines, which have the first error. */
static void keep_first_lines(char *text) {
  char *end = text;
  for (int line = 0; line < LOG_LINES && *end; ++line) {
    end += strcspn(end, "\n");
    if (*end)
      ++end;
  }
  while (end > text && end[-1] == '\n')
    --end;
  *end = '\0';
}

/* Whether a device of this capability runs the code. */
static int runs(int device, const toeplitz_gpu_cubin *cubin) {
  if (cubin->exact_capability)
    return cubin->capability == device;
  return cubin->capability / 10 == device / 10 && cubin->capability <= device;
}

/* The code of the highest capability below `limit`, or NULL. */
static const toeplitz_gpu_cubin *find_cubin(const toeplitz_gpu_program *program,
                                            int device, int limit) {
  const toeplitz_gpu_cubin *best = NULL;
  for (int32_t index = 0; index < program->cubin_count; ++index) {
    const toeplitz_gpu_cubin *cubin = &program->cubins[index];
    if (runs(device, cubin) && cubin->capability < limit &&
        (!best || cubin->capability > best->capability))
      best = cubin;
  }
  return best;
}

/* What the driver returns, and the first lines of its log. */
static CUresult load(const toeplitz_cuda_driver *driver, const void *image,
                     char log[LOG_SIZE], CUmodule *module) {
  /* The values of options are numbers in the place of pointers. */
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)(uintptr_t)(LOG_SIZE - 1)};
  memset(log, 0, LOG_SIZE);
  CUresult result =
      driver->cuModuleLoadDataEx(module, image, 2, options, values);
  if (result != CUDA_SUCCESS)
    *module = NULL;
  keep_first_lines(log);
  return result;
}

/* What has to do with memory, or with a broken device, isn't one. */
static int is_refusal(CUresult result) {
  return toeplitz_cuda_status(result) == TOEPLITZ_GPU_ERROR;
}

/* A driver may be too old for an image that fits its device: then another one
 * may do. */
static CUresult load_best(const toeplitz_cuda_driver *driver,
                          const toeplitz_gpu_program *program, int device,
                          char log[LOG_SIZE], CUmodule *module) {
  for (const toeplitz_gpu_cubin *cubin = find_cubin(program, device, INT32_MAX);
       cubin; cubin = find_cubin(program, device, cubin->capability)) {
    CUresult result = load(driver, cubin->code, log, module);
    if (!is_refusal(result))
      return result;
  }
  return load(driver, program->image, log, module);
}

CUmodule toeplitz_cuda_load_module(const toeplitz_cuda_driver *driver,
                                   toeplitz_gpu_handle *handle,
                                   int capability) {
  char log[LOG_SIZE], why[256];
  CUmodule module;
  CUresult result =
      load_best(driver, handle->network->gpu, capability, log, &module);
  if (result == CUDA_SUCCESS)
    return module;
  int version = 0;
  driver->cuDriverGetVersion(&version);
  toeplitz_gpu_fail(handle, toeplitz_cuda_status(result),
                    "cuModuleLoadDataEx, by a driver for CUDA %d.%d%s%.480s: "
                    "%s",
                    version / 1000, version % 1000 / 10, log[0] ? ": " : "",
                    log,
                    toeplitz_cuda_describe(driver, result, why, sizeof why));
  return NULL;
}
