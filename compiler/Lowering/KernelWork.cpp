#include "compiler/Lowering/KernelWork.h"

#include "dialects/Kernel/KernelDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

static int64_t multiply(ArrayRef<int64_t> sizes) {
  return llvm::product_of(sizes, int64_t(1));
}

static std::string joinSizes(ArrayRef<int64_t> sizes) {
  std::string text;
  for (int64_t size : sizes)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

static MemRefType getType(Value value) {
  return dyn_cast<MemRefType>(value.getType());
}

/// Of a buffer of static shape; a bool takes a byte.
static int64_t countBytes(Value value) {
  MemRefType type = getType(value);
  if (!type || !type.hasStaticShape())
    return 0;
  Type element = type.getElementType();
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  return type.getNumElements() * int64_t(llvm::divideCeil(bits, 8));
}

static int64_t countElements(Value value) {
  MemRefType type = getType(value);
  return type && type.hasStaticShape() ? type.getNumElements() : 0;
}

/// Where a view's elements lie.
static Value findBuffer(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

static SmallVector<Value> getDestinations(Operation *op) {
  if (auto copy = dyn_cast<memref::CopyOp>(op))
    return {copy.getTarget()};
  return llvm::to_vector_of<Value>(
      cast<DestinationStyleOpInterface>(op).getDpsInits());
}

bool toeplitz::isKernel(Operation *op) {
  if (!isa<DestinationStyleOpInterface, memref::CopyOp>(op) ||
      op->getNumResults() != 0)
    return false;
  return llvm::any_of(getDestinations(op),
                      [](Value value) { return countElements(value) > 0; });
}

/// Memory that a kernel works in.
static SmallVector<Value> getScratch(Operation *op) {
  if (auto conv = dyn_cast<kernel::ConvOp>(op))
    return {conv.getScratch(), conv.getPrepared()};
  if (auto conv = dyn_cast<kernel::SeparableConvOp>(op))
    return {conv.getScratch()};
  if (auto block = dyn_cast<kernel::InvertedResidualOp>(op))
    return {block.getScratch(), block.getPrepared()};
  return {};
}

static void countTraffic(Operation *op, KernelWork &work) {
  SmallVector<Value> destinations = getDestinations(op);
  SmallVector<Value> scratch = getScratch(op);
  for (Value destination : destinations)
    work.writtenBytes += countBytes(destination);
  llvm::SetVector<Value> inputs;
  for (OpOperand &operand : op->getOpOperands()) {
    auto style = dyn_cast<DestinationStyleOpInterface>(op);
    bool isWritten = style ? style.isDpsInit(&operand)
                           : llvm::is_contained(destinations, operand.get());
    if (!isWritten && !llvm::is_contained(scratch, operand.get()))
      inputs.insert(operand.get());
  }
  for (Value input : inputs)
    (findBuffer(input).getDefiningOp<memref::GetGlobalOp>() ? work.weightBytes
                                                            : work.readBytes) +=
        countBytes(input);
}

/// The sizes of a blocked tensor N x blocks x I x block without the blocks.
static std::string describeBlocked(Value value, int64_t channels) {
  ArrayRef<int64_t> shape = getType(value).getShape();
  SmallVector<int64_t> sizes = {channels};
  llvm::append_range(sizes, shape.drop_front(2).drop_back());
  std::string text = joinSizes(sizes);
  if (shape.front() != 1)
    text = std::to_string(shape.front()) + "x" + text;
  return text;
}

static void addActivation(std::optional<kernel::ActivationAttr> activation,
                          std::string &description) {
  if (activation && *activation)
    description +=
        ", " + cnn::stringifyActivationKind(activation->getKind()).str();
}

/// What happens to the input first, as ", input scale + shift + relu".
static void addPrologue(kernel::ConvOp op, std::string &description) {
  SmallVector<StringRef> parts;
  if (op.getInputScale())
    parts.push_back("scale");
  if (op.getInputShift())
    parts.push_back("shift");
  if (auto activation = op.getInputActivation())
    parts.push_back(cnn::stringifyActivationKind(activation->getKind()));
  if (!parts.empty())
    description += ", input " + llvm::join(parts, " + ");
}

static void describeConvolution(kernel::ConvOp op, KernelWork &work) {
  int64_t inChannels = op.getInChannels(), outChannels = op.getOutChannels();
  int64_t groups = op.getGroups();
  if (auto layerGroups = op->getAttrOfType<IntegerAttr>(layerGroupsAttribute))
    groups = layerGroups.getInt();
  int64_t batch = getType(op.getInit()).getDimSize(0);
  work.flops = 2 * batch * outChannels * (inChannels / groups) *
               multiply(op.getKernel()) * multiply(op.getOutputSizes());
  work.operation =
      op.getKernel().empty() ? "dense" : "conv " + joinSizes(op.getKernel());
  work.algorithm = op.getAlgorithm().str();
  // Winograd's and Fourier kernels have variants by the size of their tiles,
  // and Winograd's by who transforms the filter.
  if (auto transform = op.getTransform())
    work.algorithm += " " + joinSizes(*transform);
  if (op.getTransformsFilter())
    work.algorithm += " raw";
  SmallVector<int64_t> result = {outChannels};
  llvm::append_range(result, op.getOutputSizes());
  work.description = describeBlocked(op.getInput(), inChannels) + " -> " +
                     (batch == 1 ? "" : std::to_string(batch) + "x") +
                     joinSizes(result);
  auto differs = [](int64_t value) { return value != 1; };
  if (llvm::any_of(op.getStrides(), differs))
    work.description += ", stride " + joinSizes(op.getStrides());
  if (llvm::any_of(op.getDilations(), differs))
    work.description += ", dilation " + joinSizes(op.getDilations());
  if (groups != 1)
    work.description += ", groups " + std::to_string(groups);
  addPrologue(op, work.description);
  if (op.getResidual())
    work.description += ", residual";
  addActivation(op.getActivation(), work.description);
  if (auto pool = op.getPool()) {
    work.flops +=
        multiply(getType(op.getInit()).getShape().drop_front(2).drop_back()) *
        batch * outChannels * multiply(pool->getKernel());
    work.description += ", " + cnn::stringifyPoolKind(pool->getKind()).str() +
                        " pool " + joinSizes(pool->getKernel());
  }
}

/// The algorithm of a pointwise convolution with such a filter.
static StringRef getPointwiseName(Value filter) {
  return getType(filter).getElementType().isBF16() ? "bf16x3" : "pointwise";
}

/// A depthwise convolution with pointwise ones around it; `inChannels` are
/// those of the one before it, 0 where there is none.
template <typename Op>
static void describeBlock(Op op, int64_t inChannels, KernelWork &work) {
  int64_t channels = op.getChannels(), outChannels = op.getOutChannels();
  auto input = getType(op.getInput()).getShape();
  int64_t batch = input.front();
  int64_t positions = batch * multiply(op.getOutputSizes());
  work.flops = 2 * positions * channels * multiply(op.getKernel());
  work.algorithm = "depthwise";
  if (inChannels) {
    work.flops += 2 * batch * multiply(input.drop_front(2).drop_back()) *
                  inChannels * channels;
    work.algorithm =
        (getPointwiseName(op.getExpansionFilter()) + " + depthwise").str();
  }
  if (op.getFilter()) {
    work.flops += 2 * positions * channels * outChannels;
    work.algorithm += (" + " + getPointwiseName(op.getFilter())).str();
  }
  work.operation = "separable conv " + joinSizes(op.getKernel());
  work.description =
      describeBlocked(op.getInput(), inChannels ? inChannels : channels) +
      " -> " + describeBlocked(op.getInit(), outChannels);
  if (inChannels && op.getFilter())
    work.description += ", over " + std::to_string(channels) + " channels";
  if (llvm::any_of(op.getStrides(), [](int64_t value) { return value != 1; }))
    work.description += ", stride " + joinSizes(op.getStrides());
  if (op.getResidual())
    work.description += ", residual";
  addActivation(op.getExpansionActivation(), work.description);
  addActivation(op.getDepthwiseActivation(), work.description);
  addActivation(op.getActivation(), work.description);
}

/// Operations on floats in a body, for one element.
static int64_t countBody(Operation *op) {
  int64_t count = 0;
  op->walk([&](Operation *inner) {
    StringRef dialect = inner->getName().getDialectNamespace();
    auto isFloat = [](Type type) { return isa<FloatType>(type); };
    if (inner == op || isa<arith::ConstantOp>(inner) ||
        !llvm::any_of(inner->getResultTypes(), isFloat))
      return;
    if (isa<math::FmaOp>(inner))
      count += 2;
    else if (dialect == "math" ||
             (dialect == "arith" &&
              !isa<arith::SelectOp, arith::ExtFOp, arith::TruncFOp,
                   arith::SIToFPOp, arith::UIToFPOp, arith::BitcastOp>(inner)))
      ++count;
  });
  return count;
}

/// Operations for an element of the result, by the definitions in
/// dialects/Kernel.
static int64_t countPerElement(Operation *op) {
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case([](kernel::PoolOp pool) { return multiply(pool.getKernel()); })
      .Case([](kernel::ResizeOp resize) -> int64_t {
        if (resize.getMode() == cnn::ResizeMode::Nearest)
          return 0;
        // Between 2^D neighbours: D-fold linear interpolation of three
        // operations each.
        return 3 *
               ((int64_t(1) << (getType(resize.getInit()).getRank() - 3)) - 1);
      })
      // Mean 1, variance 3, normalisation 2, scale and bias 2.
      .Case<kernel::NormalizeOp, kernel::NormalizeChannelsOp>(
          [](auto) -> int64_t { return 8; })
      // Squares and their sum, and the power that divides.
      .Case([](kernel::LrnOp lrn) -> int64_t { return 2 * lrn.getSize() + 4; })
      // Maximum, difference, exponential, sum, quotient.
      .Case([](kernel::SoftmaxOp) -> int64_t { return 5; })
      .Case([](kernel::MatmulOp matmul) {
        return 2 * getType(matmul.getLeft()).getShape().back();
      })
      .Default([](Operation *) -> int64_t { return 0; });
}

static void describeOther(Operation *op, KernelWork &work) {
  // (The dialect of a linalg or memref operation says nothing to a user.)
  work.operation = op->getName().stripDialect().str();
  SmallVector<Value> destinations = getDestinations(op);
  if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
    SmallVector<int64_t> ranges = structured.getStaticLoopRanges();
    if (llvm::none_of(ranges, ShapedType::isDynamic))
      work.flops = multiply(ranges) * countBody(op);
    work.operation = work.flops ? "elementwise" : "copy";
    if (structured.getNumReductionLoops() > 0)
      work.operation = "reduction";
  } else {
    work.flops = countElements(destinations.front()) * countPerElement(op);
  }
  // Mean 1, difference 1, its sum 1 and that of its square 2.
  if (auto moments = dyn_cast<kernel::MomentsOp>(op))
    work.flops = 5 * countElements(moments.getInput());
  if (auto pool = dyn_cast<kernel::PoolOp>(op))
    work.operation = cnn::stringifyPoolKind(pool.getKind()).str() + " pool " +
                     joinSizes(pool.getKernel());
  for (OpOperand &operand : op->getOpOperands())
    if (MemRefType type = getType(operand.get());
        type && !llvm::is_contained(destinations, operand.get())) {
      work.description = joinSizes(type.getShape()) + " -> ";
      break;
    }
  work.description += joinSizes(getType(destinations.front()).getShape());
}

KernelWork toeplitz::countKernelWork(Operation *op) {
  KernelWork work;
  countTraffic(op, work);
  if (auto conv = dyn_cast<kernel::ConvOp>(op))
    describeConvolution(conv, work);
  else if (auto separable = dyn_cast<kernel::SeparableConvOp>(op))
    describeBlock(separable, separable.getInChannels().value_or(0), work);
  else if (auto block = dyn_cast<kernel::InvertedResidualOp>(op))
    describeBlock(block, block.getInChannels(), work);
  else
    describeOther(op, work);
  return work;
}
