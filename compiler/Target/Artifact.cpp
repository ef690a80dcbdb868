#include "compiler/Target/Artifact.h"
#include "compiler/Target/Header.h"
#include "compiler/Target/Interface.h"
#include "compiler/Target/Toolchain.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace toeplitz;

Artifact::Artifact(ArtifactKind kind, llvm::StringRef outputPath,
                   const TargetDescription &target, const EmitOptions &options)
    : kind(kind), outputPath(outputPath), target(target), options(options),
      linkOptions{options.printCommands, outputPath.str(),
                  target.getForeignSystem()} {}

llvm::Error Artifact::open() {
  if (outputPath == "-")
    return llvm::createStringError("a binary isn't written to the standard "
                                   "output: name a file");
  llvm::Expected<Runtime> found = findRuntime(target, options);
  if (!found)
    return found.takeError();
  runtime = *found;
  bool linksObjects =
      kind == ArtifactKind::Object || kind == ArtifactKind::StaticLibrary;
  if (llvm::Error error =
          linksObjects
              ? findLinker(linkOptions.foreignSystem).takeError()
              : findCompilerDriver(linkOptions.foreignSystem).takeError())
    return error;
  llvm::Expected<TemporaryFile> file =
      TemporaryFile::create(outputPath, ".out");
  if (!file)
    return file.takeError();
  result = std::move(*file);
  return llvm::Error::success();
}

llvm::Error Artifact::finish(const Network &network, ObjectFiles code,
                             const WeightsObjects &weights) {
  if (llvm::Error error = link(network, std::move(code), weights))
    return error;
  return keep(network);
}

llvm::Error Artifact::link(const Network &network, ObjectFiles code,
                           const WeightsObjects &weights) {
  if (kind == ArtifactKind::Object || kind == ArtifactKind::StaticLibrary) {
    ObjectFiles combined;
    if (llvm::Error error = addObjectFile(outputPath, combined))
      return error;
    if (llvm::Error error = combine(code, combined.front()))
      return error;
    code = std::move(combined);
  }
  if (kind == ArtifactKind::StaticLibrary)
    return writeArchive(network, code.front(), weights);
  std::vector<std::string> inputs = getPaths(code);
  llvm::append_range(inputs, getPaths(weights.files));
  if (kind == ArtifactKind::Object)
    return linkObject(inputs, result->getPath(), linkOptions);
  if (kind == ArtifactKind::Executable) {
    inputs.insert(inputs.end(), {runtime.executableLibrary, runtime.library});
    return linkExecutable(inputs, result->getPath(), linkOptions);
  }
  inputs.push_back(runtime.library);
  return linkSharedLibrary(inputs, getExportedSymbols(network, kind),
                           llvm::sys::path::filename(outputPath).str(),
                           result->getPath(), linkOptions);
}

/// Makes one object of the code and of what it needs of the runtime, whose
/// hidden symbols are its own affair.
llvm::Error Artifact::combine(const ObjectFiles &code,
                              TemporaryFile &combined) {
  std::vector<std::string> inputs = getPaths(code);
  inputs.push_back(runtime.library);
  if (llvm::Error error = linkObject(inputs, combined.getPath(), linkOptions))
    return error;
  return localizeHiddenSymbols(combined.getPath(), linkOptions);
}

llvm::Error Artifact::writeArchive(const Network &network,
                                   const TemporaryFile &code,
                                   const WeightsObjects &weights) {
  auto contents = llvm::MemoryBuffer::getFile(code.getPath());
  if (!contents)
    return llvm::errorCodeToError(contents.getError());
  std::vector<ArchiveMember> members;
  members.push_back(
      {network.name + ".o", (*contents)->getBufferSize(),
       getExportedSymbols(network, kind),
       [&](llvm::raw_ostream &stream) { stream << (*contents)->getBuffer(); }});
  llvm::append_range(members, weights.members);
  return result->write([&](llvm::raw_fd_ostream &stream) {
    writeStaticLibrary(members, stream);
    return llvm::Error::success();
  });
}

llvm::Error Artifact::keep(const Network &network) {
  if (kind == ArtifactKind::Executable)
    return result->keep(outputPath);
  llvm::SmallString<128> headerPath = llvm::sys::path::parent_path(outputPath);
  llvm::sys::path::append(headerPath, network.name + ".h");
  llvm::Expected<TemporaryFile> header =
      TemporaryFile::create(headerPath, ".h");
  if (!header)
    return header.takeError();
  if (llvm::Error error = header->write([&](llvm::raw_fd_ostream &stream) {
        writeHeader(network, stream);
        return llvm::Error::success();
      }))
    return error;
  if (llvm::Error error = result->keep(outputPath))
    return error;
  return header->keep(headerPath);
}
