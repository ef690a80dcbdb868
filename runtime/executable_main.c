/* The `main` of an executable made by `toeplitz compile`: reads .npy inputs,
 * runs the network that it is linked with, writes .npy outputs. */

#define _POSIX_C_SOURCE 200112L /* posix_memalign */

#include "runtime/benchmark.h"
#include "runtime/element_type.h"
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
  int64_t samples; /* -1 when it isn't said */
} options;

/* The tensors: inputs and outputs are network->input_count and output_count
 * long, their elements NULL until they are had. */
typedef struct buffers {
  void **inputs;
  void **outputs;
  void *workspace;
  int64_t batch; /* -1 until it is known */
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

/* The number of elements for a batch of that size; -1 when no memory could
 * hold them. */
static int64_t element_count(const toeplitz_tensor *tensor, int64_t batch) {
  int64_t count = 1;
  int is_empty = 0;
  for (int32_t index = 0; index < tensor->rank; ++index)
    is_empty |= (tensor->shape[index] < 0 ? batch : tensor->shape[index]) == 0;
  for (int32_t index = 0; index < tensor->rank && !is_empty; ++index) {
    int64_t size = tensor->shape[index] < 0 ? batch : tensor->shape[index];
    if (count > INT64_MAX / 16 / size)
      return -1;
    count *= size;
  }
  return is_empty ? 0 : count;
}

static const char *shape_of(const toeplitz_tensor *tensor, char *text) {
  return toeplitz_shape_text(tensor->shape, tensor->rank, text, SHAPE_TEXT);
}

/* A line of the help; floats, the rule, aren't mentioned. */
static void print_tensor_line(const toeplitz_tensor *tensor) {
  char shape[SHAPE_TEXT];
  printf("  %s %s", tensor->name, shape_of(tensor, shape));
  if (tensor->type != TOEPLITZ_FLOAT32)
    printf(" %s", toeplitz_element_type_name(tensor->type));
  putchar('\n');
}

static void print_help(const toeplitz_network *network, const char *program) {
  printf("%s: the network '%s', compiled by Toeplitz for %s\n\n", program,
         network->name, network->processor);
  printf("Usage: %s --input [NAME=]FILE ... [--output [NAME=]FILE ...] "
         "[OPTIONS]\n\n",
         program);
  puts("  --input [NAME=]FILE    a .npy file; without NAME: the next input in "
       "the order below\n"
       "  --output [NAME=]FILE   where to write an output as .npy; outputs "
       "without a file are printed");
  if (network->run_batch)
    puts("  --samples N            samples of inputs that aren't given "
         "(default: "
         "as many as the others\n                         have, or 1)");
  if (!network->gpu)
    printf("  --threads N            threads to compute with (default %d; 0: "
           "one for each processor)\n",
           (int)toeplitz_executable_threads());
  puts(
      "  --bench                measure the time of a run; inputs that aren't "
      "given are random\n"
      "  --runs N               runs to measure (default: two seconds' worth)\n"
      "  --help                 this text\n");
  puts("Inputs:");
  for (int32_t index = 0; index < network->input_count; ++index)
    print_tensor_line(&network->inputs[index]);
  puts("Outputs:");
  for (int32_t index = 0; index < network->output_count; ++index)
    print_tensor_line(&network->outputs[index]);
  printf("Workspace: %" PRIu64 " bytes%s\n", network->workspace_size,
         network->run_batch ? " for each sample" : "");
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
    if (network->gpu)
      return fail("--threads: the network computes on a GPU");
    if (read_number(option, value, 0, 1024, &number))
      return 1;
    chosen->threads = (int)number;
    return 0;
  }
  if (strcmp(option, "--samples") == 0)
    return network->run_batch
               ? read_number(option, value, 0, INT64_MAX, &chosen->samples)
               : fail("--samples: the network is compiled for the shapes that "
                      "--help lists");
  return read_number(option, value, 1, TOEPLITZ_MAXIMUM_TIMED_RUNS,
                     &chosen->runs);
}

