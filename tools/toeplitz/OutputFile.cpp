#include "tools/toeplitz/OutputFile.h"
#include "tools/toeplitz/Messages.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace toeplitz;

llvm::LogicalResult toeplitz::checkOutputPath(llvm::StringRef path,
                                              llvm::StringRef inputPath) {
  if (path == "-")
    return llvm::success();
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) &&
      status.type() == llvm::sys::fs::file_type::character_file)
    return llvm::success(); // such as /dev/null
  if (llvm::sys::fs::is_directory(path))
    return reportError("cannot write '" + path + "': it is a directory");
  if (llvm::sys::fs::equivalent(path, inputPath))
    return reportError("cannot write '" + path + "': it is the input");
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (folder.empty())
    folder = ".";
  if (!llvm::sys::fs::is_directory(folder))
    return reportError("cannot write '" + path + "': there is no folder '" +
                       folder + "'");
  if (llvm::sys::fs::access(folder, llvm::sys::fs::AccessMode::Write))
    return reportError("cannot write '" + path + "': the folder '" + folder +
                       "' is not writable");
  return llvm::success();
}

llvm::LogicalResult
toeplitz::writeText(llvm::StringRef path,
                    llvm::function_ref<bool(llvm::raw_ostream &)> write) {
  bool isWritten = true;
  llvm::Error error =
      llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) -> llvm::Error {
        isWritten = write(stream);
        if (isWritten)
          return llvm::Error::success();
        // Keeps the half of a file from taking the place of the whole one.
        return llvm::createStringError("reported already");
      });
  if (!isWritten) {
    llvm::consumeError(std::move(error));
    return llvm::failure();
  }
  if (error)
    return reportError("cannot write '" + path +
                       "': " + llvm::toString(std::move(error)));
  return llvm::success();
}
