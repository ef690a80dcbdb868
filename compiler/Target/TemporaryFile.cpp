#include "compiler/Target/TemporaryFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

using namespace toeplitz;

/// Something that must be written into and can't be replaced.
static bool isDevice(llvm::StringRef path) {
  llvm::sys::fs::file_status status;
  return !llvm::sys::fs::status(path, status) &&
         llvm::sys::fs::exists(status) &&
         !llvm::sys::fs::is_regular_file(status);
}

static llvm::Error makeError(llvm::StringRef path, llvm::StringRef action,
                             std::error_code code) {
  return llvm::createStringError(code, llvm::Twine(path) + ": " + action +
                                           ": " + code.message());
}

llvm::Expected<TemporaryFile> TemporaryFile::create(llvm::StringRef destination,
                                                    llvm::StringRef suffix) {
  if (llvm::sys::fs::is_directory(destination))
    return llvm::createStringError(llvm::Twine(destination) +
                                   ": is a folder, a file is expected");
  llvm::SmallString<128> model;
  if (isDevice(destination))
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, model);
  else
    model = llvm::sys::path::parent_path(destination);
  llvm::sys::path::append(model, "." + llvm::sys::path::filename(destination) +
                                     "-%%%%%%%%" + suffix);
  llvm::SmallString<128> path;
  if (std::error_code code = llvm::sys::fs::createUniqueFile(model, path))
    return makeError(destination, "can't be written", code);
  llvm::sys::RemoveFileOnSignal(path);
  return TemporaryFile(path.str().str());
}

TemporaryFile::~TemporaryFile() {
  if (path.empty())
    return;
  llvm::sys::fs::remove(path);
  llvm::sys::DontRemoveFileOnSignal(path);
}

llvm::Error TemporaryFile::write(
    llvm::function_ref<llvm::Error(llvm::raw_fd_ostream &)> writer) {
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  if (code)
    return makeError(path, "can't be written", code);
  llvm::Error error = writer(stream);
  stream.close();
  // An error that nobody asked for would end the process.
  code = stream.error();
  stream.clear_error();
  if (error)
    return error;
  return code ? makeError(path, "can't be written", code)
              : llvm::Error::success();
}

llvm::Error TemporaryFile::keep(llvm::StringRef destination) {
  if (isDevice(destination)) {
    auto contents = llvm::MemoryBuffer::getFile(path);
    if (!contents)
      return makeError(path, "can't be read", contents.getError());
    std::error_code code;
    llvm::raw_fd_ostream stream(destination, code,
                                llvm::sys::fs::CD_OpenExisting);
    if (!code) {
      stream << (*contents)->getBuffer();
      stream.close();
      code = stream.error();
      stream.clear_error();
    }
    return code ? makeError(destination, "can't be written", code)
                : llvm::Error::success();
  }
  if (std::error_code code = llvm::sys::fs::rename(path, destination))
    return makeError(destination, "can't be written", code);
  llvm::sys::DontRemoveFileOnSignal(path);
  path.clear();
  return llvm::Error::success();
}
