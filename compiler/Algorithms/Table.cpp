// The table of algorithms, the choice among them, and the lowering that
// dispatches on the choice.

#include "compiler/Algorithms/Table.h"

using namespace mlir;
using namespace toeplitz;

// Best candidates first, the reference last. One row an algorithm.
static const Algorithm *const algorithms[] = {
    &pointwiseAlgorithm,
    &depthwiseAlgorithm,
    &directAlgorithm,
    &im2colAlgorithm,
};

ArrayRef<const Algorithm *> toeplitz::getAlgorithms() { return algorithms; }

const Algorithm *toeplitz::findAlgorithm(StringRef name) {
  for (const Algorithm *algorithm : algorithms)
    if (algorithm->name == name)
      return algorithm;
  return nullptr;
}

static int64_t countTasks(Operation *op) {
  auto conv = cast<kernel::ConvOp>(op);
  return findAlgorithm(conv.getAlgorithm())->countTasks(conv);
}

static LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto conv = cast<kernel::ConvOp>(op);
  const Algorithm *algorithm = findAlgorithm(conv.getAlgorithm());
  if (!algorithm)
    return conv.emitOpError()
           << "names an unknown algorithm '" << conv.getAlgorithm() << "'";
  return algorithm->emit(conv, kernel);
}

KernelLowering toeplitz::getConvolutionLowering() {
  return {kernel::ConvOp::getOperationName(), countTasks, emit};
}

int64_t Convolution::getTaps() const {
  int64_t taps = 1;
  for (int64_t size : kernel)
    taps *= size;
  return taps;
}

int64_t Convolution::getPositions() const {
  int64_t positions = 1;
  for (int64_t size : outputSizes)
    positions *= size;
  return positions;
}

double Convolution::getMultiplyAdds() const {
  return static_cast<double>(batch) * getPositions() * getTaps() * outChannels *
         (inChannels / groups);
}
