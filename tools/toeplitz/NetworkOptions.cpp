#include "tools/toeplitz/NetworkOptions.h"

#include "tools/toeplitz/Messages.h"

#include "llvm/ADT/StringExtras.h"

using namespace toeplitz;

/// "1x3x224x224"; nothing for a scalar.
static bool readShape(llvm::StringRef text,
                      llvm::SmallVectorImpl<int64_t> &shape) {
  if (text.empty())
    return true;
  for (llvm::StringRef size : llvm::split(text, 'x')) {
    int64_t number = 0;
    if (size.getAsInteger(10, number) || number < 0)
      return false;
    shape.push_back(number);
  }
  return true;
}

llvm::FailureOr<ImportOptions>
toeplitz::readNetworkOptions(const CompilationOptions &options) {
  ImportOptions result;
  for (llvm::StringRef argument : options.shapes) {
    // An input's name may have an equals sign in it, a shape never.
    auto [name, text] = argument.rsplit('=');
    llvm::SmallVector<int64_t> shape;
    if (name.empty() || !argument.contains('=') || !readShape(text, shape))
      return reportError("--shape: found '" + argument +
                         "', expected NAME=1x3x224x224");
    if (!result.shapes.try_emplace(name.str(), shape).second)
      return reportError("--shape: input '" + name + "' is given two shapes");
  }
  for (llvm::StringRef argument : options.constants) {
    auto [name, file] = argument.split('=');
    if (name.empty() || file.empty())
      return reportError("--constant: found '" + argument +
                         "', expected NAME=FILE.npy");
    if (!result.constants.try_emplace(name.str(), file.str()).second)
      return reportError("--constant: input '" + name +
                         "' is given two values");
  }
  if (options.batch == "dynamic") {
    result.isBatchDynamic = true;
  } else if (!options.batch.empty()) {
    int64_t batch = 0;
    if (llvm::StringRef(options.batch).getAsInteger(10, batch) || batch < 1)
      return reportError("--batch: found '" + options.batch +
                         "', expected a number of at least 1, or dynamic");
    result.batch = batch;
  }
  return result;
}
