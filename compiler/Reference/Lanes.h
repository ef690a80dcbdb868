// How a function of one lane becomes a kernel (Arithmetic.h).

#ifndef TOEPLITZ_COMPILER_REFERENCE_LANES_H
#define TOEPLITZ_COMPILER_REFERENCE_LANES_H

#include "compiler/Reference/Arithmetic.h"
#include "compiler/Reference/ElementType.h"

#include <tuple>
#include <utility>

namespace toeplitz::reference {

template <typename Result, typename... Arguments, typename Function,
          size_t... Places>
void applyLanes(const Function &function, llvm::ArrayRef<const void *> operands,
                Result *results, size_t count, std::index_sequence<Places...>) {
  auto arrays =
      std::make_tuple(static_cast<const Arguments *>(operands[Places])...);
  for (size_t i = 0; i < count; ++i)
    results[i] = function(std::get<Places>(arrays)[i]...);
}

/// A kernel with one result. `finish(value)` brings it to its type.
template <typename Result, typename... Arguments, typename Function,
          typename Finish>
Kernel makeKernel(Function function, Finish finish) {
  return [function, finish](llvm::ArrayRef<const void *> operands,
                            llvm::ArrayRef<void *> results, size_t count) {
    applyLanes<Result, Arguments...>(
        [&](Arguments... arguments) { return finish(function(arguments...)); },
        operands, static_cast<Result *>(results[0]), count,
        std::index_sequence_for<Arguments...>());
  };
}

/// A kernel whose result is of a floating type.
template <typename... Arguments, typename Function>
Kernel makeFloatKernel(ElementType type, Precision precision,
                       Function function) {
  if (type == ElementType::Float64 ||
      (type == ElementType::Float32 && precision == Precision::Oracle))
    return makeKernel<double, Arguments...>(function,
                                            [](double value) { return value; });
  if (type == ElementType::Float32)
    return makeKernel<double, Arguments...>(function, [](double value) {
      return static_cast<double>(static_cast<float>(value));
    });
  return makeKernel<double, Arguments...>(
      function, [type](double value) { return roundToType(value, type); });
}

/// A kernel whose result is of an integer type.
template <typename... Arguments, typename Function>
Kernel makeIntegerKernel(ElementType type, Function function) {
  return makeKernel<int64_t, Arguments...>(
      function, [width = getBitWidth(type)](int64_t value) {
        return wrapToWidth(value, width);
      });
}

} // namespace toeplitz::reference

#endif
