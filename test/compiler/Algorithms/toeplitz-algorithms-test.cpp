// Drives the transforms of Winograd's algorithm on their own.
//
//   toeplitz-algorithms-test cook-toom OUTPUTS TAPS [POINT...]
//     prints the matrices of F(OUTPUTS, TAPS), for our points or the given ones
//     (whole numbers), whether they compute the correlation, and whether they
//     still do so with one entry changed.
//   toeplitz-algorithms-test programs OUTPUTS TAPS
//     prints the operations of both straight-line programs, whether they
//     compute their matrices, and the largest sum of a row's error weights.
//   toeplitz-algorithms-test bound VARIANT OUTPUTS INPUTS KERNEL...
//     prints the bound of the rounding error for inputs up to 1, and the errors
//     of the algorithm evaluated in float32 on random tiles, as their share of
//     that bound: "within the bound" or not.

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/CookToom.h"
#include "compiler/Algorithms/LinearProgram.h"
#include "compiler/Algorithms/RoundingError.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace toeplitz;

static int64_t readNumber(llvm::StringRef text) {
  int64_t number = 0;
  if (text.getAsInteger(10, number)) {
    llvm::errs() << "error: not a number: " << text << "\n";
    exit(1);
  }
  return number;
}

static void print(llvm::StringRef name, const RationalMatrix &matrix) {
  llvm::outs() << name << "\n";
  for (int64_t i = 0; i < matrix.getRows(); ++i) {
    for (int64_t k = 0; k < matrix.getColumns(); ++k)
      llvm::outs() << " " << matrix.at(i, k).toString();
    llvm::outs() << "\n";
  }
}

static int testCookToom(llvm::ArrayRef<llvm::StringRef> words) {
  int64_t outputs = readNumber(words[0]), taps = readNumber(words[1]);
  std::vector<Rational> points;
  for (llvm::StringRef word : words.drop_front(2))
    points.emplace_back(readNumber(word));
  if (points.empty())
    points = getInterpolationPoints(outputs + taps - 1);
  CookToom transform = buildCookToom(outputs, taps, points);
  llvm::outs() << "F(" << outputs << ", " << taps
               << "): " << transform.getSize() << " multiplications for "
               << outputs * taps << ", points";
  for (Rational point : transform.points)
    llvm::outs() << " " << point.toString();
  llvm::outs() << " and infinity\n";
  print("output transform", transform.outputTransform);
  print("filter transform", transform.filterTransform);
  print("input transform", transform.inputTransform);
  llvm::outs() << "correlation: "
               << (computesCorrelation(transform) ? "yes" : "no") << "\n";
  bool noticed = true;
  for (RationalMatrix *matrix :
       {&transform.outputTransform, &transform.filterTransform,
        &transform.inputTransform})
    for (int64_t i = 0; i < matrix->getRows(); ++i)
      for (int64_t k = 0; k < matrix->getColumns(); ++k) {
        Rational entry = matrix->at(i, k);
        matrix->at(i, k) = entry + Rational(1, 1024);
        noticed &= !computesCorrelation(transform);
        matrix->at(i, k) = entry;
      }
  llvm::outs() << "every change is noticed: " << (noticed ? "yes" : "no")
               << "\n";
  return 0;
}

static bool areEqual(const RationalMatrix &a, const RationalMatrix &b) {
  if (a.getRows() != b.getRows() || a.getColumns() != b.getColumns())
    return false;
  for (int64_t i = 0; i < a.getRows(); ++i)
    for (int64_t k = 0; k < a.getColumns(); ++k)
      if (a.at(i, k) != b.at(i, k))
        return false;
  return true;
}

static int testPrograms(llvm::ArrayRef<llvm::StringRef> words) {
  CookToom transform =
      buildCookToom(readNumber(words[0]), readNumber(words[1]));
  FactoredFilterTransform filter = factorFilterTransform(transform);
  for (int64_t i = 0; i < filter.matrix.getRows(); ++i)
    for (int64_t k = 0; k < filter.matrix.getColumns(); ++k)
      if (filter.matrix.at(i, k) !=
              filter.factor * transform.filterTransform.at(i, k) ||
          !filter.matrix.at(i, k).isFloat())
        llvm::outs() << "wrong factor\n";
  llvm::outs() << "filter's factor: " << filter.factor.toString() << "\n";
  for (auto [name, matrix] :
       {std::pair("input", &transform.inputTransform),
        std::pair("filter", &filter.matrix),
        std::pair("output", &transform.outputTransform)}) {
    LinearProgram program(*matrix);
    double largest = 0;
    for (const std::vector<double> &row : program.getErrorWeights()) {
      double sum = 0;
      for (double weight : row)
        sum += weight;
      largest = std::max(largest, sum / unitRoundoff);
    }
    int64_t entries = 0;
    for (int64_t i = 0; i < matrix->getRows(); ++i)
      for (int64_t k = 0; k < matrix->getColumns(); ++k)
        entries += !matrix->at(i, k).isZero();
    llvm::outs() << name << " transform: " << program.countOperations()
                 << " operations for " << entries << " entries, "
                 << (areEqual(program.getMatrix(), *matrix) ? "exact" : "wrong")
                 << llvm::format(", error at most %.1f units\n", largest);
  }
  return 0;
}

