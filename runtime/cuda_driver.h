/* The part of NVIDIA's driver library that is used here, declared anew: no
 * header of CUDA is needed to build, and no GPU to start a program. The names
 * are the driver's own, suffixes included: a function whose parameters changed
 * is exported under both names. */

#ifndef TOEPLITZ_RUNTIME_CUDA_DRIVER_H
#define TOEPLITZ_RUNTIME_CUDA_DRIVER_H

#include "runtime/gpu_handle.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

/* Its numbers are the driver's own; kernels have it as a parameter. */
typedef struct CUtensorMap {
  uint64_t numbers[16];
} __attribute__((aligned(64))) CUtensorMap;

/* CUresult: those that toeplitz_cuda_status tells apart. */
enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_DEINITIALIZED = 4,
  CUDA_ERROR_STUB_LIBRARY = 34,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_ECC_UNCORRECTABLE = 214,
  CUDA_ERROR_NVLINK_UNCORRECTABLE = 220,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_TIMEOUT = 702,
  CUDA_ERROR_CONTEXT_IS_DESTROYED = 709,
  CUDA_ERROR_ASSERT = 710,
  CUDA_ERROR_HARDWARE_STACK_ERROR = 714,
  CUDA_ERROR_ILLEGAL_INSTRUCTION = 715,
  CUDA_ERROR_MISALIGNED_ADDRESS = 716,
  CUDA_ERROR_INVALID_ADDRESS_SPACE = 717,
  CUDA_ERROR_INVALID_PC = 718,
  CUDA_ERROR_LAUNCH_FAILED = 719
};

/* CUdevice_attribute, CUfunction_attribute, CUjit_option, CUstream_flags,
 * CUstreamCaptureMode, CUstreamCaptureStatus, CUevent_flags,
 * CUtensorMapDataType, CUtensorMapInterleave, CUtensorMapSwizzle,
 * CUtensorMapL2promotion, CUtensorMapFloatOOBfill. */
enum {
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
  CU_JIT_ERROR_LOG_BUFFER = 5,
  CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
  CU_STREAM_NON_BLOCKING = 1,
  CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1,
  CU_STREAM_CAPTURE_STATUS_NONE = 0,
  CU_EVENT_DISABLE_TIMING = 2,
  CU_TENSOR_MAP_DATA_TYPE_UINT8 = 0,
  CU_TENSOR_MAP_DATA_TYPE_UINT16 = 1,
  CU_TENSOR_MAP_DATA_TYPE_UINT32 = 2,
  CU_TENSOR_MAP_DATA_TYPE_UINT64 = 4,
  CU_TENSOR_MAP_INTERLEAVE_NONE = 0,
  CU_TENSOR_MAP_SWIZZLE_128B = 3,
  CU_TENSOR_MAP_L2_PROMOTION_L2_128B = 2,
  CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE = 0
};

