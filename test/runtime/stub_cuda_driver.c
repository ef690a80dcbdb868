#define _GNU_SOURCE /* RTLD_DEFAULT */

#include "stub_cuda_driver.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The driver's functions, and the one that tests call. */
#define EXPORT __attribute__((visibility("default")))
#define DECLARE(name, parameters) EXPORT CUresult name parameters;
TOEPLITZ_CUDA_FUNCTIONS(DECLARE)
#ifndef STUB_WITHOUT_TENSOR_MAPS
TOEPLITZ_CUDA_OPTIONAL_FUNCTIONS(DECLARE)
#endif
EXPORT stub_state *stub_cuda_state(void);

/* Numbers of CUresult that only this file needs. */
enum {
  INVALID_VALUE = 1,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  ILLEGAL_STATE = 401,
  NOT_FOUND = 500
};

#define NAME(name, parameters) #name,
static const char *const names[] = {TOEPLITZ_CUDA_FUNCTIONS(NAME)
                                        TOEPLITZ_CUDA_OPTIONAL_FUNCTIONS(NAME)};

static stub_state state;
static __thread int pushed_contexts;

stub_state *stub_cuda_state(void) { return &state; }

/* Counts a call, and returns the error that it is told to fail with. */
static CUresult begin(int function) {
  const char *told = getenv("STUB_CUDA_FAIL");
  int count = ++state.calls[function], which = 0, error = 0;
  size_t length = strlen(names[function]);
  if (!told || strncmp(told, names[function], length) != 0 ||
      sscanf(told + length, ":%d:%d", &which, &error) != 2 || which != count)
    return CUDA_SUCCESS;
  state.failed = 1;
  return error;
}

/* The same where there must be a context. */
static CUresult begin_within(int function) {
  CUresult told = begin(function);
  if (told == CUDA_SUCCESS && pushed_contexts == 0)
    return INVALID_CONTEXT;
  return told;
}

static int number_of(const char *variable, int otherwise) {
  const char *text = getenv(variable);
  return text ? atoi(text) : otherwise;
}

/* ---- The device ---- */

CUresult cuInit(unsigned flags) {
  return flags == 0 ? begin(STUB_cuInit) : INVALID_VALUE;
}

CUresult cuDriverGetVersion(int *version) {
  *version = 12040;
  return begin(STUB_cuDriverGetVersion);
}

CUresult cuGetErrorName(CUresult error, const char **name) {
  *name = error == CUDA_ERROR_OUT_OF_MEMORY   ? "CUDA_ERROR_OUT_OF_MEMORY"
          : error == CUDA_ERROR_NO_DEVICE     ? "CUDA_ERROR_NO_DEVICE"
          : error == CUDA_ERROR_LAUNCH_FAILED ? "CUDA_ERROR_LAUNCH_FAILED"
          : error == INVALID_IMAGE            ? "CUDA_ERROR_INVALID_IMAGE"
                                              : NULL;
  return *name ? CUDA_SUCCESS : INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  *text = error == CUDA_ERROR_OUT_OF_MEMORY ? "out of memory" : NULL;
  return *text ? CUDA_SUCCESS : INVALID_VALUE;
}

CUresult cuDeviceGetCount(int *count) {
  *count = number_of("STUB_CUDA_DEVICES", 1);
  return begin(STUB_cuDeviceGetCount);
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  *device = ordinal;
  return begin(STUB_cuDeviceGet);
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  snprintf(name, (size_t)length, "Stub %d", device);
  return begin(STUB_cuDeviceGetName);
}

CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  int capability = number_of("STUB_CUDA_CAPABILITY", 90);
  (void)device;
  *value = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
               ? capability / 10
               : capability % 10;
  return begin(STUB_cuDeviceGetAttribute);
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  CUresult told = begin(STUB_cuDevicePrimaryCtxRetain);
  static char place[64];
  if (told != CUDA_SUCCESS)
    return told;
  *context = (CUcontext)(void *)&place[device];
  ++state.contexts;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  (void)device;
  --state.contexts;
  return begin(STUB_cuDevicePrimaryCtxRelease_v2);
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
  CUresult told = begin(STUB_cuCtxPushCurrent_v2);
  if (told == CUDA_SUCCESS && !context)
    return INVALID_CONTEXT;
  pushed_contexts += told == CUDA_SUCCESS;
  return told;
}

CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  *context = NULL;
  if (pushed_contexts == 0)
    return INVALID_CONTEXT;
  --pushed_contexts;
  return begin(STUB_cuCtxPopCurrent_v2);
}

/* ---- Memory ---- */

/* What stands before each piece of the device's memory: how large it is. */
enum { HEADER = 256 };

static size_t device_bytes(void) {
  return (size_t)number_of("STUB_CUDA_MEMORY", 1 << 30);
}

static size_t free_device_bytes(void) {
  return state.device_bytes < device_bytes()
             ? device_bytes() - state.device_bytes
             : 0;
}

CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total) {
  CUresult told = begin_within(STUB_cuMemGetInfo_v2);
  *free_bytes = free_device_bytes();
  *total = device_bytes();
  return told;
}

CUresult cuMemAlloc_v2(CUdeviceptr *memory, size_t bytes) {
  CUresult told = begin_within(STUB_cuMemAlloc_v2);
  if (told != CUDA_SUCCESS)
    return told;
  if (bytes == 0)
    return INVALID_VALUE;
  if (bytes > free_device_bytes())
    return CUDA_ERROR_OUT_OF_MEMORY;
  char *place = malloc(HEADER + bytes);
  memcpy(place, &bytes, sizeof bytes);
  /* Not a number, in every type, until something is written. */
  memset(place + HEADER, 0xff, bytes);
  *memory = (CUdeviceptr)(uintptr_t)(place + HEADER);
  state.device_bytes += bytes;
  ++state.memory;
  return CUDA_SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr memory) {
  char *place = (char *)(uintptr_t)memory - HEADER;
  size_t bytes = 0;
  memcpy(&bytes, place, sizeof bytes);
  free(place);
  state.device_bytes -= bytes;
  --state.memory;
  return begin(STUB_cuMemFree_v2);
}

CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
  CUresult told = begin_within(STUB_cuMemHostAlloc);
  (void)flags;
  if (told != CUDA_SUCCESS)
    return told;
  *memory = malloc(bytes);
  ++state.host_memory;
  return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void *memory) {
  free(memory);
  --state.host_memory;
  return begin(STUB_cuMemFreeHost);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                              CUstream stream) {
  CUresult told = begin_within(STUB_cuMemcpyHtoDAsync_v2);
  (void)stream;
  if (told == CUDA_SUCCESS)
    memcpy((void *)(uintptr_t)to, from, bytes);
  return told;
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  CUresult told = begin_within(STUB_cuMemcpyDtoHAsync_v2);
  (void)stream;
  if (told == CUDA_SUCCESS)
    memcpy(to, (const void *)(uintptr_t)from, bytes);
  return told;
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  CUresult told = begin_within(STUB_cuMemcpyDtoDAsync_v2);
  (void)stream;
  if (told == CUDA_SUCCESS)
    memcpy((void *)(uintptr_t)to, (const void *)(uintptr_t)from, bytes);
  return told;
}

/* ---- Modules ---- */

typedef void (*kernel_code)(uint32_t sample, uint32_t block, uint32_t thread,
                            const uint64_t *values);

struct CUfunc_st {
  kernel_code code;
  char name[64];
  int value_count;
  int map_count; /* behind the values */
  unsigned shared_limit;
};