/// Numbers in [-1, 1], the same at every run.
static float nextNumber() {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<float>(static_cast<int64_t>(state >> 40) - (1 << 23)) /
         static_cast<float>(1 << 23);
}

/// y = M x in float32, term by term: another order than the kernels', within
/// the same bound of the standard model up to the number of terms.
template <typename T>
static std::vector<T> multiply(const RationalMatrix &matrix,
                               llvm::ArrayRef<T> x) {
  std::vector<T> y(matrix.getRows(), 0);
  for (int64_t i = 0; i < matrix.getRows(); ++i)
    for (int64_t k = 0; k < matrix.getColumns(); ++k)
      y[i] += static_cast<T>(matrix.at(i, k).toDouble()) * x[k];
  return y;
}

static int testBound(llvm::ArrayRef<llvm::StringRef> words) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<kernel::KernelDialect>();
  auto target =
      kernel::TargetAttr::get(&context, 8, 16, 1, 32768, 524288, 0, 0, 0, 0,
                              /*hides_memory=*/0, kernel::Precision::F32,
                              /*warpgroups=*/0);
  const Algorithm *algorithm = findAlgorithm("winograd");
  Convolution convolution;
  convolution.outChannels = readNumber(words[1]);
  convolution.inChannels = readNumber(words[2]);
  for (llvm::StringRef word : words.drop_front(3)) {
    convolution.kernel.push_back(readNumber(word));
    convolution.inputSizes.push_back(24);
    convolution.outputSizes.push_back(24 - convolution.kernel.back() + 1);
    convolution.strides.push_back(1);
    convolution.dilations.push_back(1);
    convolution.paddingLow.push_back(0);
  }
  std::vector<float> filter(convolution.outChannels * convolution.inChannels *
                            convolution.getTaps());
  for (float &weight : filter)
    weight = nextNumber();
  ConvolutionSchedule schedule =
      getSchedule({algorithm, words[0].str()}, convolution, target);
  double bound = algorithm->boundError(convolution, schedule, filter, 1.0);
  llvm::outs() << llvm::format("bound %.3g, of direct %.3g\n", bound,
                               boundSumError(convolution, schedule, filter, 1));
  double twice = algorithm->boundError(convolution, schedule, filter, 2.0);
  llvm::outs() << "proportional to the input: "
               << (std::fabs(twice / bound - 2) < 1e-12 ? "yes" : "no") << "\n";
  if (convolution.kernel.size() != 1)
    return 0;

  // One tile, evaluated in float32 and in double.
  int64_t taps = convolution.kernel[0];
  CookToom transform = buildCookToom(schedule.transform[0] - taps + 1, taps);
  double worst = 0;
  for (int run = 0; run < 200; ++run)
    for (int64_t f = 0; f < convolution.outChannels; ++f) {
      std::vector<float> products(transform.getSize());
      std::vector<double> exact(transform.outputs);
      for (int64_t c = 0; c < convolution.inChannels; ++c) {
        std::vector<float> input(transform.getSize());
        for (float &value : input)
          value = run % 2 ? nextNumber() : (nextNumber() < 0 ? -1.0f : 1.0f);
        llvm::ArrayRef<float> weights = llvm::ArrayRef(filter).slice(
            (f * convolution.inChannels + c) * taps, taps);
        std::vector<double> wide(weights.begin(), weights.end());
        std::vector<double> transformed =
            multiply<double>(transform.filterTransform, wide);
        std::vector<float> values =
            multiply<float>(transform.inputTransform, input);
        for (int64_t j = 0; j < transform.getSize(); ++j)
          products[j] += static_cast<float>(transformed[j]) * values[j];
        for (int64_t i = 0; i < transform.outputs; ++i)
          for (int64_t k = 0; k < taps; ++k)
            exact[i] += wide[k] * input[i + k];
      }
      std::vector<float> found =
          multiply<float>(transform.outputTransform, products);
      for (int64_t i = 0; i < transform.outputs; ++i)
        worst = std::max(worst, std::fabs(found[i] - exact[i]));
    }
  llvm::outs() << "errors are " << (worst <= bound ? "" : "not ")
               << "within the bound, and "
               << (worst >= bound / 1000 ? "more" : "less")
               << " than a thousandth of it\n";
  return 0;
}

int main(int argc, char **argv) {
  std::vector<llvm::StringRef> words(argv + 1, argv + argc);
  if (words.size() >= 3 && words[0] == "cook-toom")
    return testCookToom(llvm::ArrayRef(words).drop_front());
  if (words.size() == 3 && words[0] == "programs")
    return testPrograms(llvm::ArrayRef(words).drop_front());
  if (words.size() >= 5 && words[0] == "bound")
    return testBound(llvm::ArrayRef(words).drop_front());
  llvm::errs() << "error: see the head of this file for the arguments\n";
  return 1;
}
