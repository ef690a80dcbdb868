// How far a compilation is, for the user who waits for it.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_PROGRESS_H
#define TOEPLITZ_TOOLS_TOEPLITZ_PROGRESS_H

#include "llvm/ADT/StringRef.h"
#include <chrono>
#include <mutex>
#include <string>

namespace mlir {
class PassManager;
} // namespace mlir

namespace toeplitz {

/// When to report; `--progress`.
enum class ProgressMode {
  /// When the standard error is a terminal, from two seconds on: one line that
  /// each report replaces.
  Automatic,
  /// From the beginning, a line a report, for programs that show it themselves.
  Always,
  Never,
};

class Progress {
public:
  explicit Progress(ProgressMode mode);
  /// Leaves the terminal's line as it was before.
  ~Progress();

  /// What is being done from now on: "reading the network".
  void report(const std::string &activity);
  /// The same of something that has steps, of which number `step` (counted from
  /// 1) begins or, when many are worked on at the same time, ends.
  void report(llvm::StringRef activity, size_t step, size_t steps);
  /// Reports the passes of `manager` as they begin.
  void follow(mlir::PassManager &manager);
  /// Clears the terminal's line, for messages that go there next.
  void clear();

private:
  void clearLine();

  ProgressMode mode;
  std::chrono::steady_clock::time_point begin;
  /// Reports come from any thread.
  std::mutex mutex;
  bool lineIsShown = false;
};

} // namespace toeplitz

#endif
