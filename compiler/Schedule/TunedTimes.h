// Measured times of algorithms: what `--tune` keeps in a file and a later
// compilation reads.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_TUNEDTIMES_H
#define TOEPLITZ_COMPILER_SCHEDULE_TUNEDTIMES_H

#include "compiler/Schedule/Convolutions.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <tuple>

namespace toeplitz {

/// What a time depends on: equal keys take equal time.
struct TuningKey {
  /// LLVM's name of the processor, and f32 elements in its vectors.
  std::string processor;
  int64_t lanes = 0;
  /// The layer's geometry, and what its kernel does beside the sums.
  std::string layer, epilogue;

  bool operator<(const TuningKey &other) const {
    return std::tie(processor, lanes, layer, epilogue) <
           std::tie(other.processor, other.lanes, other.layer, other.epilogue);
  }
};

/// The key of a cnn.conv or cnn.conv_transpose, whose parts are `parts`.
TuningKey getTuningKey(mlir::Operation *layer,
                       llvm::ArrayRef<ConvolutionPart> parts,
                       llvm::StringRef processor, kernel::TargetAttr target);

/// Microseconds by the names of the algorithms, with variants:
/// "winograd:f4".
using LayerTimes = std::map<std::string, double>;

class TunedTimes {
public:
  /// Reads the file that `write` makes. An error says what is wrong with it and
  /// where. One that was made with other algorithms than this compiler's holds
  /// no times: `isStale`.
  static llvm::Expected<TunedTimes> read(llvm::StringRef path);
  /// Writes all times as JSON, in the order of their keys.
  void write(llvm::raw_ostream &stream) const;

  /// Null where the layer hasn't been measured.
  const LayerTimes *find(const TuningKey &key) const;
  void set(const TuningKey &key, LayerTimes times) {
    layers[key] = std::move(times);
  }

  bool isStale() const { return stale; }
  size_t size() const { return layers.size(); }

private:
  std::map<TuningKey, LayerTimes> layers;
  bool stale = false;
};

} // namespace toeplitz

#endif