struct CUmod_st {
  int count;
  struct CUfunc_st functions[8];
};

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image,
                            unsigned option_count, int *options,
                            void **values) {
  CUresult told = begin_within(STUB_cuModuleLoadDataEx);
  if (told == CUDA_SUCCESS && state.refusals > 0) {
    --state.refusals;
    told = state.refusal;
  }
  const char *text = image;
  state.image = image;
  for (unsigned option = 0; told != CUDA_SUCCESS && option < option_count;
       ++option)
    if (options[option] == CU_JIT_ERROR_LOG_BUFFER)
      strcpy(values[option], "stub, line 1; error: no such instruction\n"
                             "2\n3\n4\n5\nthe sixth line\n");
  if (told != CUDA_SUCCESS || strncmp(text, "stub image\n", 11) != 0)
    return told != CUDA_SUCCESS ? told : INVALID_IMAGE;
  struct CUmod_st *loaded = calloc(1, sizeof *loaded);
  int length = 0;
  for (text += 11;
       sscanf(text, "%63s %d%n", loaded->functions[loaded->count].name,
              &loaded->functions[loaded->count].value_count, &length) == 2;
       text += length) {
    struct CUfunc_st *function = &loaded->functions[loaded->count++];
    int more = 0;
    if (sscanf(text + length, "+%d%n", &function->map_count, &more) == 1)
      length += more;
    void *code = dlsym(RTLD_DEFAULT, function->name);
    memcpy(&function->code, &code, sizeof code);
    function->shared_limit = 48 << 10;
  }
  *module = loaded;
  ++state.modules;
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  free(module);
  --state.modules;
  return begin(STUB_cuModuleUnload);
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module,
                             const char *name) {
  CUresult told = begin_within(STUB_cuModuleGetFunction);
  for (int index = 0; told == CUDA_SUCCESS && index < module->count; ++index)
    if (strcmp(module->functions[index].name, name) == 0 &&
        module->functions[index].code) {
      *function = &module->functions[index];
      return CUDA_SUCCESS;
    }
  return told != CUDA_SUCCESS ? told : NOT_FOUND;
}

CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
  CUresult told = begin_within(STUB_cuFuncSetAttribute);
  if (told != CUDA_SUCCESS)
    return told;
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES ||
      value > number_of("STUB_CUDA_SHARED", 227 << 10))
    return INVALID_VALUE;
  function->shared_limit = (unsigned)value;
  return CUDA_SUCCESS;
}

/* ---- Maps of tensors ---- */

#ifndef STUB_WITHOUT_TENSOR_MAPS
/* CUtensorMapDataType: bytes of an element, of those that have whole ones. */
static uint64_t bytes_of_type(int type) {
  static const uint64_t bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
  return type >= 0 && type < (int)(sizeof bytes / sizeof *bytes) ? bytes[type]
                                                                 : 0;
}

/* What cuda.h says of the parameters, as far as nothing is interleaved. */
static int are_good(const CUtensorMap *map, int type, uint32_t dimensions,
                    const void *address, const uint64_t *sizes,
                    const uint64_t *strides, const uint32_t *box,
                    const uint32_t *element_strides, int interleave,
                    int swizzle, int promotion, int fill) {
  static const uint64_t longest_row[] = {UINT64_MAX, 32, 64, 128};
  uint64_t bytes = bytes_of_type(type);
  if ((uintptr_t)map % 64 != 0 || bytes == 0 || dimensions < 1 ||
      dimensions > 5 || (uintptr_t)address % 16 != 0 || !address ||
      interleave != 0 || swizzle < 0 || swizzle > 3 || promotion < 0 ||
      promotion > 3 || fill < 0 || fill > 1)
    return 0;
  for (uint32_t d = 0; d < dimensions; ++d)
    if (sizes[d] == 0 || sizes[d] > UINT64_C(1) << 32 || box[d] == 0 ||
        box[d] > 256 || element_strides[d] == 0 || element_strides[d] > 8 ||
        (d > 0 &&
         (strides[d - 1] % 16 != 0 || strides[d - 1] >= UINT64_C(1) << 40)))
      return 0;
  return box[0] * bytes % 16 == 0 && box[0] * bytes <= longest_row[swizzle];
}

