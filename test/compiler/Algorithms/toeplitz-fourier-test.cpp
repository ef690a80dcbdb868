// Checks the parts of `fft` that the compiler computes itself, each against its
// definition. Prints what is wrong; the exit status is 1 if anything is.

#include "compiler/Algorithms/FourierConvolution.h"
#include "compiler/Algorithms/FourierIdentity.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <random>

using namespace toeplitz;
using Complex = std::complex<double>;
using Signal = std::vector<Complex>;

static int failures = 0;

static void expect(bool holds, const llvm::Twine &what) {
  if (holds)
    return;
  llvm::errs() << what << "\n";
  ++failures;
}

static const double pi = std::acos(-1.0);

static Signal transformByDefinition(const Signal &signal) {
  Signal result(signal.size());
  for (size_t k = 0; k < signal.size(); ++k)
    for (size_t n = 0; n < signal.size(); ++n)
      result[k] +=
          signal[n] * std::polar(1.0, -2 * pi * double(n * k % signal.size()) /
                                          double(signal.size()));
  return result;
}

static double norm(const Signal &signal) {
  double sum = 0;
  for (Complex value : signal)
    sum += std::norm(value);
  return std::sqrt(sum);
}

static Signal getRandomSignal(int64_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Signal signal(size);
  for (Complex &value : signal)
    value = {uniform(generator), uniform(generator)};
  return signal;
}

static double distance(Signal a, const Signal &b) {
  for (size_t i = 0; i < a.size(); ++i)
    a[i] -= b[i];
  return norm(a);
}

/// The stages of a plan with its table of twiddles, in float32.
static Signal runPlan(const FourierPlan &plan, const Signal &signal) {
  using Number = std::complex<float>;
  std::vector<Number> points(signal.begin(), signal.end());
  std::vector<float> table(plan.countTwiddles());
  plan.writeTwiddles(table);
  std::vector<int64_t> frequencies = {0};
  int64_t rest = plan.size, weight = 1;
  const float *next = table.data();
  for (int64_t radix : plan.radices) {
    int64_t points_ = rest;
    rest /= radix;
    for (int64_t block = 0; block < plan.size; block += points_)
      for (int64_t i = 0; i < rest; ++i) {
        std::vector<Number> x(radix);
        for (int64_t q = 0; q < radix; ++q) {
          for (int64_t t = 0; t < radix; ++t)
            x[q] += points[block + i + t * rest] *
                    Number(std::polar(1.0, -2 * pi * double(t * q % radix) /
                                               double(radix)));
          if (rest > 1 && q > 0) {
            const float *root = next + (i * (radix - 1) + q - 1) * 2;
            x[q] *= Number(root[0], root[1]);
          }
        }
        for (int64_t q = 0; q < radix; ++q)
          points[block + i + q * rest] = x[q];
      }
    if (rest > 1)
      next += rest * (radix - 1) * 2;
    std::vector<int64_t> extended;
    for (int64_t frequency : frequencies)
      for (int64_t q = 0; q < radix; ++q)
        extended.push_back(frequency + q * weight);
    frequencies = extended;
    weight *= radix;
  }
  Signal result(plan.size);
  for (int64_t i = 0; i < plan.size; ++i)
    result[frequencies[i]] = Complex(points[i]);
  return result;
}

static void checkTransforms() {
  for (int64_t size = 1; size <= 320; ++size) {
    bool smooth = true;
    for (int64_t factor = 7; factor <= size; ++factor)
      smooth &= size % factor != 0 || factor % 2 == 0 || factor % 3 == 0 ||
                factor % 5 == 0;
    std::string which = "size " + std::to_string(size);
    expect(isFourierSize(size) == smooth, which + ": is it 2^a 3^b 5^c?");
    expect(getNextFourierSize(size) >= size &&
               isFourierSize(getNextFourierSize(size)),
           which + ": the next size");
    if (!smooth)
      continue;
    Signal signal = getRandomSignal(size, size);
    Signal expected = transformByDefinition(signal);
    expect(distance(DoubleTransform(size)(signal), expected) <=
               1e-13 * norm(expected),
           which + ": the transform in double");
    for (int64_t registers : {16, 32}) {
      FourierPlan plan = planFourierTransform(size, registers);
      int64_t product = 1;
      for (int64_t radix : plan.radices)
        product *= radix;
      expect(product == size, which + ": the radices' product");
      double error = distance(runPlan(plan, signal), expected) / norm(expected);
      // (The signal is rounded to float32, too.)
      expect(error <= boundFourierError(size) + unitRoundoff,
             which + ": the transform in float32");
    }
  }
}

