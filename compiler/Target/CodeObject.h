// LLVM's part of the work: from the LLVM dialect to machine code.

#ifndef TOEPLITZ_COMPILER_TARGET_CODEOBJECT_H
#define TOEPLITZ_COMPILER_TARGET_CODEOBJECT_H

#include "compiler/Target/Network.h"
#include "compiler/Target/Target.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>

namespace toeplitz {

/// The code of one network on its way through LLVM.
class NetworkCode {
public:
  /// Translates `module` and adds the interface that `kind` asks for. `module`
  /// and `network` are only read. Returns nothing after an error has been
  /// emitted.
  static std::unique_ptr<NetworkCode> translate(mlir::ModuleOp module,
                                                const Network &network,
                                                const TargetDescription &target,
                                                ArtifactKind kind,
                                                const EmitOptions &options);
  ~NetworkCode();

  /// Runs LLVM's optimisations.
  void optimize();
  /// Writes the module as text.
  void writeIR(llvm::raw_ostream &stream) const;
  /// Writes assembly or an object. Changes the module; it's the last thing to
  /// do.
  llvm::Error writeCode(llvm::CodeGenFileType type,
                        llvm::raw_pwrite_stream &stream);

private:
  NetworkCode();

  llvm::LLVMContext context;
  /// The first error that LLVM reported by itself.
  std::string diagnostic;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
  unsigned level = 3;
};

} // namespace toeplitz

#endif
