// Equivariance in words, and as JSON.

#include "compiler/Analysis/Equivariance.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

using namespace toeplitz;

static std::string formatRange(PositionRange range) {
  return llvm::formatv("[{0}, {1})", range.begin, range.end);
}

/// How far the value moves for a shift by t: "t", "t/4", "2t", "2t/3".
static std::string formatMotion(const ShiftFacts &facts) {
  int64_t common = std::gcd(facts.inputStep, facts.outputStep);
  int64_t numerator = facts.outputStep / common;
  int64_t denominator = facts.inputStep / common;
  std::string text = numerator == 1 ? "t" : std::to_string(numerator) + "t";
  return denominator == 1 ? text : text + "/" + std::to_string(denominator);
}

/// "output[:, :, i, :]".
static std::string formatElement(const ShiftFacts &facts,
                                 llvm::StringRef index) {
  std::string text = "output[";
  for (int64_t d = 0; d < facts.dimension; ++d)
    text += ":, ";
  text += index.str();
  for (int64_t d = facts.dimension + 1; d < facts.rank; ++d)
    text += ", :";
  return text + "]";
}

static std::string formatShifts(const ShiftFacts &facts) {
  std::string what = facts.wraps || facts.isCyclic ? "rolled" : "shifted";
  return "for the input " + what +
         (facts.inputStep == 1
              ? " by any t"
              : " by any multiple t of " + std::to_string(facts.inputStep));
}

static std::string formatContents(const ShiftFacts &facts) {
  if (!facts.contents)
    return "";
  return ", where the input is zero outside of " +
         formatRange(*facts.contents) + " before and after";
}

std::string toeplitz::describeClaim(const EquivarianceClaim &claim) {
  const ShiftFacts &facts = claim.facts;
  switch (facts.kind) {
  case ShiftState::Fixed:
    return "doesn't depend on the input";
  case ShiftState::Broken:
    return "no shift: ended by '" + facts.culprit + "': " + facts.reason;
  case ShiftState::Invariant:
    return "invariant: " + formatShifts(facts) + formatContents(facts) +
           ", the output doesn't change";
  case ShiftState::Equivariant:
    break;
  }
  std::string motion = formatMotion(facts);
  std::string text = "equivariant: " + formatShifts(facts) +
                     formatContents(facts) + ", " + formatElement(facts, "i") +
                     " becomes " + formatElement(facts, "i - " + motion);
  if (facts.isCyclic)
    return text + " at all " + std::to_string(facts.size) +
           " positions, cyclically";
  text += " for i and i - " + motion +
          (facts.wraps ? " modulo " + std::to_string(facts.period) : "") +
          " in " + formatRange(facts.positions) + " of " +
          std::to_string(facts.size);
  int64_t low = facts.positions.begin, high = facts.size - facts.positions.end;
  if (low == 0 && high == 0)
    return text + ": no border spoils any";
  return text + ": the border spoils " + std::to_string(low) + " and " +
         std::to_string(high);
}

// ---- The table of layers ----

static void printRow(llvm::raw_ostream &stream,
                     llvm::ArrayRef<std::string> cells,
                     llvm::ArrayRef<size_t> widths) {
  std::string line = "   ";
  for (auto [cell, width] : llvm::zip(cells, widths))
    line += " " + cell + std::string(width - cell.size() + 1, ' ');
  stream << llvm::StringRef(line).rtrim() << "\n";
}

static std::vector<std::string> describeRow(const LayerShift &row) {
  const ShiftFacts &facts = row.facts;
  std::vector<std::string> cells = {row.layer, row.operation};
  switch (facts.kind) {
  case ShiftState::Fixed:
    break;
  case ShiftState::Broken:
    cells.push_back("ended: " + facts.reason);
    break;
  case ShiftState::Invariant:
    cells.push_back("invariant");
    cells.push_back(std::to_string(facts.inputStep));
    cells.push_back(facts.contents
                        ? "contents in " + formatRange(*facts.contents)
                        : "cyclic");
    break;
  case ShiftState::Equivariant:
    cells.push_back(formatMotion(facts));
    cells.push_back(std::to_string(facts.inputStep));
    cells.push_back(facts.isCyclic ? "cyclic, " + std::to_string(facts.size)
                                   : formatRange(facts.positions) + " of " +
                                         std::to_string(facts.size));
    cells.push_back(std::to_string(facts.receptiveField));
    break;
  }
  return cells;
}

