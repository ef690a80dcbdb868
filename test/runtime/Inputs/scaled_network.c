#include "scaled_network.h"

#include <stddef.h>

/* The weights w and b: w at the beginning, b at the next multiple of 256. */
enum { OFFSET = 1280, CAPABILITY = 80 };

static const float factors[SCALED_SIZE] = {2, 3, 5, 7};
static const float summands[SCALED_SIZE] = {0.5f, 0.25f, [299] = 12};

float scaled_result(float x, int index) {
  return x * factors[index] + summands[index];
}

/* ---- The kernels ---- */

static void *address(uint64_t value) { return (void *)(uintptr_t)value; }

/* As the stub of the driver calls them. values: x, weights, arena, size, the
 * bytes of a sample of x, of the arena. */
__attribute__((visibility("default"))) void scale(uint32_t sample,
                                                  uint32_t block,
                                                  uint32_t thread,
                                                  const uint64_t *values) {
  const float *x = address(values[0] + sample * values[4]);
  const float *weights = address(values[1]);
  float *arena = address(values[2] + sample * values[5]);
  uint64_t index = (uint64_t)block * SCALED_THREADS + thread;
  if (index < values[3])
    arena[index] = x[index] * weights[index];
}

/* values: arena, weights, y, size, the bytes of a sample of the arena, of y. */
__attribute__((visibility("default"))) void
add(uint32_t sample, uint32_t block, uint32_t thread, const uint64_t *values) {
  const float *arena = address(values[0] + sample * values[4]);
  const float *weights = address(values[1] + OFFSET);
  float *y = address(values[2] + sample * values[5]);
  uint64_t index = (uint64_t)block * SCALED_THREADS + thread;
  if (index < values[3])
    y[index] = arena[index] + weights[index];
}

static void emulated_scale(const uint64_t *values) {
  scale((uint32_t)toeplitz_emulated_sample(),
        (uint32_t)toeplitz_emulated_block(),
        (uint32_t)toeplitz_emulated_thread(), values);
}

static void emulated_add(const uint64_t *values) {
  add((uint32_t)toeplitz_emulated_sample(), (uint32_t)toeplitz_emulated_block(),
      (uint32_t)toeplitz_emulated_thread(), values);
}

static void launch(toeplitz_gpu_queue *queue, void *arena, const void *weights,
                   const void *const *inputs, void *const *outputs,
                   uint64_t size) {
  const uint64_t alignment = TOEPLITZ_GPU_SAMPLE_ALIGNMENT;
  const uint64_t stride =
      (size * sizeof(float) + alignment - 1) / alignment * alignment;
  uint64_t scaling[] = {(uintptr_t)inputs[0],
                        (uintptr_t)weights,
                        (uintptr_t)arena,
                        size,
                        stride,
                        stride};
  uint64_t adding[] = {(uintptr_t)arena,
                       (uintptr_t)weights,
                       (uintptr_t)outputs[0],
                       size,
                       stride,
                       stride};
  toeplitz_gpu_launch(queue, 0, SCALED_BLOCKS, scaling, 6);
  toeplitz_gpu_launch(queue, 1, SCALED_BLOCKS, adding, 6);
}

static void launch_all(toeplitz_gpu_queue *queue, void *arena,
                       const void *weights, const void *const *inputs,
                       void *const *outputs) {
  launch(queue, arena, weights, inputs, outputs, SCALED_SIZE);
}

static void launch_all_odd(toeplitz_gpu_queue *queue, void *arena,
                           const void *weights, const void *const *inputs,
                           void *const *outputs) {
  launch(queue, arena, weights, inputs, outputs, SCALED_ODD_SIZE);
}

float decided_result(float x, float first, int index) {
  float scaled = x * factors[index];
  return first * factors[0] < 0 ? scaled * factors[index]
                                : scaled + summands[index];
}

/* Scales, and then adds, or scales once more where the first element has become
 * negative. */
