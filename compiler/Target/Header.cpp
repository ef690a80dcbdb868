#include "compiler/Target/Header.h"

#include "runtime/toeplitz.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace toeplitz;

/// "{1, 3, 8, 8}".
static std::string getShape(const NetworkTensor &tensor) {
  std::string text = "{";
  for (auto [index, size] : llvm::enumerate(tensor.shape))
    text += (index ? ", " : "") + std::to_string(size);
  return text + "}";
}

/// The number of elements; of one sample where the batch is open.
static int64_t getElementCount(const NetworkTensor &tensor) {
  int64_t count = 1;
  for (int64_t size : tensor.shape)
    count *= size < 0 ? 1 : size;
  return count;
}

/// The type of an element in C. 16-bit floats, which C has no type for, are
/// their bits.
static llvm::StringRef getCType(const NetworkTensor &tensor) {
  switch (tensor.type) {
  case TOEPLITZ_FLOAT32:
    return "float";
  case TOEPLITZ_FLOAT64:
    return "double";
  case TOEPLITZ_FLOAT16:
  case TOEPLITZ_BFLOAT16:
  case TOEPLITZ_UINT16:
    return "uint16_t";
  case TOEPLITZ_UINT8:
    return "uint8_t";
  case TOEPLITZ_UINT32:
    return "uint32_t";
  case TOEPLITZ_UINT64:
    return "uint64_t";
  case TOEPLITZ_INT8:
    return "int8_t";
  case TOEPLITZ_INT16:
    return "int16_t";
  case TOEPLITZ_INT32:
    return "int32_t";
  case TOEPLITZ_INT64:
    return "int64_t";
  case TOEPLITZ_BOOL:
    return "bool";
  }
  llvm_unreachable("every type of tensors has one in C");
}

/// What the C type doesn't say.
static llvm::StringRef getTypeComment(const NetworkTensor &tensor) {
  if (tensor.type == TOEPLITZ_FLOAT16)
    return " (the bits of 16-bit floats of IEEE 754)";
  if (tensor.type == TOEPLITZ_BFLOAT16)
    return " (bfloat16: the upper halves of floats)";
  return "";
}

/// The names of tensors come from the user: nothing of them may end a comment.
static std::string forComment(llvm::StringRef name) {
  std::string text;
  for (char letter : name)
    text +=
        llvm::isPrint(letter) && letter != '*' && letter != '\\' ? letter : '?';
  return text;
}

/// The types of runtime/toeplitz.h, repeated so that NAME.h stands alone.
/// test/compiler/Target/header.test compiles both together, in either order,
/// and checks that they agree.
static constexpr llvm::StringLiteral types = R"(
#ifndef TOEPLITZ_NETWORK_TYPES
#define TOEPLITZ_NETWORK_TYPES

/* A set of threads that runs the loops of a network. NULL stands for the calling thread alone. */
typedef struct toeplitz_pool toeplitz_pool;

/* The types of elements, by the numbers that ONNX has for them. Bools are bytes of 0 or 1; 16-bit floats are their bits in a uint16_t. */
enum {
  TOEPLITZ_FLOAT32 = 1,
  TOEPLITZ_UINT8 = 2,
  TOEPLITZ_INT8 = 3,
  TOEPLITZ_UINT16 = 4,
  TOEPLITZ_INT16 = 5,
  TOEPLITZ_INT32 = 6,
  TOEPLITZ_INT64 = 7,
  TOEPLITZ_BOOL = 9,
  TOEPLITZ_FLOAT16 = 10,
  TOEPLITZ_FLOAT64 = 11,
  TOEPLITZ_UINT32 = 12,
  TOEPLITZ_UINT64 = 13,
  TOEPLITZ_BFLOAT16 = 16
};

/* One input or output of a network: contiguous elements in C order. A first dimension of -1 is the batch, whose size is chosen for
 * each run. */
typedef struct toeplitz_tensor {
  const char *name;
  int32_t rank;
  int32_t type;
  const int64_t *shape;
} toeplitz_tensor;