CUresult cuTensorMapEncodeTiled(CUtensorMap *map, int type, uint32_t dimensions,
                                void *address, const uint64_t *sizes,
                                const uint64_t *strides, const uint32_t *box,
                                const uint32_t *element_strides, int interleave,
                                int swizzle, int promotion, int fill) {
  CUresult told = begin_within(STUB_cuTensorMapEncodeTiled);
  if (told != CUDA_SUCCESS)
    return told;
  if (!are_good(map, type, dimensions, address, sizes, strides, box,
                element_strides, interleave, swizzle, promotion, fill))
    return INVALID_VALUE;
  stub_tensor_map made = {(uintptr_t)address,
                          dimensions,
                          (uint32_t)bytes_of_type(type),
                          {0},
                          {bytes_of_type(type)},
                          {0},
                          STUB_TENSOR_MAP};
  for (uint32_t d = 0; d < dimensions; ++d) {
    made.sizes[d] = sizes[d];
    made.box[d] = box[d];
    if (d > 0)
      made.strides[d] = strides[d - 1];
  }
  _Static_assert(sizeof made <= sizeof *map, "a map has 128 bytes");
  memset(map, 0, sizeof *map);
  memcpy(map, &made, sizeof made);
  return CUDA_SUCCESS;
}
#endif

/* ---- Streams and graphs ---- */

typedef struct launch {
  CUfunction function;
  unsigned blocks, samples, threads;
  uint64_t values[STUB_MAXIMUM_VALUES];
  CUtensorMap maps[TOEPLITZ_GPU_MOST_TENSOR_MAPS];
} launch;

struct CUgraph_st {
  int count;
  launch launches[STUB_MAXIMUM_LAUNCHES];
};

struct CUgraphExec_st {
  struct CUgraph_st graph;
};

struct CUstream_st {
  struct CUgraph_st *captured; /* NULL when it isn't being captured */
};

/* 1 and 2 are the default streams of the process and of the thread. */
static int is_captured(CUstream stream) {
  return (uintptr_t)stream > 2 && stream->captured;
}

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  CUresult told = begin_within(STUB_cuStreamCreate);
  (void)flags;
  if (told != CUDA_SUCCESS)
    return told;
  *stream = calloc(1, sizeof **stream);
  ++state.streams;
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  free(stream);
  --state.streams;
  return begin(STUB_cuStreamDestroy_v2);
}

CUresult cuStreamIsCapturing(CUstream stream, int *status) {
  CUresult told = begin_within(STUB_cuStreamIsCapturing);
  *status = is_captured(stream) ? 1 : CU_STREAM_CAPTURE_STATUS_NONE;
  return told;
}

/* What is in a stream has been done at once, so that nobody has to wait. */
struct CUevent_st {
  CUstream recorded_in;
};

CUresult cuEventCreate(CUevent *event, unsigned flags) {
  CUresult told = begin_within(STUB_cuEventCreate);
  if (told != CUDA_SUCCESS || flags != CU_EVENT_DISABLE_TIMING)
    return told != CUDA_SUCCESS ? told : INVALID_VALUE;
  *event = calloc(1, sizeof **event);
  ++state.events;
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event) {
  free(event);
  --state.events;
  return begin(STUB_cuEventDestroy_v2);
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  CUresult told = begin_within(STUB_cuEventRecord);
  if (told != CUDA_SUCCESS || is_captured(stream))
    return told != CUDA_SUCCESS ? told : ILLEGAL_STATE;
  event->recorded_in = stream;
  return CUDA_SUCCESS;
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
  CUresult told = begin_within(STUB_cuStreamWaitEvent);
  if (told != CUDA_SUCCESS || is_captured(stream) || flags != 0)
    return told != CUDA_SUCCESS ? told : ILLEGAL_STATE;
  state.waiting = stream;
  state.waited_for = event->recorded_in;
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
  CUresult told = begin_within(STUB_cuStreamSynchronize);
  return told == CUDA_SUCCESS && is_captured(stream) ? ILLEGAL_STATE : told;
}

