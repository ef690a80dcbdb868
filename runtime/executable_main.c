/* The `main` of an executable made by `toeplitz compile`: reads .npy inputs,
 * runs the network that it is linked with, writes .npy outputs. */

#define _POSIX_C_SOURCE 200112L /* posix_memalign */

#include "runtime/benchmark.h"
#include "runtime/npy.h"
#include "runtime/toeplitz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Made by the compiler. */
extern const toeplitz_network *toeplitz_executable_network(void);
/* What `toeplitz compile --threads` said: the default of --threads here. */
extern int32_t toeplitz_executable_threads(void);

enum { MAXIMUM_PRINTED = 1000, SHAPE_TEXT = 1024 };

typedef struct options {
  const char **input_paths;  /* one for each input, NULL where none is given */
  const char **output_paths; /* likewise */
  int threads;
  int bench;
  int help;
  int64_t runs;
} options;

/* The tensors: inputs and outputs are network->input_count and output_count
 * long, their elements NULL until they are had. */
typedef struct buffers {
  float **inputs;
  float **outputs;
  void *workspace;
} buffers;

__attribute__((format(printf, 1, 2))) static int fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("error: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return 1;
}

static int64_t element_count(const toeplitz_tensor *tensor) {
  int64_t count = 1;
  for (int32_t index = 0; index < tensor->rank; ++index)
    count *= tensor->shape[index];
  return count;
}

static const char *shape_of(const toeplitz_tensor *tensor, char *text) {
  return toeplitz_shape_text(tensor->shape, tensor->rank, text, SHAPE_TEXT);
}

static void print_help(const toeplitz_network *network, const char *program) {
  char shape[SHAPE_TEXT];
  printf("%s: the network '%s', compiled by Toeplitz\n\n", program,
         network->name);
  printf("Usage: %s --input [NAME=]FILE ... [--output [NAME=]FILE ...] "
         "[OPTIONS]\n\n",
         program);
  puts("  --input [NAME=]FILE    a .npy file of floats; without NAME: the next "
       "input in the order below\n"
       "  --output [NAME=]FILE   where to write an output as .npy; outputs "
       "without a file are printed");
  printf("  --threads N            threads to compute with (default %d; 0: one "
         "for each processor)\n",
         (int)toeplitz_executable_threads());
  puts(
      "  --bench                measure the time of a run; inputs that aren't "
      "given are random\n"
      "  --runs N               runs to measure (default: two seconds' worth)\n"
      "  --help                 this text\n");
  puts("Inputs:");
  for (int32_t index = 0; index < network->input_count; ++index)
    printf("  %s %s\n", network->inputs[index].name,
           shape_of(&network->inputs[index], shape));
  puts("Outputs:");
  for (int32_t index = 0; index < network->output_count; ++index)
    printf("  %s %s\n", network->outputs[index].name,
           shape_of(&network->outputs[index], shape));
  printf("Workspace: %" PRIu64 " bytes\n", network->workspace_size);
}

/* ---- The command line ---- */

/* Notes [NAME=]FILE. A name counts only when a tensor has it, so that a file's
 * name may contain '='. */
static int assign_path(const char *option, const char *value,
                       const toeplitz_tensor *tensors, int32_t count,
                       const char **paths) {
  const char *equals = strchr(value, '=');
  for (int32_t index = 0; equals && index < count; ++index) {
    size_t length = strlen(tensors[index].name);
    if (length != (size_t)(equals - value) ||
        memcmp(tensors[index].name, value, length) != 0)
      continue;
    if (paths[index])
      return fail("%s: '%s' is given twice", option, tensors[index].name);
    paths[index] = equals + 1;
    return 0;
  }
  for (int32_t index = 0; index < count; ++index)
    if (!paths[index]) {
      paths[index] = value;
      return 0;
    }
  return fail("%s %s: the network has only %" PRId32 " %s", option, value,
              count, strcmp(option, "--input") == 0 ? "inputs" : "outputs");
}

static int read_number(const char *option, const char *text, int64_t lowest,
                       int64_t highest, int64_t *number) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (end == text || *end || errno || value < lowest || value > highest)
    return fail("%s: '%s' is not a whole number from %" PRId64 " to %" PRId64,
                option, text, lowest, highest);
  *number = value;
  return 0;
}

