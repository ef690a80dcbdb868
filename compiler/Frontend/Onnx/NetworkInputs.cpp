// The inputs: see NetworkInputs.h.

#include "compiler/Frontend/Onnx/NetworkInputs.h"

#include "compiler/Frontend/DynamicBatch.h"
#include "compiler/Frontend/Onnx/OnnxModel.h"
#include "compiler/Frontend/Shape.h"
#include "compiler/Frontend/Suggestion.h"
#include "runtime/npy.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

namespace {

class InputReader {
public:
  InputReader(const OnnxModel &model, const ImportOptions &options)
      : model(model), options(options), graph(model.getProto().graph()) {}

  llvm::FailureOr<llvm::SmallVector<NetworkInput>> read();

private:
  using Dimension = onnx::TensorShapeProto::Dimension;

  LogicalResult checkNames();
  LogicalResult readConstants();
  LogicalResult collectSymbols();
  LogicalResult readInput(const onnx::ValueInfoProto &proto,
                          NetworkInput &input);
  llvm::FailureOr<int64_t> readDimension(const onnx::ValueInfoProto &proto,
                                         const Dimension &dimension,
                                         unsigned index);

  InFlightDiagnostic error() { return emitError(model.getLocation()); }

  const OnnxModel &model;
  const ImportOptions &options;
  const onnx::GraphProto &graph;
  llvm::SmallVector<const onnx::ValueInfoProto *> inputs;
  /// What the options say about open dimensions that have a name.
  llvm::StringMap<int64_t> symbols;
  llvm::StringMap<ElementsAttr> constants;
  /// Whether a leading dimension is left open.
  bool isBatchOpen = false;
};

} // namespace

LogicalResult InputReader::checkNames() {
  llvm::StringSet<> initializers, seen;
  for (const onnx::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  llvm::SmallVector<llvm::StringRef> names;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (initializers.contains(input.name()))
      continue;
    if (input.name().empty() || !seen.insert(input.name()).second)
      return error() << (input.name().empty() ? "an input has no name"
                                              : "two inputs are called '")
                     << input.name() << (input.name().empty() ? "" : "'");
    inputs.push_back(&input);
    names.push_back(input.name());
  }
  auto check = [&](llvm::StringRef option,
                   llvm::StringRef name) -> LogicalResult {
    if (seen.contains(name))
      return success();
    return error() << option << " names the input '" << name
                   << "', which the model doesn't have" << suggest(name, names);
  };
  for (const auto &entry : options.shapes)
    if (failed(check("--shape", entry.first)))
      return failure();
  for (const auto &entry : options.constants)
    if (failed(check("--constant", entry.first)))
      return failure();
  return success();
}

LogicalResult InputReader::readConstants() {
  for (const onnx::ValueInfoProto *proto : inputs) {
    auto given = options.constants.find(proto->name());
    if (given == options.constants.end())
      continue;
    int32_t number = proto->type().tensor_type().elem_type();
    std::optional<ElementType> type = findElementType(number);
    if (!type)
      continue; // Reported with the input.
    toeplitz_npy_array array;
    char message[512];
    if (toeplitz_npy_read(given->second.c_str(), number, &array, message,
                          sizeof(message)))
      return error() << "--constant " << proto->name() << ": " << message;
    auto tensorType =
        RankedTensorType::get(llvm::ArrayRef<int64_t>(array.shape, array.rank),
                              getMlirType(*type, &model.getContext()));
    constants[proto->name()] = makeElements(
        tensorType, proto->name(),
        llvm::ArrayRef<char>(static_cast<char *>(array.data),
                             array.count * (getBitWidth(*type) / 8)));
    toeplitz_npy_free(&array);
  }
  return success();
}

/// A name stands for the same number wherever it is written.
LogicalResult InputReader::collectSymbols() {
  for (const onnx::ValueInfoProto *input : inputs) {
    llvm::ArrayRef<int64_t> sizes;
    auto given = options.shapes.find(input->name());
    auto constant = constants.find(input->name());
    if (given != options.shapes.end())
      sizes = given->second;
    else if (constant != constants.end())
      sizes = constant->second.getShapedType().getShape();
    else
      continue;
    const onnx::TypeProto_Tensor &type = input->type().tensor_type();
    if (!type.has_shape())
      continue;
    const onnx::TensorShapeProto &shape = type.shape();
    if (static_cast<size_t>(shape.dim_size()) != sizes.size())
      return error() << "input '" << input->name() << "' has rank "
                     << shape.dim_size() << ", but is given the shape "
                     << formatShape(sizes);
    for (auto [dimension, size] : llvm::zip_equal(shape.dim(), sizes)) {
      if (!dimension.has_dim_param() || dimension.dim_param().empty())
        continue;
      auto [entry, isNew] = symbols.try_emplace(dimension.dim_param(), size);
      if (!isNew && entry->second != size)
        return error() << "dimension '" << dimension.dim_param()
                       << "' is given two sizes, " << entry->second << " and "
                       << size;
    }
  }
  return success();
}