static std::string formatLayers(llvm::ArrayRef<LayerShift> layers) {
  std::vector<std::vector<std::string>> rows = {
      {"layer", "operation", "moves", "for t a multiple of", "unspoiled",
       "receptive field"}};
  for (const LayerShift &layer : layers) {
    rows.push_back(describeRow(layer));
    if (layer.facts.kind == ShiftState::Broken)
      break; // what follows from it is no news
  }
  std::vector<size_t> widths(rows.front().size());
  for (const auto &row : rows)
    // A reason may be as long as it likes.
    for (size_t i = 0; i < (row.size() == 3 ? 2 : row.size()); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (const auto &row : rows) {
    std::vector<size_t> columns(widths);
    if (row.size() == 3)
      columns[2] = row[2].size();
    printRow(stream, row, columns);
  }
  return text;
}

void toeplitz::printEquivariance(const EquivarianceClaims &claims,
                                 llvm::raw_ostream &stream, bool withLayers) {
  if (claims.axes.empty())
    stream << "no input has a spatial axis with two positions\n";
  std::string lastTable;
  for (const AxisEquivariance &axis : claims.axes) {
    stream << "dimension " << axis.dimension << " of ";
    llvm::interleaveComma(axis.inputs, stream, [&](size_t input) {
      stream << "'" << claims.inputNames[input] << "'";
    });
    stream << ", " << axis.size << " positions:\n";
    for (const EquivarianceClaim &claim : axis.outputs)
      stream << "  output '" << claim.name << "': " << describeClaim(claim)
             << "\n";
    if (!withLayers)
      continue;
    std::string table = formatLayers(axis.layers);
    stream << (table == lastTable ? "    the layers are as above\n" : table);
    lastTable = std::move(table);
  }
}

// ---- JSON ----

static llvm::StringRef getKindName(ShiftState::Kind kind) {
  switch (kind) {
  case ShiftState::Fixed:
    return "independent";
  case ShiftState::Invariant:
    return "invariant";
  case ShiftState::Equivariant:
    return "equivariant";
  case ShiftState::Broken:
    return "none";
  }
  llvm_unreachable("every kind has a name");
}

static void printRange(llvm::json::OStream &json, llvm::StringRef name,
                       PositionRange range) {
  json.attributeArray(name, [&] {
    json.value(range.begin);
    json.value(range.end);
  });
}

static void printFacts(llvm::json::OStream &json, const ShiftFacts &facts) {
  json.attribute("kind", getKindName(facts.kind));
  if (facts.kind == ShiftState::Broken) {
    json.attribute("layer", facts.culprit);
    json.attribute("reason", facts.reason);
  }
  if (facts.kind == ShiftState::Fixed || facts.kind == ShiftState::Broken)
    return;
  json.attribute("input_step", facts.inputStep);
  json.attribute("rolled", facts.wraps || facts.isCyclic);
  if (facts.contents)
    printRange(json, "contents", *facts.contents);
  if (facts.kind == ShiftState::Invariant)
    return;
  json.attribute("output_step", facts.outputStep);
  json.attribute("dimension", facts.dimension);
  json.attribute("size", facts.size);
  json.attribute("cyclic", facts.isCyclic);
  printRange(json, "positions", facts.positions);
  json.attribute("receptive_field", facts.receptiveField);
}

void toeplitz::printEquivarianceJson(const EquivarianceClaims &claims,
                                     llvm::json::OStream &json) {
  json.attributeArray("axes", [&] {
    for (const AxisEquivariance &axis : claims.axes)
      json.object([&] {
        json.attribute("dimension", axis.dimension);
        json.attribute("size", axis.size);
        json.attributeArray("inputs", [&] {
          for (size_t input : axis.inputs)
            json.value(claims.inputNames[input]);
        });
        json.attributeArray("outputs", [&] {
          for (const EquivarianceClaim &claim : axis.outputs)
            json.object([&] {
              json.attribute("name", claim.name);
              printFacts(json, claim.facts);
            });
        });
        json.attributeArray("layers", [&] {
          for (const LayerShift &layer : axis.layers)
            json.object([&] {
              json.attribute("name", layer.layer);
              json.attribute("operation", layer.operation);
              printFacts(json, layer.facts);
            });
        });
      });
  });
}