/* A compiled network, for hosts that handle any. All that it points to is constant and lives as long as the code that holds it. */
typedef struct toeplitz_network {
  const char *name;
  int32_t input_count;
  int32_t output_count;
  const toeplitz_tensor *inputs;
  const toeplitz_tensor *outputs;
  /* Bytes that `run` needs as workspace; the memory is aligned to 64 bytes and belongs to the caller. */
  uint64_t workspace_size;
  /* Computes outputs[0..output_count) from inputs[0..input_count). `pool` comes from threads_create of this same network, or
   * is NULL. No argument but `pool` may be NULL, nor a tensor that has elements, and nothing is checked. A network whose batch is chosen
   * for each run computes a batch of 1 here. */
  void (*run)(toeplitz_pool *pool, void *workspace, const void *const *inputs, void *const *outputs);
  /* As NAME_threads_create and NAME_threads_destroy. */
  toeplitz_pool *(*threads_create)(int threads);
  void (*threads_destroy)(toeplitz_pool *pool);
  /* Both are NULL unless the batch is chosen for each run. `run` for `batch` samples: 0 or more, one after the other in each tensor
   * that has a first dimension of -1; the others are the same for all samples. The result of a sample is the same to the bit
   * whatever it is computed with. */
  void (*run_batch)(toeplitz_pool *pool, void *workspace, const void *const *inputs, void *const *outputs, int64_t batch);
  /* Bytes of workspace that run_batch needs. UINT64_MAX when there is no such number. */
  uint64_t (*batch_workspace_size)(int64_t batch);
  /* What the code needs of the processor, by the lines of runtime/processor_features.h for its architecture. */
  uint64_t processor_features;
  /* The LLVM name of a feature that the code needs and this machine lacks, or NULL. Whoever calls run or run_batch here himself
   * calls it before: it also asks the system for the registers that a process gets on request (AMX). */
  const char *(*missing_feature)(const struct toeplitz_network *network);
  /* NULL for networks that run on the CPU. Those of a GPU are run by these: runtime/toeplitz.h describes them. */
  const struct toeplitz_gpu_program *gpu;
  int (*create)(const struct toeplitz_network *network, int number, toeplitz_pool **pool);
  int (*run_checked)(const struct toeplitz_network *network, toeplitz_pool *pool, int64_t batch, const void *const *inputs,
                     void *const *outputs, void *workspace);
  const char *(*error_text)(const toeplitz_pool *pool);
  /* The constants that a run reads, in memory that is mapped from the code's file; NULL and 0 when there are none, and for networks of
   * a GPU. */
  const void *weights;
  uint64_t weights_size;
  /* As NAME_prepare. */
  void (*prepare)(const struct toeplitz_network *network, void *workspace, uint64_t size);
  /* LLVM's name of the processor that the code is for, such as x86-64-v3, or of the GPU, such as sm_80. */
  const char *processor;
  /* As NAME_run_device, with the tensors in arrays, and the batch, which is 1 where it is fixed. NULL for networks that run on the CPU. */
  int (*run_device)(const struct toeplitz_network *network, toeplitz_pool *pool, int64_t batch, void *stream,
                    const void *const *device_inputs, void *const *device_outputs);
} toeplitz_network;

#endif /* TOEPLITZ_NETWORK_TYPES */
)";

/// The functions. NAME stands for the network's name, PARAMETERS for the
/// tensors, with the batch before them where it is chosen for each run,
/// WORKSPACE for the number of bytes, SAMPLES for what is to be said about the
/// batch.
static constexpr llvm::StringLiteral functions = R"(
/* Runs the network in the calling thread. Inputs and outputs are contiguous in C order, owned by the caller, aligned as their
 * elements are; no output may overlap an input, another output or the workspace. SAMPLES`workspace` is WORKSPACE bytes aligned to
 * 64 bytes, then nothing is allocated; it needs no initialisation and holds nothing afterwards. Or it is NULL, then memory is
 * allocated and freed inside. Any number of threads may run the network at the same time, each with its own outputs and workspace.
 * The calling thread needs half a megabyte of stack. Returns 0, or a number that NAME_error_string explains; the outputs are then untouched. */
int NAME_run(PARAMETERS, void *workspace);

