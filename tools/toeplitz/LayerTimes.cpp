#include "tools/toeplitz/LayerTimes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include <map>

using namespace toeplitz;

double LayerTimes::getSeconds(size_t kernel) const {
  return double(times.shortest[kernel]) * 1e-9;
}

double LayerTimes::getGigaflops(size_t kernel) const {
  double seconds = getSeconds(kernel);
  return seconds > 0 ? double(kernels[kernel].work.flops) * 1e-9 / seconds : 0;
}

double LayerTimes::getMegabytes(size_t kernel) const {
  const KernelWork &work = kernels[kernel].work;
  return double(work.readBytes + work.weightBytes + work.writtenBytes) * 1e-6;
}

double LayerTimes::getBandwidth(size_t kernel) const {
  double seconds = getSeconds(kernel);
  return seconds > 0 ? getMegabytes(kernel) * 1e-3 / seconds : 0;
}

double LayerTimes::getSum() const {
  double sum = 0;
  for (size_t kernel = 0; kernel < kernels.size(); ++kernel)
    sum += getSeconds(kernel);
  return sum;
}

/// Of the shortest run: its length, and the part of it in which no kernel ran.
static double getRunSeconds(const LayerTimes &layers) {
  return double(layers.times.shortestRun) * 1e-9;
}
static double getOutsideSeconds(const LayerTimes &layers) {
  return double(layers.times.shortestRun - layers.times.kernelsOfShortestRun) *
         1e-9;
}

static double getPercentage(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
}

// --- text

namespace {
/// All kernels of one kind.
struct Group {
  size_t count = 0;
  double seconds = 0, gigaflop = 0;
};
} // namespace

/// A column of a fixed width; a dash where there is nothing to say.
static void writeNumber(llvm::raw_ostream &stream, double value, unsigned width,
                        const char *format, bool isThere) {
  std::string text;
  llvm::raw_string_ostream cell(text);
  if (isThere)
    cell << llvm::format(format, value);
  else
    cell << "-";
  stream << llvm::right_justify(text, width);
}

static void writeKernel(const LayerTimes &layers, size_t kernel,
                        llvm::raw_ostream &stream) {
  const TimedKernel &row = layers.kernels[kernel];
  double seconds = layers.getSeconds(kernel);
  bool computes = row.work.flops > 0;
  double gigaflops = layers.getGigaflops(kernel);
  writeNumber(stream, seconds * 1e6, 10, "%.1f", true);
  writeNumber(stream, getPercentage(seconds, layers.getSum()), 7, "%.1f", true);
  writeNumber(stream, gigaflops, 9, "%.1f", computes);
  writeNumber(stream, getPercentage(gigaflops, layers.peak.gigaflops), 8,
              "%.0f", computes);
  writeNumber(stream, layers.getMegabytes(kernel), 9, "%.3f", true);
  writeNumber(stream, layers.getBandwidth(kernel), 7, "%.1f", true);
  stream << "  " << row.describe() << "\n";
}

static void writeGroups(const LayerTimes &layers, llvm::raw_ostream &stream) {
  std::map<std::string, Group> groups;
  for (auto [index, kernel] : llvm::enumerate(layers.kernels)) {
    Group &group = groups[kernel.getKind()];
    ++group.count;
    group.seconds += layers.getSeconds(index);
    group.gigaflop += double(kernel.work.flops) * 1e-9;
  }
  std::vector<std::pair<std::string, Group>> sorted(groups.begin(),
                                                    groups.end());
  llvm::sort(sorted, [](const auto &left, const auto &right) {
    return std::pair(-left.second.seconds, left.first) <
           std::pair(-right.second.seconds, right.first);
  });
  stream << "   time us      %  GFLOP/s  % peak  kernels\n";
  for (const auto &[kind, group] : sorted) {
    double rate = group.seconds > 0 ? group.gigaflop / group.seconds : 0;
    writeNumber(stream, group.seconds * 1e6, 10, "%.1f", true);
    writeNumber(stream, getPercentage(group.seconds, layers.getSum()), 7,
                "%.1f", true);
    writeNumber(stream, rate, 9, "%.1f", group.gigaflop > 0);
    writeNumber(stream, getPercentage(rate, layers.peak.gigaflops), 8, "%.0f",
                group.gigaflop > 0);
    stream << "  " << kind << ": " << group.count << "\n";
  }
}

void toeplitz::writeLayerTimesText(const LayerTimes &layers,
                                   llvm::raw_ostream &stream) {
  double sum = layers.getSum(), run = getRunSeconds(layers);
  double outside = getOutsideSeconds(layers);
  stream << layers.network << " on " << layers.processor << ", "
         << layers.threads << " thread" << (layers.threads == 1 ? "" : "s")
         << ", " << layers.times.runs << " runs; measured peak "
         << llvm::format("%.1f", layers.peak.gigaflops) << " GFLOP/s, memory "
         << llvm::format("%.1f", layers.peak.memoryBandwidth)
         << " GB/s, second-level cache "
         << llvm::format("%.1f", layers.peak.cacheBandwidth) << " GB/s\n\n"
         << "   time us      %  GFLOP/s  % peak       MB   GB/s  layer\n";
  for (size_t kernel = 0; kernel < layers.kernels.size(); ++kernel)
    writeKernel(layers, kernel, stream);
  stream << "\n";
  writeGroups(layers, stream);
  stream << "\nsum of the layers' shortest times "
         << llvm::format("%.4f", sum * 1e3) << " ms, shortest run "
         << llvm::format("%.4f", run * 1e3) << " ms, of which "
         << llvm::format("%.4f", outside * 1e3) << " ms outside of layers ("
         << llvm::format("%.1f", getPercentage(outside, run)) << " %)\n";
}

// --- JSON

void toeplitz::writeLayerTimesJson(const LayerTimes &layers,
                                   llvm::raw_ostream &stream) {
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("network", layers.network);
    json.attribute("processor", layers.processor);
    json.attribute("threads", layers.threads);
    json.attribute("runs", layers.times.runs);
    json.attribute("peak_gflops", layers.peak.gigaflops);
    json.attribute("memory_gbps", layers.peak.memoryBandwidth);
    json.attribute("cache_gbps", layers.peak.cacheBandwidth);
    json.attribute("minimum_ms", getRunSeconds(layers) * 1e3);
    json.attribute("layers_ms", layers.getSum() * 1e3);
    json.attribute("outside_ms", getOutsideSeconds(layers) * 1e3);
    json.attributeArray("layers", [&] {
      for (auto [index, kernel] : llvm::enumerate(layers.kernels))
        json.object([&, index = index, &kernel = kernel] {
          const KernelWork &work = kernel.work;
          double gigaflops = layers.getGigaflops(index);
          kernel.writeJson(json);
          json.attribute("microseconds", layers.getSeconds(index) * 1e6);
          json.attribute("flops", work.flops);
          json.attribute("gflops", gigaflops);
          json.attribute("percent_of_peak",
                         getPercentage(gigaflops, layers.peak.gigaflops));
          json.attribute("read_bytes", work.readBytes);
          json.attribute("weight_bytes", work.weightBytes);
          json.attribute("written_bytes", work.writtenBytes);
          json.attribute("gbps", layers.getBandwidth(index));
        });
    });
  });
  stream << "\n";
}