CUresult cuStreamBeginCapture_v2(CUstream stream, int mode) {
  CUresult told = begin_within(STUB_cuStreamBeginCapture_v2);
  if (told != CUDA_SUCCESS)
    return told;
  if (stream->captured || mode != CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)
    return ILLEGAL_STATE;
  stream->captured = calloc(1, sizeof *stream->captured);
  ++state.graphs;
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  CUresult told = begin_within(STUB_cuStreamEndCapture);
  CUgraph captured = stream->captured;
  stream->captured = NULL;
  if (told == CUDA_SUCCESS) {
    *graph = captured;
    return captured ? CUDA_SUCCESS : ILLEGAL_STATE;
  }
  free(captured);
  --state.graphs;
  return told;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph,
                                     unsigned long long flags) {
  CUresult told = begin_within(STUB_cuGraphInstantiateWithFlags);
  if (told != CUDA_SUCCESS || flags != 0)
    return told != CUDA_SUCCESS ? told : INVALID_VALUE;
  *executable = malloc(sizeof **executable);
  (*executable)->graph = *graph;
  ++state.executables;
  return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
  free(executable);
  --state.executables;
  return begin(STUB_cuGraphExecDestroy);
}

CUresult cuGraphDestroy(CUgraph graph) {
  free(graph);
  --state.graphs;
  return begin(STUB_cuGraphDestroy);
}

/* ---- Launches ---- */

static void run(const launch *launched) {
  uint64_t values[STUB_MAXIMUM_VALUES + TOEPLITZ_GPU_MOST_TENSOR_MAPS];
  memcpy(values, launched->values, sizeof launched->values);
  for (int map = 0; map < launched->function->map_count; ++map)
    values[launched->function->value_count + map] =
        (uint64_t)(uintptr_t)&launched->maps[map];
  for (uint32_t sample = 0; sample < launched->samples; ++sample)
    for (uint32_t block = 0; block < launched->blocks; ++block)
      for (uint32_t thread = 0; thread < launched->threads; ++thread)
        launched->function->code(sample, block, thread, values);
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  CUresult told = begin_within(STUB_cuGraphLaunch);
  if (told != CUDA_SUCCESS || stream->captured)
    return told != CUDA_SUCCESS ? told : ILLEGAL_STATE;
  for (int index = 0; index < executable->graph.count; ++index)
    run(&executable->graph.launches[index]);
  return CUDA_SUCCESS;
}

/* For the test to see. */
static void record(const launch *launched, unsigned shared_bytes,
                   CUstream stream) {
  int index = state.launch_count++;
  if (index >= STUB_MAXIMUM_LAUNCHES)
    return;
  stub_launch *noted = &state.launches[index];
  memset(noted, 0, sizeof *noted);
  strcpy(noted->kernel, launched->function->name);
  noted->blocks = launched->blocks;
  noted->samples = launched->samples;
  noted->threads = launched->threads;
  noted->shared_bytes = shared_bytes;
  noted->captured = is_captured(stream);
  noted->stream = stream;
  noted->value_count = launched->function->value_count;
  memcpy(noted->values, launched->values, sizeof noted->values);
}

CUresult cuLaunchKernel(CUfunction function, unsigned blocks_x,
                        unsigned blocks_y, unsigned blocks_z,
                        unsigned threads_x, unsigned threads_y,
                        unsigned threads_z, unsigned shared_bytes,
                        CUstream stream, void **parameters, void **more) {
  CUresult told = begin_within(STUB_cuLaunchKernel);
  launch launched = {function, blocks_x, blocks_y, threads_x, {0}, {{{0}}}};
  if (told != CUDA_SUCCESS)
    return told;
  if (blocks_x == 0 || blocks_y == 0 || blocks_y > 65535 || blocks_z != 1 ||
      threads_x == 0 || threads_y != 1 || threads_z != 1 || more ||
      shared_bytes > function->shared_limit)
    return INVALID_VALUE;
  for (int index = 0; index < function->value_count; ++index)
    memcpy(&launched.values[index], parameters[index],
           sizeof launched.values[index]);
  for (int map = 0; map < function->map_count; ++map)
    memcpy(&launched.maps[map], parameters[function->value_count + map],
           sizeof launched.maps[map]);
  record(&launched, shared_bytes, stream);
  if (!is_captured(stream)) {
    run(&launched);
    return CUDA_SUCCESS;
  }
  struct CUgraph_st *graph = stream->captured;
  if (graph->count == STUB_MAXIMUM_LAUNCHES)
    return INVALID_VALUE;
  graph->launches[graph->count++] = launched;
  return CUDA_SUCCESS;
}
