#include "compiler/Schedule/EscapeMarkup.h"

using namespace toeplitz;

std::string toeplitz::escapeMarkup(llvm::StringRef text) {
  std::string escaped;
  for (char letter : text)
    switch (letter) {
    case '<':
      escaped += "&lt;";
      break;
    case '>':
      escaped += "&gt;";
      break;
    case '&':
      escaped += "&amp;";
      break;
    case '"':
      escaped += "&quot;";
      break;
    default:
      escaped += letter;
    }
  return escaped;
}
