// Einsum: the equation, and the products in its order.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Contraction.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace mlir;

namespace toeplitz {

namespace {

/// The letters of one term, and where its ellipsis stands.
struct Term {
  std::string letters;
  std::optional<size_t> ellipsis;
};

struct Equation {
  llvm::SmallVector<Term> inputs;
  std::optional<Term> result;
};

using Indices = llvm::SmallVector<int64_t>;

} // namespace

/// The dimensions of ellipses have numbers from here on, from the last one;
/// those of letters are the letters.
constexpr int64_t firstEllipsisIndex = 256;

static std::optional<Term> parseTerm(llvm::StringRef text) {
  Term term;
  while (!text.empty()) {
    if (text.consume_front("...")) {
      if (term.ellipsis)
        return std::nullopt;
      term.ellipsis = term.letters.size();
      continue;
    }
    char letter = text.front();
    text = text.drop_front();
    if (!llvm::isAlpha(letter))
      return std::nullopt;
    term.letters += letter;
  }
  return term;
}

static llvm::FailureOr<Equation> parseEquation(OnnxNode &node,
                                               llvm::StringRef written) {
  std::string text = written.str();
  llvm::erase(text, ' ');
  auto [left, right] = llvm::StringRef(text).split("->");
  bool hasResult = llvm::StringRef(text).contains("->");
  Equation equation;
  llvm::SmallVector<llvm::StringRef> terms;
  left.split(terms, ',');
  bool isValid = true;
  for (llvm::StringRef part : terms)
    if (std::optional<Term> term = parseTerm(part))
      equation.inputs.push_back(*term);
    else
      isValid = false;
  if (hasResult) {
    equation.result = parseTerm(right);
    isValid &= equation.result.has_value();
  }
  if (!isValid)
    return LogicalResult(node.error()
                         << "attribute 'equation' is '" << written
                         << "', expected letters and '...', as in 'ij,jk->ik'");
  if (equation.inputs.size() != node.getInputCount())
    return LogicalResult(node.error() << "attribute 'equation' has "
                                      << equation.inputs.size() << " terms for "
                                      << node.getInputCount() << " inputs");
  return equation;
}

/// The indices of a term; `hidden` dimensions are those of its ellipsis.
static Indices getIndices(const Term &term, int64_t hidden) {
  Indices indices;
  for (size_t place = 0; place <= term.letters.size(); ++place) {
    if (term.ellipsis == place)
      for (int64_t d = hidden; d > 0; --d)
        indices.push_back(firstEllipsisIndex + d);
    if (place < term.letters.size())
      indices.push_back(term.letters[place]);
  }
  return indices;
}

/// Without "->", the result has the dimensions of the ellipses, then the
/// letters that occur once, in the alphabet's order.
static Term getImplicitResult(const Equation &equation) {
  std::map<char, unsigned> counts;
  Term result;
  result.ellipsis = 0;
  for (const Term &term : equation.inputs)
    for (char letter : term.letters)
      ++counts[letter];
  for (auto [letter, count] : counts)
    if (count == 1)
      result.letters += letter;
  return result;
}

/// The indices of the result. Reports those that no input has, and those that
/// it has twice.
static llvm::FailureOr<Indices>
findResultIndices(OnnxNode &node, const Equation &equation,
                  llvm::ArrayRef<ContractionOperand> operands, int64_t hidden) {
  Term term = equation.result ? *equation.result : getImplicitResult(equation);
  Indices indices = getIndices(term, hidden);
  for (size_t place = 0; place < indices.size(); ++place) {
    int64_t index = indices[place];
    bool isKnown =
        llvm::any_of(operands, [&](const ContractionOperand &operand) {
          return llvm::is_contained(operand.indices, index);
        });
    bool isRepeated = llvm::is_contained(
        llvm::ArrayRef<int64_t>(indices).take_front(place), index);
    if (isKnown && !isRepeated)
      continue;
    return LogicalResult(node.error()
                         << "attribute 'equation': its result has '"
                         << static_cast<char>(index) << "' "
                         << (isRepeated ? "twice" : "that no input has"));
  }
  return indices;
}

static LogicalResult buildEinsum(OnnxNode &node) {
  std::string text;
  if (failed(node.getAttributes().string("equation", text).required().finish()))
    return failure();
  auto equation = parseEquation(node, text);
  if (failed(equation))
    return failure();

  llvm::SmallVector<ContractionOperand> operands;
  int64_t mostHidden = 0;
  for (auto [index, term] : llvm::enumerate(equation->inputs)) {
    if (failed(node.checkSameType(0, index)))
      return failure();
    auto letters = static_cast<int64_t>(term.letters.size());
    int64_t hidden = node.getRank(index) - letters;
    if (term.ellipsis ? hidden < 0 : hidden != 0)
      return node.error() << "input " << index << " has shape "
                          << formatShape(node.getShape(index))
                          << ", but attribute 'equation' gives it "
                          << (term.ellipsis ? "at least " : "") << letters
                          << " dimensions";
    mostHidden = std::max(mostHidden, hidden);
    operands.push_back(
        {toComputeType(node, node.getInput(index)), getIndices(term, hidden)});
  }
  auto resultIndices = findResultIndices(node, *equation, operands, mostHidden);
  if (failed(resultIndices))
    return failure();

  // Two at a time, from the first on: indices that nothing after them has are
  // summed over as soon as possible.
  ElementType type = operands.front().value.type;
  ContractionOperand sofar = operands.front();
  llvm::ArrayRef<ContractionOperand> rest =
      llvm::ArrayRef<ContractionOperand>(operands).drop_front();
  do {
    llvm::SmallVector<ContractionOperand> pair = {sofar};
    if (!rest.empty()) {
      pair.push_back(rest.front());
      rest = rest.drop_front();
    }
    Indices kept;
    if (rest.empty()) {
      kept = *resultIndices;
    } else {
      for (const ContractionOperand &operand : pair)
        for (int64_t index : operand.indices) {
          bool isWanted =
              llvm::is_contained(*resultIndices, index) ||
              llvm::any_of(rest, [&](const ContractionOperand &later) {
                return llvm::is_contained(later.indices, index);
              });
          if (isWanted && !llvm::is_contained(kept, index))
            kept.push_back(index);
        }
    }
    auto product = emitContraction(node, pair, kept, type);
    if (failed(product))
      return failure();
    sofar = {*product, kept};
  } while (!rest.empty());
  node.setResult(convert(node, sofar.value, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxEinsumOperators() {
  static const OnnxOperator operators[] = {
      {"Einsum", 12, newestOpset, 1, anyCount, 1, buildEinsum}};
  return operators;
}

} // namespace toeplitz