/* Does before the first run what makes it slower than later ones: reads the weights from the file, where nobody has, and takes the
 * page faults of the weights and of `size` bytes of `workspace`. What is in the workspace is lost; it may be NULL, for the weights
 * alone. Nobody has to call it, and where it can't do what it is to do, a run is slower and nothing else. */
void NAME_prepare(void *workspace, uint64_t size);

/* Threads for NAME_run_threads. */
typedef struct toeplitz_pool NAME_threads;

/* Starts `threads` threads in all, the calling one counted; 0 or less means one for each processor that this process may use.
 * Returns NULL when memory or threads can't be had. The caller owns the result and ends it with NAME_threads_destroy. */
NAME_threads *NAME_threads_create(int threads);

/* Ends the threads and frees their memory; no run may be using them. NULL is allowed. */
void NAME_threads_destroy(NAME_threads *threads);

/* NAME_run on several threads, with the same result to the bit whatever their number. `threads` may be NULL, and may be shared
 * by runs at the same time: while one uses the threads, the others compute in the threads that call them. */
int NAME_run_threads(NAME_threads *threads, PARAMETERS, void *workspace);

/* An English sentence for a number that a function of this header returned; a constant, never NULL. */
const char *NAME_error_string(int error);

/* The network with the names, types and shapes of its inputs and outputs, for hosts that handle any network; a constant. */
const toeplitz_network *NAME_network(void);
)";

/// Where the kernels, or those of a variant, run on a GPU.
static constexpr llvm::StringLiteral runDevice = R"(
/* Puts a run into a stream of a GPU and returns without waiting for it. `threads` is what NAME_threads_create returns, the network's
 * memory on the first GPU; `stream` is a CUstream of that GPU's primary context, as each cudaStream_t is, NULL the default stream. The
 * tensors lie in the GPU's memory, aligned as their elements are, and stay there until the stream has come to the end of the run; no
 * output may overlap another tensor. One that isn't aligned to 16 bytes is copied on its way. SAMPLESRuns with
 * the same `threads` follow one another, whatever streams they are in, but for those in a graph that the caller captures. A network in
 * which numbers that are computed decide which kernels run waits for each of them before it returns, and can't be captured.
 * Returns 0, or a number that NAME_error_string explains; NAME_network()->error_text(NULL) says what the GPU's driver refused. It is 13
 * where the network runs on the processor. A kernel that fails later is noticed by a later call. */
int NAME_run_device(NAME_threads *threads, void *stream, PARAMETERS);
)";

/// About the batch, where it is chosen for each run.
static constexpr llvm::StringLiteral samples =
    R"(`batch` is the number of samples, 0 or more;
 * they stand one after the other in each tensor whose shape begins with -1. )";

/// Writes `text` with the words of `replacements` replaced.
static void
expand(llvm::StringRef text,
       llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> replacements,
       llvm::raw_ostream &stream) {
  while (!text.empty()) {
    bool replaced = false;
    for (auto [word, replacement] : replacements)
      if (!replaced && text.consume_front(word)) {
        stream << replacement;
        replaced = true;
      }
    if (!replaced) {
      stream << text.front();
      text = text.drop_front();
    }
  }
}

/// "const float *x, int64_t *y".
static std::string getParameters(const Network &network) {
  std::string text = network.hasDynamicBatch ? "int64_t batch" : "";
  auto add = [&](llvm::StringRef qualifier,
                 const std::vector<NetworkTensor> &tensors) {
    for (const NetworkTensor &tensor : tensors)
      text += ((text.empty() ? "" : ", ") + qualifier + getCType(tensor) +
               " *" + tensor.identifier)
                  .str();
  };
  add("const ", network.inputs);
  add("", network.outputs);
  return text;
}

static void writeTensorMacros(const NetworkTensor &tensor,
                              llvm::StringRef networkMacro,
                              llvm::raw_ostream &stream) {
  std::string prefix =
      (networkMacro + "_" + llvm::StringRef(tensor.identifier).upper()).str();
  stream << "#define " << prefix << "_RANK " << tensor.shape.size() << "\n";
  // C has no empty initializer.
  if (!tensor.shape.empty())
    stream << "#define " << prefix << "_SHAPE " << getShape(tensor) << "\n";
  stream << "#define " << prefix << "_SIZE " << getElementCount(tensor) << "\n";
}

