// How the time of each layer changes with the number of threads: `toeplitz
// bench --layers --threads 1,2`.

#include "tools/toeplitz/LayerTimes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include <map>

using namespace toeplitz;

namespace {
/// Nanoseconds by each number of threads.
using Row = std::vector<int64_t>;
} // namespace

static double getSpeedup(const Row &row, size_t place) {
  // (Not even the clock's resolution is less.)
  return double(std::max<int64_t>(row.front(), 1)) /
         double(std::max<int64_t>(row[place], 1));
}

static Row getRow(const LayerScaling &scaling, size_t kernel) {
  Row row;
  for (const ThreadTimes &entry : scaling.times)
    row.push_back(entry.times.shortest[kernel]);
  return row;
}

static void writeRow(const Row &row, const llvm::Twine &text,
                     llvm::raw_ostream &stream) {
  for (int64_t time : row)
    stream << llvm::format("%10.1f", double(time) * 1e-3);
  for (size_t place = 1; place < row.size(); ++place)
    stream << llvm::format("%8.2f", getSpeedup(row, place));
  stream << "  " << text << "\n";
}

void toeplitz::writeLayerScalingText(const LayerScaling &scaling,
                                     llvm::raw_ostream &stream) {
  stream << scaling.network << " on " << scaling.processor << "\n\n";
  std::string header;
  llvm::raw_string_ostream head(header);
  for (const ThreadTimes &entry : scaling.times)
    head << llvm::right_justify(std::to_string(entry.threads) + ", us", 10);
  for (const ThreadTimes &entry : llvm::drop_begin(scaling.times))
    head << llvm::right_justify("x " + std::to_string(entry.threads), 8);
  stream << header << "  layer\n";
  std::map<std::string, Row> kinds;
  for (size_t kernel = 0; kernel < scaling.kernels.size(); ++kernel) {
    const TimedKernel &known = scaling.kernels[kernel];
    Row row = getRow(scaling, kernel);
    writeRow(row, known.describe(), stream);
    Row &sum = kinds[known.getKind()];
    sum.resize(row.size());
    for (auto [total, time] : llvm::zip(sum, row))
      total += time;
  }
  std::vector<std::pair<std::string, Row>> sorted(kinds.begin(), kinds.end());
  llvm::sort(sorted, [](const auto &left, const auto &right) {
    return std::pair(-left.second.front(), left.first) <
           std::pair(-right.second.front(), right.first);
  });
  stream << "\n" << header << "  kernels\n";
  for (const auto &[kind, row] : sorted)
    writeRow(row, kind, stream);
  Row run;
  for (const ThreadTimes &entry : scaling.times)
    run.push_back(entry.times.shortestRun);
  stream << "\n" << header << "\n";
  writeRow(run, "the shortest run", stream);
}

void toeplitz::writeLayerScalingJson(const LayerScaling &scaling,
                                     llvm::raw_ostream &stream) {
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("network", scaling.network);
    json.attribute("processor", scaling.processor);
    json.attributeArray("threads", [&] {
      for (const ThreadTimes &entry : scaling.times)
        json.object([&] {
          json.attribute("threads", entry.threads);
          json.attribute("runs", entry.times.runs);
          json.attribute("minimum_ms", double(entry.times.shortestRun) * 1e-6);
        });
    });
    json.attributeArray("layers", [&] {
      for (size_t kernel = 0; kernel < scaling.kernels.size(); ++kernel)
        json.object([&] {
          const TimedKernel &known = scaling.kernels[kernel];
          known.writeJson(json);
          json.attributeArray("microseconds", [&] {
            for (int64_t time : getRow(scaling, kernel))
              json.value(double(time) * 1e-3);
          });
        });
    });
  });
  stream << "\n";
}
