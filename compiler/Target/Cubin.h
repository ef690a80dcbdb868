// The kernels of a GPU as its machine code, beside their PTX.

#ifndef TOEPLITZ_COMPILER_TARGET_CUBIN_H
#define TOEPLITZ_COMPILER_TARGET_CUBIN_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace toeplitz {

/// What is to be assembled, and by which program.
struct CubinOptions {
  /// LLVM's and NVIDIA's names of the GPUs: "sm_80".
  std::vector<std::string> architectures;
  /// NVIDIA's ptxas: a path or a name on PATH, "ptxas" where it is empty.
  std::string assembler;
};

/// An image that the driver need not compile.
struct Cubin {
  /// The compute capability that it needs: of GPUs of the same major version
  /// those of this or a higher minor one run it, or this one alone.
  int32_t capability = 0;
  bool exactCapability = false;
  std::string code;
};

/// Whether PTX for `ptxArchitecture` can be assembled as the options say, as
/// far as that is known without the PTX; an error that says why not.
llvm::Error checkCubins(const CubinOptions &options,
                        llvm::StringRef ptxArchitecture);

/// Assembles `ptx`, in the order of the options. `printCommands` writes the
/// commands to stderr.
llvm::Expected<std::vector<Cubin>>
assembleCubins(llvm::StringRef ptx, llvm::StringRef ptxArchitecture,
               const CubinOptions &options, bool printCommands);

} // namespace toeplitz

#endif