static void launch_all_deciding(toeplitz_gpu_queue *queue, void *arena,
                                const void *weights, const void *const *inputs,
                                void *const *outputs) {
  uint64_t scaling[] = {(uintptr_t)inputs[0],
                        (uintptr_t)weights,
                        (uintptr_t)arena,
                        SCALED_SIZE,
                        SCALED_SIZE * sizeof(float),
                        SCALED_SIZE * sizeof(float)};
  uint64_t adding[] = {(uintptr_t)arena,
                       (uintptr_t)weights,
                       (uintptr_t)outputs[0],
                       SCALED_SIZE,
                       SCALED_SIZE * sizeof(float),
                       SCALED_SIZE * sizeof(float)};
  uint64_t bits;
  toeplitz_gpu_launch(queue, 0, SCALED_BLOCKS, scaling, 6);
  if (toeplitz_gpu_read(queue, arena, sizeof(float), &bits) != 0)
    return;
  toeplitz_gpu_launch(queue, bits >> 31 ? 0 : 1, SCALED_BLOCKS, adding, 6);
}

/* ---- The same kernels for a GPU ---- */

/* Loads the arguments into %d1 to %d4, moves %d1 and %d3 to the block's sample
 * and skips to `end` unless the thread's element, whose offset becomes %d5, is
 * below %d4. */
#define BEGIN_KERNEL(name)                                                     \
  ".visible .entry " name "(.param .u64 a, .param .u64 b, .param .u64 c, "     \
  ".param .u64 d, .param .u64 e, .param .u64 f) {\n"                           \
  ".reg .b32 %r<4>; .reg .b64 %d<9>; .reg .f32 %f<4>; .reg .pred %p;\n"        \
  "ld.param.u64 %d1, [a]; ld.param.u64 %d2, [b];\n"                            \
  "ld.param.u64 %d3, [c]; ld.param.u64 %d4, [d];\n"                            \
  "ld.param.u64 %d5, [e]; ld.param.u64 %d6, [f];\n"                            \
  "mov.u32 %r1, %ctaid.y; cvt.u64.u32 %d7, %r1;\n"                             \
  "mad.lo.u64 %d1, %d7, %d5, %d1; mad.lo.u64 %d3, %d7, %d6, %d3;\n"            \
  "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;\n"        \
  "mad.lo.u32 %r1, %r1, %r2, %r3;\n"                                           \
  "cvt.u64.u32 %d5, %r1; setp.ge.u64 %p, %d5, %d4; @%p bra end;\n"             \
  "shl.b64 %d5, %d5, 2; add.u64 %d6, %d1, %d5; add.u64 %d7, %d2, %d5;\n"       \
  "add.u64 %d8, %d3, %d5;\n"
#define END_KERNEL "end: ret;\n}\n"

static const char ptx[] =
    ".version 7.0\n.target sm_80\n.address_size 64\n" BEGIN_KERNEL(
        "scale") "ld.global.f32 %f1, [%d6]; ld.global.f32 %f2, [%d7];\n"
                 "mul.rn.f32 %f3, %f1, %f2; st.global.f32 [%d8], "
                 "%f3;\n" END_KERNEL BEGIN_KERNEL(
                     "add") "ld.global.f32 %f1, [%d6]; ld.global.f32 %f2, "
                            "[%d7+1280];\n"
                            "add.rn.f32 %f3, %f1, %f2; st.global.f32 [%d8], "
                            "%f3;\n" END_KERNEL;

static const char broken_ptx[] =
    ".version 7.0\n.target sm_80\n.address_size 64\n"
    ".visible .entry scale() { no_such_instruction; }\n";

/* ---- The descriptors ---- */

static const toeplitz_gpu_kernel kernels[] = {
    {"scale", SCALED_THREADS, 0, emulated_scale, 0, 0, NULL},
    {"add", SCALED_THREADS, 65536, emulated_add, 0, 0, NULL}};
static const toeplitz_gpu_weights weights[] = {
    {factors, sizeof factors, 0}, {summands, sizeof summands, OFFSET}};

