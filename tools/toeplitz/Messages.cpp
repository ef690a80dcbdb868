#include "tools/toeplitz/Messages.h"

#include "llvm/Support/raw_ostream.h"

llvm::LogicalResult toeplitz::reportError(const llvm::Twine &message) {
  // What was printed to stdout belongs before the complaint about what follows.
  llvm::outs().flush();
  llvm::errs() << "error: " << message << "\n";
  return llvm::failure();
}

llvm::LogicalResult toeplitz::flushStandardOutput() {
  llvm::raw_fd_ostream &stream = llvm::outs();
  stream.flush();
  if (!stream.has_error())
    return llvm::success();
  std::string problem = stream.error().message();
  stream.clear_error();
  return reportError("cannot write the standard output: " + problem);
}

std::string toeplitz::listOfChoices(llvm::ArrayRef<llvm::StringRef> choices) {
  std::string list;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0)
      list += i + 1 == choices.size() ? " or " : ", ";
    list += choices[i];
  }
  return list;
}