static int read_valued_option(const char *option, const char *value,
                              const toeplitz_network *network,
                              options *chosen) {
  int64_t number;
  if (strcmp(option, "--input") == 0)
    return assign_path(option, value, network->inputs, network->input_count,
                       chosen->input_paths);
  if (strcmp(option, "--output") == 0)
    return assign_path(option, value, network->outputs, network->output_count,
                       chosen->output_paths);
  if (strcmp(option, "--threads") == 0) {
    if (read_number(option, value, 0, 1024, &number))
      return 1;
    chosen->threads = (int)number;
    return 0;
  }
  return read_number(option, value, 1, TOEPLITZ_MAXIMUM_TIMED_RUNS,
                     &chosen->runs);
}

static int read_command_line(int argc, char **argv,
                             const toeplitz_network *network, options *chosen) {
  static const char *const valued[] = {"--input", "--output", "--threads",
                                       "--runs"};
  for (int index = 1; index < argc; ++index) {
    const char *argument = argv[index];
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
      chosen->help = 1;
      return 0;
    }
    if (strcmp(argument, "--bench") == 0) {
      chosen->bench = 1;
      continue;
    }
    const char *option = NULL, *value = NULL;
    for (size_t known = 0; known < sizeof valued / sizeof *valued; ++known) {
      size_t length = strlen(valued[known]);
      if (strncmp(argument, valued[known], length) != 0 ||
          (argument[length] != '\0' && argument[length] != '='))
        continue;
      option = valued[known];
      if (argument[length] == '=')
        value = argument + length + 1;
      else if (index + 1 < argc)
        value = argv[++index];
    }
    if (!option)
      return fail("unknown argument '%s'; --help lists the options", argument);
    if (!value)
      return fail("%s needs a value", option);
    if (read_valued_option(option, value, network, chosen))
      return 1;
  }
  if (chosen->runs && !chosen->bench)
    return fail("--runs is for --bench");
  return 0;
}

/* ---- The tensors ---- */

static void *allocate(uint64_t size) {
  void *memory = NULL;
  if (size > SIZE_MAX ||
      posix_memalign(&memory, TOEPLITZ_ALIGNMENT, size ? (size_t)size : 1) != 0)
    return NULL;
  return memory;
}

static float *allocate_tensor(const toeplitz_tensor *tensor) {
  return allocate((uint64_t)element_count(tensor) * sizeof(float));
}

/* The same numbers in [-1, 1) at each start; the time of a run depends on them
 * little, but not at all on denormals. */
static void fill(float *values, int64_t count, uint32_t seed) {
  uint32_t state = seed * 2654435761u + 1;
  for (int64_t index = 0; index < count; ++index) {
    state = state * 1664525u + 1013904223u;
    values[index] = (float)(state >> 8) / 8388608.0f - 1.0f;
  }
}

static int read_input(const toeplitz_tensor *tensor, const char *path,
                      float **values) {
  char message[1024], have[SHAPE_TEXT], need[SHAPE_TEXT];
  toeplitz_npy_array array;
  if (toeplitz_npy_read(path, &array, message, sizeof message))
    return fail("input '%s': %s", tensor->name, message);
  *values = array.data;
  if (array.rank == tensor->rank &&
      memcmp(array.shape, tensor->shape,
             (size_t)array.rank * sizeof(int64_t)) == 0)
    return 0;
  return fail("input '%s': %s has shape %s, the network takes %s", tensor->name,
              path,
              toeplitz_shape_text(array.shape, array.rank, have, sizeof have),
              shape_of(tensor, need));
}

static int prepare_buffers(const toeplitz_network *network,
                           const options *chosen, buffers *memory) {
  char shape[SHAPE_TEXT];
  for (int32_t index = 0; index < network->input_count; ++index) {
    const toeplitz_tensor *tensor = &network->inputs[index];
    const char *path = chosen->input_paths[index];
    if (path) {
      if (read_input(tensor, path, &memory->inputs[index]))
        return 1;
      continue;
    }
    if (!chosen->bench)
      return fail("input '%s' %s is missing: --input %s=FILE.npy", tensor->name,
                  shape_of(tensor, shape), tensor->name);
    memory->inputs[index] = allocate_tensor(tensor);
    if (!memory->inputs[index])
      return fail("out of memory");
    fill(memory->inputs[index], element_count(tensor), (uint32_t)index);
  }
  for (int32_t index = 0; index < network->output_count; ++index) {
    memory->outputs[index] = allocate_tensor(&network->outputs[index]);
    if (!memory->outputs[index])
      return fail("out of memory");
  }
  memory->workspace = allocate(network->workspace_size);
  return memory->workspace ? 0 : fail("out of memory");
}

