// What LSTM, GRU and RNN have in common: their inputs, the product of all steps
// of the sequence with the input weights, and the loop over the steps.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_RECURRENCE_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_RECURRENCE_H

#include "compiler/Frontend/Onnx/RecurrentActivation.h"

namespace toeplitz {

/// The parameters of a node, for all directions.
struct RecurrentParameters {
  /// Sizes: steps of the sequence, sequences of the batch, elements of an input
  /// and of a state, and gates (blocks of weights).
  int64_t steps = 0, batch = 0, inputSize = 0, hidden = 0, gates = 0;
  int64_t directions = 1;
  bool isReversed = false;    ///< the first direction is backwards
  bool isBatchFirst = false;  ///< layout 1
  bool isLinearFirst = false; ///< GRU's linear_before_reset
  bool isCoupled = false;     ///< LSTM's input_forget
  std::optional<double> clip;
  /// For each direction, one after the other.
  llvm::SmallVector<RecurrentActivation> activations;
  /// What numbers are computed in.
  ElementType type = ElementType::Float32;
};

/// Reads and checks attributes and inputs. `activations` are the names of the
/// functions of one direction, when the node doesn't say them.
llvm::FailureOr<RecurrentParameters>
readRecurrentParameters(OnnxNode &node, int64_t gates,
                        llvm::ArrayRef<llvm::StringRef> activations);

/// One direction while its code is emitted.
class RecurrentDirection {
public:
  RecurrentDirection(OnnxNode &node, const RecurrentParameters &parameters,
                     int64_t index)
      : node(node), parameters(parameters), index(index) {}

  OnnxNode &getNode() const { return node; }
  const RecurrentParameters &getParameters() const { return parameters; }
  bool isReversed() const { return parameters.isReversed || index == 1; }
  const RecurrentActivation &getActivation(size_t place) const;

  /// The part of an input [directions, size, …] that is this direction's:
  /// `size` rows from `first` on. Constants stay constants.
  OnnxValue getWeights(size_t input, int64_t first, int64_t size) const;
  /// A bias: `blocks` blocks from block `first` on.
  OnnxValue getBias(int64_t first, int64_t blocks) const;
  /// The initial state of an input, zeros if it's missing: [batch, hidden].
  OnnxValue getInitialState(size_t input) const;

  /// rows [N, K] times weights [M, K] transposed, plus the bias, if there is
  /// one (M).
  llvm::FailureOr<OnnxValue> emitProduct(OnnxValue rows, OnnxValue weights,
                                         OnnxValue bias) const;
  /// Block `gate` of a product [batch, blocks * hidden].
  OnnxValue getBlock(OnnxValue product, int64_t gate, int64_t blocks = 1) const;

  /// Computes a state from elements of [batch, hidden] tensors (or what repeats
  /// to them); `previous` is the state that sequences keep that have ended.
  OnnxValue emitState(llvm::ArrayRef<OnnxValue> inputs, OnnxValue previous,
                      ElementFunction function);
  /// An activation function of a sum that is clipped before.
  mlir::Value activate(ElementBuilder &code, size_t place, mlir::Value x) const;

  /// New states from the old ones and from the block of the input's product
  /// for each gate.
  using Step = llvm::function_ref<llvm::FailureOr<llvm::SmallVector<OnnxValue>>(
      llvm::ArrayRef<OnnxValue> gates, llvm::ArrayRef<OnnxValue> states)>;
  /// Runs the steps. `bias` is that of the product with the input. Gives the
  /// first state after each step, [steps, batch, hidden] (null if the node's
  /// first result isn't used), and the last states.
  llvm::FailureOr<llvm::SmallVector<OnnxValue>>
  run(OnnxValue input, OnnxValue bias, llvm::ArrayRef<OnnxValue> states,
      Step step);

private:
  /// The lengths of the sequences, within 0 and `steps`: [batch, 1]; null if
  /// all are of full length.
  OnnxValue getLengths() const;
  /// The steps of each sequence backwards.
  OnnxValue reverse(OnnxValue sequences) const;

  OnnxNode &node;
  const RecurrentParameters &parameters;
  int64_t index;
  OnnxValue lengths;
  /// The number of the step whose code is emitted.
  mlir::Value step;
};

/// Sets the node's results from those of all directions (RecurrentDirection's
/// run): the sequence, then the states.
void setRecurrentResults(
    OnnxNode &node, const RecurrentParameters &parameters,
    llvm::ArrayRef<llvm::SmallVector<OnnxValue>> directions);

/// The input as [steps, batch, size] in the type to compute in.
OnnxValue getSequences(OnnxNode &node, const RecurrentParameters &parameters);

} // namespace toeplitz

#endif
