#include "tools/toeplitz/Tensors.h"
#include "tools/toeplitz/Messages.h"

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

/// "random:SEED" or a file.
llvm::FailureOr<TensorValues> readValues(const TensorSignature &tensor,
                                         llvm::StringRef where) {
  if (where.starts_with("random:")) {
    uint64_t seed;
    llvm::StringRef text = where.drop_front(strlen("random:"));
    if (text.getAsInteger(10, seed))
      return reportError("--input: expected random:SEED with a whole number "
                         "that isn't negative, found '" +
                         where + "'");
    return makeRandomValues(tensor, seed);
  }

  toeplitz_npy_array array;
  char message[1024];
  if (toeplitz_npy_read(where.str().c_str(), &array, message, sizeof(message)))
    return reportError(message);
  llvm::ArrayRef<int64_t> shape(array.shape, array.rank);
  TensorValues values(array.data, array.data + array.count);
  llvm::LogicalResult fits =
      shape == llvm::ArrayRef<int64_t>(tensor.shape)
          ? llvm::success()
          : reportError(where + ": the array has shape " +
                        formatTensorShape(shape) + ", input '" + tensor.name +
                        "' needs " + formatTensorShape(tensor.shape));
  toeplitz_npy_free(&array);
  if (failed(fits))
    return llvm::failure();
  return values;
}

} // namespace

TensorValues toeplitz::makeRandomValues(const TensorSignature &tensor,
                                        uint64_t seed) {
  uint64_t state = 0xcbf29ce484222325; // FNV-1a of the name
  for (unsigned char c : tensor.name)
    state = (state ^ c) * 0x100000001b3;
  state ^= seed;

  TensorValues values(countTensorElements(tensor.shape));
  for (float &value : values) { // splitmix64
    uint64_t z = state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    // 24 bits are what an f32 holds exactly.
    value = float(z >> 40) * 0x1p-23f - 1.0f;
  }
  return values;
}

llvm::FailureOr<std::vector<TensorValues>>
toeplitz::readInputs(const Signature &signature,
                     llvm::ArrayRef<std::string> arguments) {
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
  for (const TensorArgument &argument : *matched) {
    auto values =
        readValues(signature.inputs[*argument.tensor], argument.where);
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
                                       llvm::ArrayRef<int64_t> shape,
                                       llvm::ArrayRef<float> values) {
  char message[1024];
  if (toeplitz_npy_write(path.str().c_str(), values.data(), shape.size(),
                         shape.data(), message, sizeof(message)))
    return reportError(message);
  return llvm::success();
}

void toeplitz::printSummary(llvm::raw_ostream &stream,
                            const TensorSignature &tensor,
                            llvm::ArrayRef<float> values) {
  stream << tensor.name << ": shape " << formatTensorShape(tensor.shape);
  if (values.empty()) {
    stream << "\n";
    return;
  }
  float lowest = values.front(), highest = values.front();
  double sum = 0;
  size_t notFinite = 0;
  for (float value : values) {
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
    sum += value;
    notFinite += !std::isfinite(value);
  }
  stream << ", min " << llvm::format("%.6g", lowest) << ", max "
         << llvm::format("%.6g", highest) << ", mean "
         << llvm::format("%.6g", sum / values.size());
  if (notFinite > 0)
    stream << ", " << notFinite << " not finite";
  stream << "\n  first values:";
  for (float value : values.take_front(8))
    stream << " " << llvm::format("%.6g", value);
  stream << (values.size() > 8 ? " ...\n" : "\n");

  // Two dimensions are most often a row of scores for each image.
  if (tensor.shape.size() != 2 || tensor.shape[1] < 2)
    return;
  constexpr int64_t kRowsShown = 8;
  stream << "  argmax:";
  for (int64_t row = 0; row < std::min(tensor.shape[0], kRowsShown); ++row) {
    auto scores = values.slice(row * tensor.shape[1], tensor.shape[1]);
    stream << " "
           << std::max_element(scores.begin(), scores.end()) - scores.begin();
  }
  stream << (tensor.shape[0] > kRowsShown ? " ...\n" : "\n");
}