/* FUNCTION(name, parameters) for each function. */
#define TOEPLITZ_CUDA_FUNCTIONS(FUNCTION)                                      \
  FUNCTION(cuInit, (unsigned flags))                                           \
  FUNCTION(cuDriverGetVersion, (int *version))                                 \
  FUNCTION(cuGetErrorName, (CUresult error, const char **name))                \
  FUNCTION(cuGetErrorString, (CUresult error, const char **text))              \
  FUNCTION(cuDeviceGetCount, (int *count))                                     \
  FUNCTION(cuDeviceGet, (CUdevice * device, int ordinal))                      \
  FUNCTION(cuDeviceGetName, (char *name, int length, CUdevice device))         \
  FUNCTION(cuDeviceGetAttribute, (int *value, int attribute, CUdevice device)) \
  FUNCTION(cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device))   \
  FUNCTION(cuDevicePrimaryCtxRelease_v2, (CUdevice device))                    \
  FUNCTION(cuCtxPushCurrent_v2, (CUcontext context))                           \
  FUNCTION(cuCtxPopCurrent_v2, (CUcontext * context))                          \
  FUNCTION(cuModuleLoadDataEx,                                                 \
           (CUmodule * module, const void *image, unsigned option_count,       \
            int *options, void **values))                                      \
  FUNCTION(cuModuleUnload, (CUmodule module))                                  \
  FUNCTION(cuModuleGetFunction,                                                \
           (CUfunction * function, CUmodule module, const char *name))         \
  FUNCTION(cuFuncSetAttribute,                                                 \
           (CUfunction function, int attribute, int value))                    \
  FUNCTION(cuMemGetInfo_v2, (size_t *free, size_t *total))                     \
  FUNCTION(cuMemAlloc_v2, (CUdeviceptr * memory, size_t bytes))                \
  FUNCTION(cuMemFree_v2, (CUdeviceptr memory))                                 \
  FUNCTION(cuMemHostAlloc, (void **memory, size_t bytes, unsigned flags))      \
  FUNCTION(cuMemFreeHost, (void *memory))                                      \
  FUNCTION(cuMemcpyHtoDAsync_v2,                                               \
           (CUdeviceptr to, const void *from, size_t bytes, CUstream stream))  \
  FUNCTION(cuMemcpyDtoHAsync_v2,                                               \
           (void *to, CUdeviceptr from, size_t bytes, CUstream stream))        \
  FUNCTION(cuMemcpyDtoDAsync_v2,                                               \
           (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream))  \
  FUNCTION(cuEventCreate, (CUevent * event, unsigned flags))                   \
  FUNCTION(cuEventDestroy_v2, (CUevent event))                                 \
  FUNCTION(cuEventRecord, (CUevent event, CUstream stream))                    \
  FUNCTION(cuStreamWaitEvent,                                                  \
           (CUstream stream, CUevent event, unsigned flags))                   \
  FUNCTION(cuStreamIsCapturing, (CUstream stream, int *status))                \
  FUNCTION(cuStreamCreate, (CUstream * stream, unsigned flags))                \
  FUNCTION(cuStreamDestroy_v2, (CUstream stream))                              \
  FUNCTION(cuStreamSynchronize, (CUstream stream))                             \
  FUNCTION(cuStreamBeginCapture_v2, (CUstream stream, int mode))               \
  FUNCTION(cuStreamEndCapture, (CUstream stream, CUgraph * graph))             \
  FUNCTION(                                                                    \
      cuGraphInstantiateWithFlags,                                             \
      (CUgraphExec * executable, CUgraph graph, unsigned long long flags))     \
  FUNCTION(cuGraphLaunch, (CUgraphExec executable, CUstream stream))           \
  FUNCTION(cuGraphExecDestroy, (CUgraphExec executable))                       \
  FUNCTION(cuGraphDestroy, (CUgraph graph))                                    \
  FUNCTION(cuLaunchKernel,                                                     \
           (CUfunction function, unsigned blocks_x, unsigned blocks_y,         \
            unsigned blocks_z, unsigned threads_x, unsigned threads_y,         \
            unsigned threads_z, unsigned shared_bytes, CUstream stream,        \
            void **parameters, void **more))

/* The same for those that only some networks need, and drivers from CUDA 12.0
 * on have: NULL where it is missing. */
#define TOEPLITZ_CUDA_OPTIONAL_FUNCTIONS(FUNCTION)                             \
  FUNCTION(cuTensorMapEncodeTiled,                                             \
           (CUtensorMap * map, int type, uint32_t dimensions, void *address,   \
            const uint64_t *sizes, const uint64_t *strides,                    \
            const uint32_t *box, const uint32_t *element_strides,              \
            int interleave, int swizzle, int promotion, int fill))

#define TOEPLITZ_CUDA_MEMBER(name, parameters) CUresult(*name) parameters;

typedef struct toeplitz_cuda_driver {
  /* What dlopen gave; NULL when there is none. */
  void *library;
  TOEPLITZ_CUDA_FUNCTIONS(TOEPLITZ_CUDA_MEMBER)
  TOEPLITZ_CUDA_OPTIONAL_FUNCTIONS(TOEPLITZ_CUDA_MEMBER)
} toeplitz_cuda_driver;

/* Finds the library and its functions, and notes in the handle why not. The
 * driver is zeros before. */
void toeplitz_cuda_open(toeplitz_cuda_driver *driver,
                        toeplitz_gpu_handle *handle);

void toeplitz_cuda_close(toeplitz_cuda_driver *driver);

/* The number of toeplitz.h for one of the driver's. */
int toeplitz_cuda_status(CUresult result);

/* "CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)". Returns text. */
const char *toeplitz_cuda_describe(const toeplitz_cuda_driver *driver,
                                   CUresult result, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_CUDA_DRIVER_H */