llvm::FailureOr<int64_t>
InputReader::readDimension(const onnx::ValueInfoProto &proto,
                           const Dimension &dimension, unsigned index) {
  if (dimension.has_dim_value() && dimension.dim_value() >= 0)
    return dimension.dim_value();
  if (dimension.has_dim_param()) {
    auto symbol = symbols.find(dimension.dim_param());
    if (symbol != symbols.end())
      return symbol->second;
  }
  if (index == 0) {
    if (options.batch) {
      isBatchOpen = true;
      return *options.batch;
    }
    emitWarning(model.getLocation())
        << "the batch of input '" << proto.name()
        << "' is left open; it is compiled for 1 (--batch=N for another, "
           "--batch=dynamic for any)";
    return 1;
  }
  InFlightDiagnostic diagnostic = error();
  diagnostic << "dimension " << index << " of input '" << proto.name()
             << "' is left open";
  if (dimension.has_dim_param() && !dimension.dim_param().empty())
    diagnostic << " ('" << dimension.dim_param() << "')";
  diagnostic << "; fix its shape with --shape " << proto.name() << "=";
  const onnx::TensorShapeProto &shape = proto.type().tensor_type().shape();
  for (int d = 0; d < shape.dim_size(); ++d) {
    diagnostic << (d ? "x" : "");
    if (shape.dim(d).has_dim_value() && shape.dim(d).dim_value() >= 0)
      diagnostic << shape.dim(d).dim_value();
    else
      diagnostic << "N";
  }
  return LogicalResult(diagnostic);
}

LogicalResult InputReader::readInput(const onnx::ValueInfoProto &proto,
                                     NetworkInput &input) {
  input.name = proto.name();
  if (!proto.type().has_tensor_type())
    return error() << "input '" << input.name << "': type "
                   << (proto.type().has_sequence_type()        ? "sequence"
                       : proto.type().has_optional_type()      ? "optional"
                       : proto.type().has_map_type()           ? "map"
                       : proto.type().has_sparse_tensor_type() ? "sparse tensor"
                                                               : "undefined")
                   << " is not supported";
  const onnx::TypeProto_Tensor &type = proto.type().tensor_type();
  std::optional<ElementType> element = findElementType(type.elem_type());
  if (!element)
    return error() << "input '" << input.name << "': type "
                   << describeElementType(type.elem_type())
                   << " is not supported";
  input.type = *element;

  auto constant = constants.find(input.name);
  if (constant != constants.end()) {
    input.constant = constant->second;
    input.shape.assign(input.constant.getShapedType().getShape().begin(),
                       input.constant.getShapedType().getShape().end());
  }
  auto given = options.shapes.find(input.name);
  if (given != options.shapes.end())
    input.shape = given->second;
  bool isGiven = input.constant || given != options.shapes.end();
  if (!isGiven && !type.has_shape())
    return error() << "input '" << input.name
                   << "' has no shape; fix it with --shape " << input.name
                   << "=1x3x224x224";
  for (unsigned d = 0;
       type.has_shape() && d < unsigned(type.shape().dim_size()); ++d) {
    const Dimension &dimension = type.shape().dim(d);
    if (isGiven) {
      if (dimension.has_dim_value() && dimension.dim_value() >= 0 &&
          dimension.dim_value() != input.shape[d])
        return error() << "dimension " << d << " of input '" << input.name
                       << "' is " << dimension.dim_value()
                       << ", but is given as " << input.shape[d];
      continue;
    }
    auto size = readDimension(proto, dimension, d);
    if (failed(size))
      return failure();
    input.shape.push_back(*size);
  }
  for (int64_t size : input.shape)
    if (size < 0 || size > maximumSize)
      return error() << "input '" << input.name << "' has a dimension of "
                     << size << ", expected 0 to " << maximumSize;
  if (input.shape.size() > maximumTensorRank || !countElements(input.shape))
    return error() << "input '" << input.name << "' has the shape "
                   << formatShape(input.shape) << ", expected at most rank "
                   << maximumTensorRank << " and " << maximumElementCount
                   << " elements";
  return success();
}

llvm::FailureOr<llvm::SmallVector<NetworkInput>> InputReader::read() {
  if (failed(checkNames()) || failed(readConstants()) ||
      failed(collectSymbols()))
    return failure();
  llvm::SmallVector<NetworkInput> result;
  for (const onnx::ValueInfoProto *proto : inputs)
    if (failed(readInput(*proto, result.emplace_back())))
      return failure();
  if (options.isBatchDynamic && !isBatchOpen) {
    llvm::SmallVector<llvm::SmallVectorImpl<int64_t> *> shapes;
    for (NetworkInput &input : result)
      if (!input.constant)
        shapes.push_back(&input.shape);
    replaceStatedBatch(shapes, *options.batch);
  }
  return result;
}

llvm::FailureOr<llvm::SmallVector<NetworkInput>>
readNetworkInputs(const OnnxModel &model, const ImportOptions &options) {
  return InputReader(model, options).read();
}

} // namespace toeplitz