/// The packed spectra multiplied with the spectra of an impulse give the
/// filter, wherever the impulse is.
static void checkSpectra(int64_t input, int64_t output, int64_t kernel,
                         int64_t padding, int64_t size, bool rotated,
                         bool circular = false, int64_t dilation = 1) {
  mlir::MLIRContext context;
  context.loadDialect<kernel::KernelDialect>();
  auto target =
      kernel::TargetAttr::get(&context, /*lanes=*/4, /*registers=*/16,
                              /*fma=*/1, 32768, 524288, /*amx=*/0,
                              /*by_element=*/0, /*gpu=*/0,
                              /*cold_filters=*/0, /*hides_memory=*/0,
                              kernel::Precision::F32, /*warpgroups=*/0);
  Convolution convolution;
  convolution.inputSizes = {input};
  convolution.outputSizes = {output};
  convolution.kernel = {kernel};
  convolution.strides = {1};
  convolution.dilations = {dilation};
  convolution.paddingLow = {padding};
  ConvolutionSchedule schedule;
  schedule.transform = {size};
  if (circular) {
    int64_t high = output - 1 + (kernel - 1) * dilation - padding - input + 1;
    convolution.haloLow = {padding};
    convolution.haloHigh = {high};
    convolution.inputSizes = {padding + input + high};
    convolution.paddingLow = {0};
    schedule.circular = {true};
    expect(convolution.isCirculant(0), "a halo is circulant");
    expect(!checkFourierIdentity(convolution, schedule),
           "the identity of a wrapped filter");
  }
  FourierConvolution fourier(convolution, schedule, target);
  std::string which =
      "input " + std::to_string(input) + ", kernel " + std::to_string(kernel) +
      ", padding " + std::to_string(padding) + ", size " + std::to_string(size);
  expect(fourier.inner.isRotated() == rotated, which + ": rotated?");
  std::vector<float> filter(kernel), packed(fourier.getPackedFloats());
  for (int64_t k = 0; k < kernel; ++k)
    filter[k] = static_cast<float>(k * k - 3 * k + 1);
  packSpectra(fourier, 1, filter, packed);
  for (int64_t tile = 0; tile < fourier.inner.countTiles(); ++tile) {
    int64_t firstOutput = tile * fourier.inner.getOutputsPerTile();
    for (int64_t impulse = 0; impulse < input; ++impulse) {
      int64_t point = impulse - firstOutput - fourier.inner.getStart();
      Signal z(size), product(size);
      if (point >= 0 && point < size)
        z[point] = 1;
      Signal spectrum = transformByDefinition(z);
      for (int64_t k = 0; k < size; ++k) {
        int64_t half = std::min(k, size - k);
        const float *h = packed.data() + fourier.getSpectraStart() + half * 8;
        Complex value(h[0], h[4]);
        // Conjugate for the inverse transform by the forward one.
        product[k] =
            std::conj(spectrum[k] * (half == k ? value : std::conj(value)));
      }
      Signal result = transformByDefinition(product);
      for (int64_t j = 0;
           j < fourier.inner.getOutputsPerTile() && firstOutput + j < output;
           ++j) {
        double expected = 0;
        for (int64_t tap = 0; tap < kernel; ++tap) {
          int64_t position = firstOutput + j + tap * dilation - padding;
          if (circular)
            position = (position + 10 * input) % input;
          if (position == impulse)
            expected += filter[tap];
        }
        expect(std::abs(result[j].real() - expected) < 1e-4 * kernel * kernel,
               which + ": impulse " + std::to_string(impulse) + ", output " +
                   std::to_string(firstOutput + j));
      }
    }
  }
}

int main() {
  checkTransforms();
  // Several tiles; one tile whose paddings share their zeros; from inside of
  // the input.
  checkSpectra(20, 20, 5, 2, 9, false);
  checkSpectra(20, 20, 5, 2, 24, true);
  checkSpectra(10, 10, 5, 2, 12, true);
  checkSpectra(9, 9, 9, 4, 15, true);
  checkSpectra(12, 9, 3, -1, 12, false);
  // Circular: padding on both sides or on one, dilation, a kernel that is
  // longer than the period, fewer outputs than positions.
  checkSpectra(12, 12, 5, 2, 12, true, true);
  checkSpectra(10, 10, 4, 3, 10, true, true);
  checkSpectra(9, 9, 3, 0, 9, true, true, 4);
  checkSpectra(4, 4, 9, 4, 4, true, true);
  checkSpectra(15, 11, 6, 1, 15, true, true, 2);
  return failures ? 1 : 0;
}
