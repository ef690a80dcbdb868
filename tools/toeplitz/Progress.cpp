#include "tools/toeplitz/Progress.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace toeplitz;

/// What is over sooner needs no report.
static constexpr std::chrono::seconds patience{2};

Progress::Progress(ProgressMode mode)
    : mode(mode), begin(std::chrono::steady_clock::now()) {
  if (mode == ProgressMode::Automatic &&
      !llvm::sys::Process::StandardErrIsDisplayed())
    this->mode = ProgressMode::Never;
}

Progress::~Progress() { clear(); }

void Progress::clear() {
  std::lock_guard<std::mutex> lock(mutex);
  clearLine();
}

void Progress::clearLine() {
  // Erase to the end of the line (ECMA-48).
  if (lineIsShown)
    llvm::errs() << "\x1b[K";
  lineIsShown = false;
}

void Progress::report(const std::string &activity) {
  std::lock_guard<std::mutex> lock(mutex);
  if (mode == ProgressMode::Always) {
    llvm::errs() << "progress: " + activity + "\n";
    return;
  }
  if (mode == ProgressMode::Never ||
      std::chrono::steady_clock::now() - begin < patience)
    return;
  clearLine();
  // The cursor stays at the beginning: a message that comes next takes the
  // line.
  llvm::errs() << activity << "\r";
  lineIsShown = true;
}

void Progress::report(llvm::StringRef activity, size_t step, size_t steps) {
  report(
      (activity + " " + llvm::Twine(step) + " of " + llvm::Twine(steps)).str());
}

namespace {

/// Counts the passes of the outermost manager. MLIR wraps nested ones into
/// passes without a name.
class PassProgress : public mlir::PassInstrumentation {
public:
  PassProgress(Progress &progress, size_t passes)
      : progress(progress), passes(passes) {}

  void runBeforePass(mlir::Pass *pass, mlir::Operation *operation) override {
    if (operation->getParentOp() || done == passes)
      return;
    ++done;
    if (!pass->getArgument().empty())
      progress.report(("pass " + llvm::Twine(done) + " of " +
                       llvm::Twine(passes) + ", " + pass->getArgument())
                          .str());
  }

private:
  Progress &progress;
  size_t passes;
  size_t done = 0;
};

} // namespace

void Progress::follow(mlir::PassManager &manager) {
  if (mode != ProgressMode::Never)
    manager.addInstrumentation(
        std::make_unique<PassProgress>(*this, manager.size()));
}
