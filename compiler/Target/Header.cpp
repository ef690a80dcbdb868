#include "compiler/Target/Header.h"

#include "llvm/ADT/StringExtras.h"

using namespace toeplitz;

/// "{1, 3, 8, 8}".
static std::string getShape(const NetworkTensor &tensor) {
  std::string text = "{";
  for (auto [index, size] : llvm::enumerate(tensor.shape))
    text += (index ? ", " : "") + std::to_string(size);
  return text + "}";
}

static int64_t getElementCount(const NetworkTensor &tensor) {
  int64_t count = 1;
  for (int64_t size : tensor.shape)
    count *= size;
  return count;
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

/* One input or output of a network: contiguous 32-bit floats in C order. */
typedef struct toeplitz_tensor {
  const char *name;
  int32_t rank;
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
   * is NULL. No argument but `pool` may be NULL, and nothing is checked. */
  void (*run)(toeplitz_pool *pool, void *workspace, const float *const *inputs, float *const *outputs);
  /* As NAME_threads_create and NAME_threads_destroy. */
  toeplitz_pool *(*threads_create)(int threads);
  void (*threads_destroy)(toeplitz_pool *pool);
} toeplitz_network;

#endif /* TOEPLITZ_NETWORK_TYPES */
)";

/// The functions. NAME and MACRO stand for the network's name as it is and in
/// upper case, PARAMETERS for the tensors.
static constexpr llvm::StringLiteral functions = R"(
/* Runs the network in the calling thread. Inputs and outputs are contiguous floats in C order, owned by the caller, aligned as
 * floats are; no output may overlap an input, another output or the workspace. `workspace` is MACRO_WORKSPACE_SIZE bytes aligned to
 * 64 bytes, then nothing is allocated; it needs no initialisation and holds nothing afterwards. Or it is NULL, then memory is
 * allocated and freed inside. Any number of threads may run the network at the same time, each with its own outputs and workspace.
 * The calling thread needs half a megabyte of stack. Returns 0, or a number that NAME_error_string explains; the outputs are then untouched. */
int NAME_run(PARAMETERS, void *workspace);

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

/* An English sentence for what NAME_run or NAME_run_threads returned; a constant, never NULL. */
const char *NAME_error_string(int error);

/* The network with the names and shapes of its inputs and outputs, for hosts that handle any network; a constant. */
const toeplitz_network *NAME_network(void);
)";

/// Writes `text` with NAME, MACRO and PARAMETERS replaced.
static void expand(llvm::StringRef text, const Network &network,
                   llvm::StringRef macro, llvm::StringRef parameters,
                   llvm::raw_ostream &stream) {
  const std::pair<llvm::StringRef, llvm::StringRef> replacements[] = {
      {"NAME", network.name}, {"MACRO", macro}, {"PARAMETERS", parameters}};
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
             << "\n";
  };
  describe("Input ", network.inputs);
  describe("Output", network.outputs);
  stream << " *\n * Link with -lm and -pthread when the network is in a .o or "
            ".a file. */\n\n"
         << "#ifndef " << guard << "\n#define " << guard
         << "\n\n#include <stdint.h>\n\n"
         << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
         << "/* Bytes of workspace that a run needs. */\n#define " << macro
         << "_WORKSPACE_SIZE " << network.workspaceBytes << "\n\n"
         << "/* Each tensor's number of dimensions, shape as an initializer, "
            "and number of floats. */\n";
  for (const auto *tensors : {&network.inputs, &network.outputs})
    for (const NetworkTensor &tensor : *tensors) {
      std::string prefix =
          macro + "_" + llvm::StringRef(tensor.identifier).upper();
      stream << "#define " << prefix << "_RANK " << tensor.shape.size() << "\n";
      // C has no empty initializer.
      if (!tensor.shape.empty())
        stream << "#define " << prefix << "_SHAPE " << getShape(tensor) << "\n";
      stream << "#define " << prefix << "_SIZE " << getElementCount(tensor)
             << "\n";
    }

  std::string parameters;
  for (const NetworkTensor &tensor : network.inputs)
    parameters += (parameters.empty() ? "" : ", ") +
                  std::string("const float *") + tensor.identifier;
  for (const NetworkTensor &tensor : network.outputs)
    parameters += (parameters.empty() ? "" : ", ") + std::string("float *") +
                  tensor.identifier;
  stream << types;
  expand(functions, network, macro, parameters, stream);
  stream << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
}
