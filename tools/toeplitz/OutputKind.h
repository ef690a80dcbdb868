// What `toeplitz compile` can write, and how a user asks for it.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_OUTPUTKIND_H
#define TOEPLITZ_TOOLS_TOEPLITZ_OUTPUTKIND_H

#include "compiler/Pipeline.h"
#include "compiler/Target/Target.h"

#include <optional>
#include <variant>

namespace toeplitz {

/// The description of the network, in its standard form.
struct Description {};

/// What a program includes to call the network.
struct Header {};

/// The matrix of a convolution.
struct Matrix {};

/// One kind of output: a stage of the compiler as text, something that is made
/// of the last one, or the description.
struct OutputKind {
  /// As in --emit=NAME.
  llvm::StringLiteral name;
  /// The suffix of a file of this kind; empty for executables, and for stages
  /// that share theirs with another one.
  llvm::StringLiteral suffix;
  llvm::StringLiteral description;
  std::variant<Stage, ArtifactKind, Header, Description, Matrix> what;
  /// Whether it can be shown on a terminal.
  bool isText;

  /// The file to write when the user names none: in the current folder, after
  /// the network's file.
  std::string defaultPath(llvm::StringRef inputPath) const;
};

/// All kinds, as listed to the user.
llvm::ArrayRef<OutputKind> outputKinds();

/// The kind that the words of the command line mean: `emit` when it isn't
/// empty, else the suffix of `outputPath`, else an executable. Reports what is
/// wrong and returns null then.
const OutputKind *chooseOutputKind(llvm::StringRef emit,
                                   llvm::StringRef outputPath);

} // namespace toeplitz

#endif