/* Each line of a stub's image is a kernel and the number of its arguments. */
#define PROGRAM(image, capability, exact)                                      \
  PROGRAM_WITH(image, capability, exact, launch_all, NULL, 0)
#define PROGRAM_WITH(image, capability, exact, launcher, cubins, cubin_count)  \
  {image,                                                                      \
   capability,                                                                 \
   exact,                                                                      \
   2,                                                                          \
   2,                                                                          \
   kernels,                                                                    \
   weights,                                                                    \
   OFFSET + sizeof summands,                                                   \
   SCALED_SIZE * sizeof(float),                                                \
   launcher,                                                                   \
   cubins,                                                                     \
   cubin_count,                                                                \
   (launcher) == launch_all_deciding}
#define IMAGE "stub image\nscale 6\nadd 6\n"
static const char image[] = IMAGE;
static const char machine_code[SCALED_CUBINS][sizeof IMAGE] = {IMAGE, IMAGE,
                                                               IMAGE, IMAGE};
static const toeplitz_gpu_cubin cubins[] = {
    {89, 0, sizeof IMAGE, machine_code[0]},
    {80, 0, sizeof IMAGE, machine_code[1]},
    {86, 0, sizeof IMAGE, machine_code[2]},
    {90, 1, sizeof IMAGE, machine_code[3]}};
static const toeplitz_gpu_program with_cubins =
    PROGRAM_WITH(image, CAPABILITY, 0, launch_all, cubins, SCALED_CUBINS);
static const toeplitz_gpu_program in_image = PROGRAM(image, CAPABILITY, 0);
static const toeplitz_gpu_program in_emulation = PROGRAM(NULL, CAPABILITY, 0);
static const toeplitz_gpu_program of_odd_samples =
    PROGRAM_WITH(image, CAPABILITY, 0, launch_all_odd, NULL, 0);
static const toeplitz_gpu_program deciding_in_image =
    PROGRAM_WITH(image, CAPABILITY, 0, launch_all_deciding, NULL, 0);
static const toeplitz_gpu_program deciding_in_emulation =
    PROGRAM_WITH(NULL, CAPABILITY, 0, launch_all_deciding, NULL, 0);
static const toeplitz_gpu_program deciding_in_ptx =
    PROGRAM_WITH(ptx, CAPABILITY, 0, launch_all_deciding, NULL, 0);
static const toeplitz_gpu_program for_80 = PROGRAM(image, 80, 1);
static const toeplitz_gpu_program for_90 = PROGRAM(image, 90, 1);
static const toeplitz_gpu_program in_ptx = PROGRAM(ptx, CAPABILITY, 0);
static const toeplitz_gpu_program in_broken_ptx =
    PROGRAM(broken_ptx, CAPABILITY, 0);

static const int64_t single_shape[] = {1, SCALED_SIZE};
static const int64_t batch_shape[] = {-1, SCALED_SIZE};
static const int64_t odd_shape[] = {-1, SCALED_ODD_SIZE};
static const toeplitz_tensor tensors[][2] = {
    {{"x", 2, TOEPLITZ_FLOAT32, single_shape},
     {"y", 2, TOEPLITZ_FLOAT32, single_shape}},
    {{"x", 2, TOEPLITZ_FLOAT32, batch_shape},
     {"y", 2, TOEPLITZ_FLOAT32, batch_shape}},
    {{"x", 2, TOEPLITZ_FLOAT32, odd_shape},
     {"y", 2, TOEPLITZ_FLOAT32, odd_shape}}};

