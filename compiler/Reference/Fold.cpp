#include "compiler/Reference/Fold.h"
#include "compiler/Reference/Compiler.h"
#include "compiler/Reference/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"

#include <cstring>

using namespace mlir;
using namespace toeplitz::reference;

/// What may lie in attributes, whose elements are hashed and compared.
static constexpr size_t largestDenseFloats = 64;
static constexpr size_t largestDenseBytes = 1024;

/// Whether all elements are the same, which a dense attribute says in one.
static bool isSplat(const Tensor &tensor) {
  auto areEqual = [](auto first, auto second) {
    return std::memcmp(&first, &second, sizeof(first)) == 0;
  };
  auto allEqual = [&](const auto &elements) {
    return llvm::all_of(elements, [&](auto element) {
      return areEqual(element, elements.front());
    });
  };
  return isFloat(tensor.type) ? allEqual(tensor.values)
                              : allEqual(tensor.integers);
}

static Attribute getAttribute(const Tensor &tensor, StringRef name,
                              MLIRContext *context) {
  bool isSmall = isFloat(tensor.type)
                     ? tensor.size() <= largestDenseFloats
                     : tensor.getByteSize() <= largestDenseBytes;
  // A resource of single bits would have to be packed.
  if (isSmall || tensor.type == ElementType::Int1 || isSplat(tensor))
    return getDenseAttribute(tensor, context);
  return getResourceAttribute(tensor, name, context);
}

static Attribute getScalarAttribute(Frame &frame, Slot slot, Type type) {
  if (slot.kind == Slot::Kind::Integer)
    return IntegerAttr::get(type, *frame.integers(slot));
  return FloatAttr::get(type, *frame.floats(slot));
}

std::optional<std::vector<Attribute>>
toeplitz::reference::foldOperations(ArrayRef<Operation *> operations,
                                    ValueRange results, StringRef name) {
  if (results.empty())
    return std::vector<Attribute>();
  MLIRContext *context = results.front().getContext();
  // The caller keeps the operations, if they can't be folded: no news.
  ScopedDiagnosticHandler silence(context, [](Diagnostic &) {});

  Compiler compiler(Precision::Typed);
  SmallVector<Value> computed;
  for (Value result : results)
    if (!result.getDefiningOp<arith::ConstantOp>())
      computed.push_back(result);
  FailureOr<Program> program = compiler.compileSequence(operations, computed);
  if (failed(program))
    return std::nullopt;
  Frame frame(compiler.getLayout(), /*width=*/1);
  if (failed(program->run(frame)))
    return std::nullopt;

  std::vector<Attribute> attributes;
  for (Value result : results) {
    Operation *definition = result.getDefiningOp();
    if (!definition)
      return std::nullopt;
    // A constant that is only handed on keeps its resource.
    if (auto constant = dyn_cast<arith::ConstantOp>(definition)) {
      attributes.push_back(constant.getValue());
      continue;
    }
    FailureOr<Slot> slot = compiler.lookup(result, definition);
    if (failed(slot))
      return std::nullopt;
    attributes.push_back(
        slot->kind == Slot::Kind::Tensor
            ? getAttribute(*frame.tensor(*slot), name, context)
            : getScalarAttribute(frame, *slot, result.getType()));
  }
  return attributes;
}