static int read_command_line(int argc, char **argv,
                             const toeplitz_network *network, options *chosen) {
  static const char *const valued[] = {"--input", "--output", "--threads",
                                       "--runs", "--samples"};
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

static void *allocate_tensor(const toeplitz_tensor *tensor, int64_t batch) {
  int64_t count = element_count(tensor, batch);
  if (count < 0)
    return NULL;
  return allocate((uint64_t)count *
                  (uint64_t)toeplitz_element_size(tensor->type));
}

/* Checks the array's shape against the tensor's; the first array that has a
 * batch says how many samples there are. */
static int check_shape(const toeplitz_tensor *tensor, const char *path,
                       const toeplitz_npy_array *array, int64_t *batch) {
  char have[SHAPE_TEXT], need[SHAPE_TEXT];
  int fits = array->rank == tensor->rank;
  for (int32_t index = 0; fits && index < array->rank; ++index)
    fits =
        tensor->shape[index] < 0 || tensor->shape[index] == array->shape[index];
  toeplitz_shape_text(array->shape, array->rank, have, sizeof have);
  if (!fits)
    return fail("input '%s': %s has shape %s, the network takes %s",
                tensor->name, path, have, shape_of(tensor, need));
  if (tensor->rank == 0 || tensor->shape[0] >= 0)
    return 0;
  if (*batch >= 0 && *batch != array->shape[0])
    return fail("input '%s': %s has shape %s, but the batch is %" PRId64,
                tensor->name, path, have, *batch);
  *batch = array->shape[0];
  return 0;
}

static int read_input(const toeplitz_tensor *tensor, const char *path,
                      void **values, int64_t *batch) {
  char message[1024];
  toeplitz_npy_array array;
  if (toeplitz_npy_read(path, tensor->type, &array, message, sizeof message))
    return fail("input '%s': %s", tensor->name, message);
  *values = array.data;
  return check_shape(tensor, path, &array, batch);
}

static int prepare_inputs(const toeplitz_network *network,
                          const options *chosen, buffers *memory) {
  char shape[SHAPE_TEXT];
  for (int32_t index = 0; index < network->input_count; ++index) {
    const toeplitz_tensor *tensor = &network->inputs[index];
    const char *path = chosen->input_paths[index];
    if (path &&
        read_input(tensor, path, &memory->inputs[index], &memory->batch))
      return 1;
    if (!path && !chosen->bench)
      return fail("input '%s' %s is missing: --input %s=FILE.npy", tensor->name,
                  shape_of(tensor, shape), tensor->name);
  }
  if (memory->batch < 0)
    memory->batch = 1;
  /* The time of a run depends little on ordinary numbers, but not at all on
   * denormals. */
  for (int32_t index = 0; index < network->input_count; ++index) {
    const toeplitz_tensor *tensor = &network->inputs[index];
    if (memory->inputs[index])
      continue;
    memory->inputs[index] = allocate_tensor(tensor, memory->batch);
    if (!memory->inputs[index])
      return fail("out of memory");
    toeplitz_fill_random(tensor->type, memory->inputs[index],
                         element_count(tensor, memory->batch),
                         (uint64_t)index + 1);
  }
  return 0;
}

static int prepare_buffers(const toeplitz_network *network,
                           const options *chosen, buffers *memory) {
  memory->batch = chosen->samples;
  if (prepare_inputs(network, chosen, memory))
    return 1;
  for (int32_t index = 0; index < network->output_count; ++index) {
    memory->outputs[index] =
        allocate_tensor(&network->outputs[index], memory->batch);
    if (!memory->outputs[index])
      return fail("out of memory");
  }
  uint64_t size = toeplitz_network_workspace_size(network, memory->batch);
  memory->workspace = toeplitz_workspace_create(size);
  if (!memory->workspace)
    return fail("out of memory");
  network->prepare(network, memory->workspace, size);
  return 0;
}

/* The shape of an output for the batch that was computed. */
static void known_shape(const toeplitz_tensor *tensor, int64_t batch,
                        int64_t *shape) {
  for (int32_t index = 0; index < tensor->rank; ++index)
    shape[index] = tensor->shape[index] < 0 ? batch : tensor->shape[index];
}

static void print_tensor(const toeplitz_tensor *tensor, int64_t batch,
                         const int64_t *shape, const char *elements) {
  char text[SHAPE_TEXT];
  int64_t count = element_count(tensor, batch);
  int32_t size = toeplitz_element_size(tensor->type);
  printf("%s %s:", tensor->name,
         toeplitz_shape_text(shape, tensor->rank, text, sizeof text));
  for (int64_t index = 0; index < count && index < MAXIMUM_PRINTED; ++index)
    printf(" %s", toeplitz_element_text(tensor->type, elements + index * size,
                                        text, sizeof text));
  puts(count > MAXIMUM_PRINTED ? " ..." : "");
}

static int deliver_outputs(const toeplitz_network *network,
                           const options *chosen, const buffers *memory) {
  char message[1024];
  for (int32_t index = 0; index < network->output_count; ++index) {
    const toeplitz_tensor *tensor = &network->outputs[index];
    const char *path = chosen->output_paths[index];
    int64_t shape[TOEPLITZ_NPY_MAXIMUM_RANK];
    if (tensor->rank > TOEPLITZ_NPY_MAXIMUM_RANK)
      return fail("output '%s' has %d dimensions, at most %d are written",
                  tensor->name, (int)tensor->rank,
                  (int)TOEPLITZ_NPY_MAXIMUM_RANK);
    known_shape(tensor, memory->batch, shape);
    if (path) {
      if (toeplitz_npy_write(path, tensor->type, memory->outputs[index],
                             tensor->rank, shape, message, sizeof message))
        return fail("output '%s': %s", tensor->name, message);
    } else if (!chosen->bench) {
      print_tensor(tensor, memory->batch, shape, memory->outputs[index]);
    }
  }
  return fflush(stdout) == 0 ? 0 : fail("standard output: %s", strerror(errno));
}

/* ---- The work ---- */

/* `pool` is NULL where it couldn't be made. */
static int fail_with_number(const toeplitz_network *network,
                            const toeplitz_pool *pool, int error) {
  const char *text = network->error_text ? network->error_text(pool) : "";
  return fail("%s%s%s", toeplitz_error_string(error), *text ? ": " : "", text);
}

static int create_pool(const toeplitz_network *network, const options *chosen,
                       toeplitz_pool **pool) {
  *pool = NULL;
  if (network->create) {
    int error = network->create(network, 0, pool);
    return error ? fail_with_number(network, NULL, error) : 0;
  }
  if (chosen->threads == 1)
    return 0;
  *pool = network->threads_create(chosen->threads);
  return *pool ? 0
               : fail("--threads %d: the threads can't be started",
                      chosen->threads);
}

static int bench(const toeplitz_network *network, const options *chosen,
                 toeplitz_pool *pool, const buffers *memory) {
  toeplitz_timing timing;
  int error = toeplitz_benchmark(
      network, pool, memory->batch, (const void *const *)memory->inputs,
      memory->outputs, memory->workspace, chosen->runs, &timing);
  if (error)
    return fail_with_number(network, pool, error);
  printf("%s: ", network->name);
  if (network->gpu)
    fputs("GPU", stdout);
  else
    printf("%d thread%s", toeplitz_pool_threads(pool),
           toeplitz_pool_threads(pool) == 1 ? "" : "s");
  printf(", %" PRId64 " runs: minimum %.4f ms, median %.4f ms, "
         "mean %.4f ms\n",
         timing.runs, timing.minimum, timing.median, timing.mean);
  return 0;
}

static int compute(const toeplitz_network *network, toeplitz_pool *pool,
                   const buffers *memory) {
  int error = toeplitz_network_run_batch(network, pool, memory->batch,
                                         (const void *const *)memory->inputs,
                                         memory->outputs, memory->workspace);
  return error ? fail_with_number(network, pool, error) : 0;
}

static int run(const toeplitz_network *network, const options *chosen,
               buffers *memory) {
  toeplitz_pool *pool;
  if (prepare_buffers(network, chosen, memory) ||
      create_pool(network, chosen, &pool))
    return 1;
  int failed = chosen->bench ? bench(network, chosen, pool, memory)
                             : compute(network, pool, memory);
  if (pool)
    network->threads_destroy(pool);
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
  toeplitz_workspace_destroy(memory->workspace);
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
                    0,
                    -1};
  buffers memory = {calloc(inputs, sizeof(void *)),
                    calloc(outputs, sizeof(void *)), NULL, -1};
  int failed;
  if (!chosen.input_paths || !chosen.output_paths || !memory.inputs ||
      !memory.outputs)
    failed = fail("out of memory");
  else if (toeplitz_check_processor(network) != TOEPLITZ_SUCCESS)
    failed = fail("this machine lacks '%s', a feature of the one that the "
                  "network '%s' is compiled for",
                  toeplitz_missing_feature(network), network->name);
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
