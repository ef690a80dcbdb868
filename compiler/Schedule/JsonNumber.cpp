#include "compiler/Schedule/JsonNumber.h"

#include <cmath>

void toeplitz::writeNumber(llvm::json::OStream &json, llvm::StringRef name,
                           double number) {
  if (std::isfinite(number))
    json.attribute(name, number);
  else
    json.attribute(name, nullptr);
}
