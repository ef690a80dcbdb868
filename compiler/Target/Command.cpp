#include "compiler/Target/Command.h"
#include "compiler/Target/TemporaryFile.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace toeplitz;

llvm::Error toeplitz::runProgram(const std::string &failure,
                                 const std::string &program,
                                 llvm::ArrayRef<std::string> arguments,
                                 const std::string &destination,
                                 bool printCommand) {
  llvm::SmallVector<llvm::StringRef> words = {program};
  words.append(arguments.begin(), arguments.end());
  if (printCommand)
    llvm::errs() << llvm::join(words, " ") << "\n";
  llvm::Expected<TemporaryFile> messages =
      TemporaryFile::create(destination, ".txt");
  if (!messages)
    return messages.takeError();
  std::string problem;
  std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(), llvm::StringRef(messages->getPath()),
      llvm::StringRef(messages->getPath())};
  int status = llvm::sys::ExecuteAndWait(
      program, words, /*Env=*/std::nullopt, redirects,
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &problem);
  if (status == 0)
    return llvm::Error::success();
  std::string text =
      failure + ": " + program +
      (problem.empty() ? " ended with status " + std::to_string(status)
                       : ": " + problem);
  if (auto contents = llvm::MemoryBuffer::getFile(messages->getPath());
      contents && !(*contents)->getBuffer().trim().empty())
    text += "\n" + (*contents)->getBuffer().trim().str();
  return llvm::createStringError(text);
}
