#include "tools/toeplitz/Tensors.h"
#include "tools/toeplitz/Messages.h"

#include "runtime/element_type.h"
#include "runtime/npy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include <algorithm>
#include <cmath>

using namespace toeplitz;

namespace {

/// An argument "[NAME=]WHERE" and the tensor that it is for.
struct TensorArgument {
  llvm::StringRef where;
  std::optional<size_t> tensor;
};

/// Finds out which of `tensors` each argument is for. `option` and `kind` are
/// words for messages: "--input" and "input".
llvm::FailureOr<std::vector<TensorArgument>>
matchArguments(llvm::ArrayRef<TensorSignature> tensors,
               llvm::ArrayRef<std::string> arguments, llvm::StringRef option,
               llvm::StringRef kind) {
  std::vector<bool> isTaken(tensors.size());
  std::vector<TensorArgument> matched;
  for (llvm::StringRef argument : arguments) {
    TensorArgument match{argument, std::nullopt};
    auto [name, where] = argument.split('=');
    if (argument.contains('=')) {
      auto found = llvm::find_if(tensors, [name = name](const auto &tensor) {
        return tensor.name == name;
      });
      // What stands before the sign may also be part of a file's name, but only
      // of one with a folder or a suffix in it.
      if (found == tensors.end() && !name.contains('/') && !name.contains('.'))
        return reportError(option + ": the network has no " + kind + " '" +
                           name + "', expected " + describeTensors(tensors));
      if (found != tensors.end())
        match = {where, size_t(found - tensors.begin())};
    }
    if (match.where.empty())
      return reportError(option + ": '" + argument + "' names no file");
    if (match.tensor) {
      if (isTaken[*match.tensor])
        return reportError(option + ": " + kind + " '" +
                           tensors[*match.tensor].name + "' is given twice");
      isTaken[*match.tensor] = true;
    }
    matched.push_back(match);
  }

  for (TensorArgument &match : matched) {
    if (match.tensor)
      continue;
    size_t next = llvm::find(isTaken, false) - isTaken.begin();
    if (next == tensors.size())
      return reportError(
          option + ": '" + match.where + "' is one too many, the network has " +
          llvm::Twine(tensors.size()) + " " + kind +
          (tensors.size() == 1 ? "" : "s") + ": " + describeTensors(tensors));
    match.tensor = next;
    isTaken[next] = true;
  }
  return matched;
}

bool isRandom(const TensorArgument &argument) {
  return argument.where.starts_with("random:");
}

llvm::FailureOr<TensorValues> makeRandom(const TensorSignature &tensor,
                                         llvm::StringRef where, int64_t batch) {
  uint64_t seed;
  if (where.drop_front(strlen("random:")).getAsInteger(10, seed))
    return reportError("--input: expected random:SEED with a whole number "
                       "that isn't negative, found '" +
                       where + "'");
  return makeRandomValues(tensor, seed, batch);
}

/// Whether an array of that shape is a value of the tensor. The first one with
/// a batch says how many samples there are.
bool fits(const TensorSignature &tensor, llvm::ArrayRef<int64_t> shape,
          std::optional<int64_t> &batch) {
  if (!tensor.hasBatch())
    return shape == llvm::ArrayRef<int64_t>(tensor.shape);
  if (shape.empty() ||
      shape.drop_front() != llvm::ArrayRef<int64_t>(tensor.shape).drop_front())
    return false;
  if (!batch)
    batch = shape.front();
  return shape.front() == *batch;
}

llvm::FailureOr<TensorValues> readFile(const TensorSignature &tensor,
                                       llvm::StringRef path,
                                       std::optional<int64_t> &batch) {
  toeplitz_npy_array array;
  char message[1024];
  if (toeplitz_npy_read(path.str().c_str(), tensor.type, &array, message,
                        sizeof(message)))
    return reportError(message);
  TensorValues values(tensor.type, llvm::ArrayRef(array.shape, array.rank));
  llvm::copy(llvm::ArrayRef(static_cast<const char *>(array.data),
                            values.bytes.size()),
             values.bytes.begin());
  toeplitz_npy_free(&array);
  if (!fits(tensor, values.shape, batch))
    return reportError(
        path + ": the array has shape " + formatTensorShape(values.shape) +
        ", input '" + tensor.name + "' needs " +
        formatTensorShape(batch ? tensor.getShape(*batch) : tensor.shape));
  return values;
}

} // namespace

TensorValues::TensorValues(int32_t type, llvm::ArrayRef<int64_t> shape)
    : type(type), shape(shape),
      bytes(countTensorElements(shape) * toeplitz_element_size(type)) {}

TensorValues toeplitz::makeRandomValues(const TensorSignature &tensor,
                                        uint64_t seed, int64_t batch) {
  uint64_t state = 0xcbf29ce484222325; // FNV-1a of the name
  for (unsigned char c : tensor.name)
    state = (state ^ c) * 0x100000001b3;
  TensorValues values(tensor.type, tensor.getShape(batch));
  toeplitz_fill_random(tensor.type, values.bytes.data(), values.getCount(),
                       state ^ seed);
  return values;
}

int64_t toeplitz::getBatch(const Signature &signature,
                           llvm::ArrayRef<TensorValues> inputs) {
  for (auto [tensor, values] : llvm::zip(signature.inputs, inputs))
    if (tensor.hasBatch())
      return values.shape.front();
  return 1;
}

