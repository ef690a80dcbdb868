// Models of opset 6, which PyTorch wrote for years.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_OLDEROPSET_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_OLDEROPSET_H

#include "compiler/Frontend/Onnx/OnnxNode.h"

#include <onnx/onnx_pb.h>

namespace toeplitz {

/// A node in the words of another version of its operator.
struct OnnxNodeVersion {
  onnx::NodeProto proto;
  llvm::SmallVector<OnnxValue> inputs;
};

/// What `node`, which is of opset 6, is in opset 7, where
/// - an operand of an elementwise operator is broadcast as numpy does, and not
///   where the attributes `broadcast` and `axis` say;
/// - operators that training and inference share compute for inference.
/// Reports what has no equal there.
llvm::FailureOr<OnnxNodeVersion> upgradeFromOpset6(OnnxNode &node);

} // namespace toeplitz

#endif