static void writeMacros(const Network &network, llvm::StringRef macro,
                        llvm::raw_ostream &stream) {
  if (network.hasDynamicBatch)
    stream << "/* Bytes of workspace that a run of `batch` samples needs; "
              "UINT64_MAX when there is no such number. */\nuint64_t "
           << network.name << "_workspace_size(int64_t batch);\n\n";
  else
    stream << "/* Bytes of workspace that a run needs. */\n#define " << macro
           << "_WORKSPACE_SIZE " << network.workspaceBytes << "\n\n";
  stream << "/* Each tensor's number of dimensions, shape as an initializer, "
            "and number of elements"
         << (network.hasDynamicBatch ? "; where the first size is -1, the "
                                       "batch, the elements of one sample"
                                     : "")
         << ". */\n";
  for (const auto *tensors : {&network.inputs, &network.outputs})
    for (const NetworkTensor &tensor : *tensors)
      writeTensorMacros(tensor, macro, stream);
}

/// C has no bool without stdbool.h; C++ has one of its own.
static bool needsBool(const Network &network) {
  auto isBool = [](const NetworkTensor &tensor) {
    return tensor.type == TOEPLITZ_BOOL;
  };
  return llvm::any_of(network.inputs, isBool) ||
         llvm::any_of(network.outputs, isBool);
}

/// What is certified about the numbers; docs/verification.md says how.
static void writeErrorBound(const Network::ErrorBound &error,
                            llvm::raw_ostream &stream) {
  stream << " *\n * Rounding: for inputs of absolute value "
         << llvm::format("%g", error.inputRange) << " at most, ";
  if (std::isfinite(error.bound))
    stream << "every result of a convolution (with its bias) is within "
           << llvm::format("%.2e", error.bound)
           << "\n * of its exact value for the inputs that the layer gets. "
              "Layer '"
           << forComment(error.layer) << "' has the largest such bound.\n";
  else
    stream << "no error is certified: the range of the\n * values of layer '"
           << forComment(error.layer) << "' isn't known.\n";
}

void toeplitz::writeHeader(const Network &network, llvm::raw_ostream &stream) {
  std::string macro = llvm::StringRef(network.name).upper();
  std::string guard = "TOEPLITZ_NETWORK_" + macro + "_H";

  stream << "/* The network '" << network.name
         << "', compiled by Toeplitz.\n *\n";
  auto describe = [&](llvm::StringRef role,
                      const std::vector<NetworkTensor> &tensors) {
    for (const NetworkTensor &tensor : tensors)
      stream << " * " << role << " " << tensor.identifier << ": the tensor '"
             << forComment(tensor.name) << "' of shape " << getShape(tensor)
             << ", " << getCType(tensor) << getTypeComment(tensor) << "\n";
  };
  describe("Input ", network.inputs);
  describe("Output", network.outputs);
  if (network.errorBound)
    writeErrorBound(*network.errorBound, stream);
  stream << " *\n * Link with -lm and -pthread when the network is in a .o or "
            ".a file. */\n\n"
         << "#ifndef " << guard << "\n#define " << guard
         << "\n\n#include <stdint.h>\n"
         << (needsBool(network)
                 ? "#ifndef __cplusplus\n#include <stdbool.h>\n#endif\n"
                 : "")
         << "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  writeMacros(network, macro, stream);
  stream << types;
  std::string parameters = getParameters(network);
  std::string workspace = network.hasDynamicBatch
                              ? network.name + "_workspace_size(batch)"
                              : macro + "_WORKSPACE_SIZE";
  std::pair<llvm::StringRef, llvm::StringRef> replacements[] = {
      {"NAME", network.name},
      {"PARAMETERS", parameters},
      {"WORKSPACE", workspace},
      {"SAMPLES", network.hasDynamicBatch ? samples : ""}};
  expand(functions, replacements, stream);
  if (network.hasRunDevice)
    expand(runDevice, replacements, stream);
  stream << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
}
