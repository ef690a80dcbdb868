// LLVM's part of the work: from the LLVM dialect to machine code.

#ifndef TOEPLITZ_COMPILER_TARGET_CODEOBJECT_H
#define TOEPLITZ_COMPILER_TARGET_CODEOBJECT_H

#include "compiler/Target/CodePartition.h"
#include "compiler/Target/Network.h"
#include "compiler/Target/Target.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <optional>

namespace toeplitz {

struct VariantSymbols;

/// Runs LLVM's optimisations for kernels on code of any target; `level` is 0 to
/// 3, as clang's -O.
void optimizeCode(llvm::Module &module, llvm::TargetMachine &machine,
                  unsigned level);

/// Keeps the first error that LLVM reports in `context`; without this it prints
/// the error and exits. `error` must outlive the context.
void keepFirstError(llvm::LLVMContext &context, std::string &error);

/// Writes assembly or an object of `module`, and changes it.
llvm::Error writeMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                             llvm::CodeGenFileType type,
                             llvm::raw_pwrite_stream &stream);

/// What runs the code needs to have, as toeplitz_network of runtime/toeplitz.h
/// says it. Nothing when LLVM has no code generator for the target.
std::optional<uint64_t> getProcessorFeatures(const TargetDescription &target);

/// Code of a network on its way through LLVM, all of it or a part. It has a
/// context of its own, so that several can be worked on at the same time.
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
  /// Makes the code that chooses among the variants of a network: see
  /// addDispatch. Returns nothing and says why in `error` when LLVM can't.
  static std::unique_ptr<NetworkCode>
  dispatch(const Network &network, llvm::ArrayRef<VariantSymbols> variants,
           const TargetDescription &target, ArtifactKind kind,
           const EmitOptions &options, std::string &error);
  /// Reads what `split` made.
  static llvm::Expected<std::unique_ptr<NetworkCode>>
  read(const Bitcode &bitcode, const TargetDescription &target,
       const EmitOptions &options);
  ~NetworkCode();

  /// Divides the code into parts that are compiled independently.
  std::vector<Bitcode> split();
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
  /// Gives a new module the target.
  void setTarget();

  /// The first error that LLVM reported by itself.
  std::string diagnostic;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
  /// The function that computes the network.
  std::string root;
  unsigned level = 3;
};

} // namespace toeplitz

#endif