/* What generated code has for each network. */
#define NETWORK(name, program, batched, run_batch_or_null, size_or_null)       \
  static const toeplitz_network name;                                          \
  static void name##_run(toeplitz_pool *pool, void *workspace,                 \
                         const void *const *inputs, void *const *outputs) {    \
    (void)workspace;                                                           \
    toeplitz_gpu_run(&name, pool, inputs, outputs);                            \
  }                                                                            \
  static toeplitz_pool *name##_threads_create(int threads) {                   \
    toeplitz_pool *pool;                                                       \
    (void)threads;                                                             \
    toeplitz_gpu_create(&name, 0, &pool);                                      \
    return pool;                                                               \
  }                                                                            \
  static const toeplitz_network name = {"scaled",                              \
                                        1,                                     \
                                        1,                                     \
                                        &tensors[batched][0],                  \
                                        &tensors[batched][1],                  \
                                        0,                                     \
                                        name##_run,                            \
                                        name##_threads_create,                 \
                                        toeplitz_gpu_destroy,                  \
                                        run_batch_or_null,                     \
                                        size_or_null,                          \
                                        0,                                     \
                                        toeplitz_missing_feature,              \
                                        &program,                              \
                                        toeplitz_gpu_create,                   \
                                        toeplitz_network_run_batch,            \
                                        toeplitz_gpu_error,                    \
                                        NULL,                                  \
                                        0,                                     \
                                        toeplitz_prepare,                      \
                                        "any",                                 \
                                        toeplitz_gpu_run_device_batch};

NETWORK(single, in_image, 0, NULL, NULL)
NETWORK(single_emulated, in_emulation, 0, NULL, NULL)
NETWORK(single_80, for_80, 0, NULL, NULL)
NETWORK(single_90, for_90, 0, NULL, NULL)
NETWORK(single_cubins, with_cubins, 0, NULL, NULL)
NETWORK(single_ptx, in_ptx, 0, NULL, NULL)
NETWORK(single_broken, in_broken_ptx, 0, NULL, NULL)

static const toeplitz_network batched, batched_emulated, batched_ptx, odd,
    deciding, deciding_emulated, deciding_ptx;

#define RUN_BATCH(name)                                                        \
  static void name##_run_batch(toeplitz_pool *pool, void *workspace,           \
                               const void *const *inputs,                      \
                               void *const *outputs, int64_t batch) {          \
    (void)workspace;                                                           \
    toeplitz_gpu_run_batch(&name, pool, batch, inputs, outputs);               \
  }

RUN_BATCH(batched)
RUN_BATCH(batched_emulated)
RUN_BATCH(batched_ptx)
RUN_BATCH(odd)
RUN_BATCH(deciding)
RUN_BATCH(deciding_emulated)
RUN_BATCH(deciding_ptx)

static uint64_t workspace_size(int64_t batch) {
  return toeplitz_samples_workspace_size(&batched, batch);
}

NETWORK(batched, in_image, 1, batched_run_batch, workspace_size)
NETWORK(batched_emulated, in_emulation, 1, batched_emulated_run_batch,
        workspace_size)
NETWORK(batched_ptx, in_ptx, 1, batched_ptx_run_batch, workspace_size)
NETWORK(odd, of_odd_samples, 2, odd_run_batch, workspace_size)
NETWORK(deciding, deciding_in_image, 1, deciding_run_batch, workspace_size)
NETWORK(deciding_emulated, deciding_in_emulation, 1,
        deciding_emulated_run_batch, workspace_size)
NETWORK(deciding_ptx, deciding_in_ptx, 1, deciding_ptx_run_batch,
        workspace_size)

const toeplitz_network *scaled_network(int is_batched, int emulated) {
  if (is_batched)
    return emulated ? &batched_emulated : &batched;
  return emulated ? &single_emulated : &single;
}

const toeplitz_network *scaled_network_of(int32_t capability) {
  return capability == 80 ? &single_80 : &single_90;
}

const toeplitz_network *scaled_network_with_cubins(void) {
  return &single_cubins;
}

const toeplitz_network *scaled_network_in_ptx(int broken) {
  return broken ? &single_broken : &single_ptx;
}

const toeplitz_network *batched_network_in_ptx(void) { return &batched_ptx; }

const toeplitz_network *network_of_odd_samples(void) { return &odd; }

const toeplitz_network *deciding_network(int emulated) {
  return emulated ? &deciding_emulated : &deciding;
}

const toeplitz_network *deciding_network_in_ptx(void) { return &deciding_ptx; }
