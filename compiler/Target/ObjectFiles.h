// The objects of a network, in files beside the artifact that is made of them.

#ifndef TOEPLITZ_COMPILER_TARGET_OBJECTFILES_H
#define TOEPLITZ_COMPILER_TARGET_OBJECTFILES_H

#include "compiler/Target/CodeObject.h"
#include "compiler/Target/TemporaryFile.h"

#include <string>
#include <vector>

namespace toeplitz {

using ObjectFiles = std::vector<TemporaryFile>;

/// Adds an empty file to `files`.
llvm::Error addObjectFile(llvm::StringRef outputPath, ObjectFiles &files);

std::vector<std::string> getPaths(llvm::ArrayRef<TemporaryFile> files);

/// Makes an object of each part of `code`, as many at a time as there are
/// processors.
llvm::Error compileCode(std::unique_ptr<NetworkCode> code,
                        const TargetDescription &target,
                        const EmitOptions &options, llvm::StringRef outputPath,
                        ObjectFiles &files);

/// Whether the weights need 64-bit addresses: see
/// EmitOptions::largeWeightsBytes.
bool hasLargeWeights(const Network &network, const TargetDescription &target,
                     const EmitOptions &options);

/// Makes an object of the weights, if there are any, and frees them if the
/// options say so.
llvm::Error writeWeights(const Network &network,
                         const TargetDescription &target,
                         const EmitOptions &options, llvm::StringRef outputPath,
                         ObjectFiles &files);

} // namespace toeplitz

#endif
