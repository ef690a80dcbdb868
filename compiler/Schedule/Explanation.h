// What was chosen for each convolution layer and why, for people and programs:
// `toeplitz explain`.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_EXPLANATION_H
#define TOEPLITZ_COMPILER_SCHEDULE_EXPLANATION_H

#include "compiler/Schedule/Selection.h"

#include "llvm/Support/raw_ostream.h"

namespace toeplitz {

/// What the values between layers take in memory.
struct MemoryUse {
  /// The arena that holds them.
  int64_t arenaBytes = 0;
  /// What is alive at once, at most: no arena is smaller.
  int64_t largestLiveBytes = 0;
};

struct Explanation {
  std::string network;
  /// LLVM's name of the processor or GPU, and what the schedules know of it.
  std::string processor;
  int64_t lanes = 0, registers = 0;
  /// As in SelectionRules.
  std::optional<double> maxError;
  double inputRange = 1;
  double typicalErrorLimit = usualTypicalError;
  std::vector<LayerSelection> layers;
  MemoryUse memory;

  double estimateTypicalError() const;
};

/// How the model's choices compare with measurements.
struct ModelAccuracy {
  /// Layers with at least one measured candidate, and those whose choice by
  /// the estimates takes at most a tenth longer than the measured best.
  size_t layers = 0, within = 0;
};
ModelAccuracy compareWithMeasured(llvm::ArrayRef<LayerSelection> layers);

/// The measured time of the choice by estimates over that of the measured best,
/// at least 1; nothing for a layer that hasn't been measured.
std::optional<double> getModelRatio(const LayerSelection &layer);

/// A table for a terminal of 100 columns.
void writeExplanationText(const Explanation &explanation,
                          llvm::raw_ostream &stream);
/// A JSON object; docs/verification.md describes it.
void writeExplanationJson(const Explanation &explanation,
                          llvm::raw_ostream &stream);
/// One HTML page that needs no other file.
void writeExplanationHtml(const Explanation &explanation,
                          llvm::raw_ostream &stream);

// --- what the forms share

/// "1x3x224x224 -> 1x64x112x112, kernel 7x7, stride 2, padding 3".
std::string describeLayer(const LayerSelection &layer);
/// "chosen (forced)", "1.41 x slower", "too inexact".
std::string describeVerdict(const LayerSelection &layer,
                            const Candidate &candidate);
/// Sentences about the whole network, without the layers.
std::vector<std::string> describeTotals(const Explanation &explanation);
/// "118M", "5.9k": three significant digits.
std::string formatCount(double number);
/// "3.1e-05"; "unknown" for infinity, "" for nothing.
std::string formatBound(std::optional<double> bound);
/// "error 32 %": what a layer's rounding contributes to the square of the
/// network's typical error.
std::string formatErrorShare(const Explanation &explanation,
                             const LayerSelection &layer);
/// "+12 %": what is executed beyond the layer's own multiply-adds.
std::string formatWaste(const LayerSelection &layer,
                        const Candidate &candidate);

} // namespace toeplitz

#endif