llvm::FailureOr<std::vector<TensorValues>>
toeplitz::readInputs(const Signature &signature,
                     llvm::ArrayRef<std::string> arguments,
                     std::optional<int64_t> batch) {
  if (batch && !signature.hasDynamicBatch())
    return reportError("--samples: the network's batch is not dynamic, it "
                       "takes " +
                       describeTensors(signature.inputs));
  auto matched =
      matchArguments(signature.inputs, arguments, "--input", "input");
  if (failed(matched))
    return llvm::failure();

  std::vector<TensorSignature> missing;
  for (auto [number, input] : llvm::enumerate(signature.inputs))
    if (llvm::none_of(*matched, [number = number](const auto &argument) {
          return *argument.tensor == number;
        }))
      missing.push_back(input);
  if (!missing.empty()) {
    const TensorSignature &first = missing.front();
    return reportError("no values for input" +
                       llvm::StringRef(missing.size() == 1 ? " " : "s ") +
                       describeTensors(missing) + "; give them with --input " +
                       first.name + "=FILE.npy or --input " + first.name +
                       "=random:SEED");
  }

  std::vector<TensorValues> inputs(signature.inputs.size());
  // Files first: they say how many samples there are.
  for (bool random : {false, true})
    for (const TensorArgument &argument : *matched) {
      if (isRandom(argument) != random)
        continue;
      const TensorSignature &tensor = signature.inputs[*argument.tensor];
      auto values = random
                        ? makeRandom(tensor, argument.where, batch.value_or(1))
                        : readFile(tensor, argument.where, batch);
      if (failed(values))
        return llvm::failure();
      inputs[*argument.tensor] = std::move(*values);
    }
  return inputs;
}

llvm::FailureOr<std::vector<OutputFile>>
toeplitz::matchOutputs(const Signature &signature,
                       llvm::ArrayRef<std::string> arguments) {
  auto matched =
      matchArguments(signature.outputs, arguments, "--output", "output");
  if (failed(matched))
    return llvm::failure();
  std::vector<OutputFile> files;
  for (const TensorArgument &argument : *matched)
    files.push_back({*argument.tensor, argument.where.str()});
  return files;
}

llvm::LogicalResult toeplitz::writeNpy(llvm::StringRef path,
                                       const TensorValues &values) {
  char message[1024];
  if (toeplitz_npy_write(path.str().c_str(), values.type, values.bytes.data(),
                         values.shape.size(), values.shape.data(), message,
                         sizeof(message)))
    return reportError(message);
  return llvm::success();
}

/// An element as text, of a float with few digits.
static std::string format(const TensorValues &tensor, int64_t index) {
  const char *element =
      tensor.bytes.data() + index * toeplitz_element_size(tensor.type);
  char text[64];
  if (toeplitz_is_float(tensor.type))
    snprintf(text, sizeof(text), "%.6g",
             toeplitz_load_float(tensor.type, element));
  else
    toeplitz_element_text(tensor.type, element, text, sizeof(text));
  return text;
}

/// All elements as doubles: exact enough for extremes and means.
static std::vector<double> readNumbers(const TensorValues &tensor) {
  std::vector<double> numbers(tensor.getCount());
  int32_t size = toeplitz_element_size(tensor.type);
  for (auto [index, number] : llvm::enumerate(numbers)) {
    const char *element = tensor.bytes.data() + index * size;
    if (toeplitz_is_float(tensor.type)) {
      number = toeplitz_load_float(tensor.type, element);
      continue;
    }
    int64_t integer = toeplitz_load_integer(tensor.type, element);
    number = tensor.type == TOEPLITZ_UINT64 ? double(uint64_t(integer))
                                            : double(integer);
  }
  return numbers;
}

/// The largest score of each row.
static void printLargest(llvm::raw_ostream &stream,
                         llvm::ArrayRef<int64_t> shape,
                         llvm::ArrayRef<double> numbers) {
  constexpr int64_t kRowsShown = 8;
  stream << "  argmax:";
  for (int64_t row = 0; row < std::min(shape[0], kRowsShown); ++row) {
    auto scores = numbers.slice(row * shape[1], shape[1]);
    stream << " "
           << std::max_element(scores.begin(), scores.end()) - scores.begin();
  }
  stream << (shape[0] > kRowsShown ? " ...\n" : "\n");
}

void toeplitz::printSummary(llvm::raw_ostream &stream, llvm::StringRef name,
                            const TensorValues &tensor) {
  stream << name << ": shape " << formatTensorShape(tensor.shape);
  if (tensor.type != TOEPLITZ_FLOAT32)
    stream << " " << getTypeName(tensor.type);
  std::vector<double> numbers = readNumbers(tensor);
  if (numbers.empty()) {
    stream << "\n";
    return;
  }
  size_t lowest = 0, highest = 0, notFinite = 0;
  double sum = 0;
  for (auto [index, number] : llvm::enumerate(numbers)) {
    if (number < numbers[lowest])
      lowest = index;
    if (number > numbers[highest])
      highest = index;
    sum += number;
    notFinite += !std::isfinite(number);
  }
  stream << ", min " << format(tensor, lowest) << ", max "
         << format(tensor, highest) << ", mean "
         << llvm::format("%.6g", sum / numbers.size());
  if (notFinite > 0)
    stream << ", " << notFinite << " not finite";
  stream << "\n  first values:";
  constexpr size_t kValuesShown = 8;
  for (size_t i = 0; i < std::min(numbers.size(), kValuesShown); ++i)
    stream << " " << format(tensor, i);
  stream << (numbers.size() > kValuesShown ? " ...\n" : "\n");

  // Two dimensions of floats are most often a row of scores for each image.
  if (tensor.shape.size() == 2 && tensor.shape[1] >= 2 &&
      toeplitz_is_float(tensor.type))
    printLargest(stream, tensor.shape, numbers);
}