static void print_tensor(const toeplitz_tensor *tensor, const float *values) {
  char shape[SHAPE_TEXT];
  int64_t count = element_count(tensor);
  printf("%s %s:", tensor->name, shape_of(tensor, shape));
  for (int64_t index = 0; index < count && index < MAXIMUM_PRINTED; ++index)
    printf(" %.9g", (double)values[index]);
  puts(count > MAXIMUM_PRINTED ? " ..." : "");
}

static int deliver_outputs(const toeplitz_network *network,
                           const options *chosen, const buffers *memory) {
  char message[1024];
  for (int32_t index = 0; index < network->output_count; ++index) {
    const toeplitz_tensor *tensor = &network->outputs[index];
    const char *path = chosen->output_paths[index];
    if (path) {
      if (toeplitz_npy_write(path, memory->outputs[index], tensor->rank,
                             tensor->shape, message, sizeof message))
        return fail("output '%s': %s", tensor->name, message);
    } else if (!chosen->bench) {
      print_tensor(tensor, memory->outputs[index]);
    }
  }
  return fflush(stdout) == 0 ? 0 : fail("standard output: %s", strerror(errno));
}

/* ---- The work ---- */

static int bench(const toeplitz_network *network, const options *chosen,
                 toeplitz_pool *pool, const buffers *memory) {
  toeplitz_timing timing;
  int error = toeplitz_benchmark(
      network, pool, (const float *const *)memory->inputs, memory->outputs,
      memory->workspace, chosen->runs, &timing);
  if (error)
    return fail("%s", toeplitz_error_string(error));
  printf("%s: %d thread%s, %" PRId64 " runs: minimum %.4f ms, median %.4f ms, "
         "mean %.4f ms\n",
         network->name, toeplitz_pool_threads(pool),
         toeplitz_pool_threads(pool) == 1 ? "" : "s", timing.runs,
         timing.minimum, timing.median, timing.mean);
  return 0;
}

static int run(const toeplitz_network *network, const options *chosen,
               buffers *memory) {
  if (prepare_buffers(network, chosen, memory))
    return 1;
  toeplitz_pool *pool = NULL;
  if (chosen->threads != 1) {
    pool = toeplitz_pool_create(chosen->threads);
    if (!pool)
      return fail("--threads %d: the threads can't be started",
                  chosen->threads);
  }
  int failed = 0;
  if (chosen->bench) {
    failed = bench(network, chosen, pool, memory);
  } else {
    int error = toeplitz_network_run(network, pool,
                                     (const float *const *)memory->inputs,
                                     memory->outputs, memory->workspace);
    if (error)
      failed = fail("%s", toeplitz_error_string(error));
  }
  toeplitz_pool_destroy(pool);
  return failed || deliver_outputs(network, chosen, memory);
}

static void free_buffers(const toeplitz_network *network, buffers *memory) {
  for (int32_t index = 0; memory->inputs && index < network->input_count;
       ++index)
    free(memory->inputs[index]);
  for (int32_t index = 0; memory->outputs && index < network->output_count;
       ++index)
    free(memory->outputs[index]);
  free(memory->inputs);
  free(memory->outputs);
  free(memory->workspace);
}

int main(int argc, char **argv) {
  const toeplitz_network *network = toeplitz_executable_network();
  /* One more than needed: calloc of nothing may return NULL. */
  size_t inputs = (size_t)network->input_count + 1;
  size_t outputs = (size_t)network->output_count + 1;
  options chosen = {calloc(inputs, sizeof(char *)),
                    calloc(outputs, sizeof(char *)),
                    toeplitz_executable_threads(),
                    0,
                    0,
                    0};
  buffers memory = {calloc(inputs, sizeof(float *)),
                    calloc(outputs, sizeof(float *)), NULL};
  int failed;
  if (!chosen.input_paths || !chosen.output_paths || !memory.inputs ||
      !memory.outputs)
    failed = fail("out of memory");
  else if (read_command_line(argc, argv, network, &chosen))
    failed = 1;
  else if (chosen.help)
    print_help(network, argc > 0 ? argv[0] : network->name), failed = 0;
  else
    failed = run(network, &chosen, &memory);
  free_buffers(network, &memory);
  free(chosen.input_paths);
  free(chosen.output_paths);
  return failed;
}
