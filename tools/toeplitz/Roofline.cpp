// Layers under the roofs of the machine, as an SVG picture: each dot's place is
// operations a byte and operations a second, both logarithmic, and its area is
// its share of the time. Equal layers are one dot.
//
// Source: Williams, Waterman and Patterson, Roofline (CACM 52, 2009). A dot on
// the slope of the memory's roof waits for memory, one on the flat roof can't
// compute faster by its definition. Above the memory's slope data comes from a
// cache, above the flat roof an algorithm computes with fewer operations than
// are counted.

#include "compiler/Schedule/EscapeMarkup.h"
#include "tools/toeplitz/LayerTimes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include <cmath>
#include <map>

using namespace toeplitz;

namespace {

/// Layers that are one dot.
struct Dot {
  std::string name, kind, text;
  size_t count = 0;
  double seconds = 0, flops = 0, bytes = 0;

  double getIntensity() const { return flops / bytes; }
  double getGigaflops() const { return flops / seconds * 1e-9; }
};

/// A logarithmic scale of whole decades.
struct Scale {
  double low, high;     // exponents
  double first, length; // pixels

  Scale(double least, double most, double first, double length)
      : low(std::floor(std::log10(least))), high(std::ceil(std::log10(most))),
        first(first), length(length) {
    if (high <= low)
      high = low + 1;
  }
  double place(double value) const {
    return first + length * (std::log10(value) - low) / (high - low);
  }
};

class Picture {
public:
  Picture(const LayerTimes &layers, llvm::raw_ostream &stream);
  void write();

private:
  void collectDots();
  void writeAxes();
  void writeRoofs();
  void writeSlope(double bandwidth, llvm::StringRef name);
  void writeDots();
  void writeLegend();
  llvm::StringRef getColor(llvm::StringRef kind) const;
  void writeText(double x, double y, llvm::StringRef anchor,
                 const llvm::Twine &text);

  const LayerTimes &layers;
  llvm::raw_ostream &stream;
  std::vector<Dot> dots;
  std::vector<std::string> kinds;
  double otherSeconds = 0;
  Scale x{1, 10, 0, 1}, y{1, 10, 0, 1};
};

} // namespace

/// The plot, in pixels; the legend is at its right.
static constexpr double left = 64, right = 664, top = 44, bottom = 564;
static constexpr double width = 1240, height = 612;
/// What is listed by name; the rest takes little time.
static constexpr size_t listed = 30;
static constexpr size_t longestText = 84, longestName = 30;

static std::string format(const char *format, double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(format, value);
  return text;
}

Picture::Picture(const LayerTimes &layers, llvm::raw_ostream &stream)
    : layers(layers), stream(stream) {
  collectDots();
  const MachinePeak &peak = layers.peak;
  double leastIntensity = 1, mostIntensity = 100;
  double leastRate = peak.gigaflops / 10, mostRate = peak.gigaflops * 1.2;
  for (const Dot &dot : dots) {
    leastIntensity = std::min(leastIntensity, dot.getIntensity());
    mostIntensity = std::max(mostIntensity, dot.getIntensity());
    leastRate = std::min(leastRate, dot.getGigaflops());
    mostRate = std::max(mostRate, dot.getGigaflops());
  }
  x = Scale(leastIntensity, mostIntensity, left, right - left);
  y = Scale(leastRate, mostRate, bottom, top - bottom);
}

void Picture::collectDots() {
  std::map<std::string, Dot> groups;
  for (auto [index, kernel] : llvm::enumerate(layers.kernels)) {
    const KernelWork &work = kernel.work;
    double seconds = layers.getSeconds(index);
    double bytes = layers.getMegabytes(index) * 1e6;
    if (work.flops == 0 || seconds == 0 || bytes == 0) {
      otherSeconds += seconds;
      continue;
    }
    Dot &dot =
        groups[work.operation + work.algorithm + ", " + work.description];
    if (dot.count++ == 0) {
      dot.name = kernel.layer.empty() ? work.operation : kernel.layer;
      // Without the sizes: "winograd", "max pool".
      dot.kind = work.algorithm.empty() ? work.operation : work.algorithm;
      dot.kind = dot.kind.substr(0, dot.kind.find_first_of("0123456789"));
      dot.text = work.operation +
                 (work.algorithm.empty() ? "" : " by " + work.algorithm) +
                 ", " + work.description;
    }
    dot.seconds += seconds;
    dot.flops += double(work.flops);
    dot.bytes += bytes;
  }
  for (auto &[key, dot] : groups) {
    if (!llvm::is_contained(kinds, dot.kind))
      kinds.push_back(dot.kind);
    dots.push_back(std::move(dot));
  }
  llvm::sort(dots, [](const Dot &left, const Dot &right) {
    return std::pair(-left.seconds, left.name) <
           std::pair(-right.seconds, right.name);
  });
}

llvm::StringRef Picture::getColor(llvm::StringRef kind) const {
  static constexpr llvm::StringLiteral colors[] = {
      "#4a7db5", "#d97a2b", "#4f9a58", "#b5494e", "#8467b0", "#8a6a52",
      "#c870a8", "#6f7780", "#a8a032", "#3aa3a8", "#1f4e79", "#8c3f0c"};
  return colors[(llvm::find(kinds, kind) - kinds.begin()) % std::size(colors)];
}

void Picture::writeText(double x, double y, llvm::StringRef anchor,
                        const llvm::Twine &text) {
  stream << "<text x=\"" << format("%.1f", x) << "\" y=\"" << format("%.1f", y)
         << "\" text-anchor=\"" << anchor << "\">" << escapeMarkup(text.str())
         << "</text>\n";
}

void Picture::writeAxes() {
  stream << "<g stroke=\"#ddd\">\n";
  auto writeLine = [&](double x1, double y1, double x2, double y2) {
    stream << "<line x1=\"" << format("%.1f", x1) << "\" y1=\""
           << format("%.1f", y1) << "\" x2=\"" << format("%.1f", x2)
           << "\" y2=\"" << format("%.1f", y2) << "\"/>\n";
  };
  for (double decade = x.low; decade <= x.high; ++decade)
    writeLine(x.place(std::pow(10, decade)), top, x.place(std::pow(10, decade)),
              bottom);
  for (double decade = y.low; decade <= y.high; ++decade)
    writeLine(left, y.place(std::pow(10, decade)), right,
              y.place(std::pow(10, decade)));
  stream << "</g>\n";
  for (double decade = x.low; decade <= x.high; ++decade)
    writeText(x.place(std::pow(10, decade)), bottom + 18, "middle",
              format("%g", std::pow(10, decade)));
  for (double decade = y.low; decade <= y.high; ++decade)
    writeText(left - 8, y.place(std::pow(10, decade)) + 4, "end",
              format("%g", std::pow(10, decade)));
  writeText((left + right) / 2, bottom + 38, "middle", "operations per byte");
  stream << "<text transform=\"translate(18 "
         << format("%.0f", (top + bottom) / 2)
         << ") rotate(-90)\" text-anchor=\"middle\">GFLOP/s</text>\n";
}

/// Operations a byte times bytes a second, as far as it is below the flat roof
/// and inside of the plot.
void Picture::writeSlope(double bandwidth, llvm::StringRef name) {
  double from = std::max(std::pow(10, x.low), std::pow(10, y.low) / bandwidth);
  double to = std::min(std::pow(10, x.high), layers.peak.gigaflops / bandwidth);
  if (from >= to)
    return;
  stream << "<line x1=\"" << format("%.1f", x.place(from)) << "\" y1=\""
         << format("%.1f", y.place(from * bandwidth)) << "\" x2=\""
         << format("%.1f", x.place(to)) << "\" y2=\""
         << format("%.1f", y.place(to * bandwidth)) << "\"/>\n";
  // Along the line.
  double at = from * std::pow(to / from, 0.12);
  double slope = std::atan2(y.place(to * bandwidth) - y.place(from * bandwidth),
                            x.place(to) - x.place(from));
  stream << "<text transform=\"translate(" << format("%.1f", x.place(at)) << " "
         << format("%.1f", y.place(at * bandwidth) - 6) << ") rotate("
         << format("%.1f", slope * 180 / std::acos(-1.0))
         << ")\" stroke=\"none\">" << name << ", " << format("%.1f", bandwidth)
         << " GB/s</text>\n";
}

void Picture::writeRoofs() {
  const MachinePeak &peak = layers.peak;
  stream << "<g stroke=\"#333\" stroke-width=\"1.5\">\n";
  writeSlope(peak.memoryBandwidth, "memory");
  writeSlope(peak.cacheBandwidth, "second-level cache");
  double begin = std::max(
      std::pow(10, x.low),
      peak.gigaflops / std::max(peak.cacheBandwidth, peak.memoryBandwidth));
  double flat = y.place(peak.gigaflops);
  stream << "<line x1=\"" << format("%.1f", x.place(begin)) << "\" y1=\""
         << format("%.1f", flat) << "\" x2=\"" << format("%.1f", right)
         << "\" y2=\"" << format("%.1f", flat) << "\"/>\n</g>\n";
  writeText(x.place(begin) + 8, flat - 6, "start",
            "multiply-adds in registers, " + format("%.1f", peak.gigaflops) +
                " GFLOP/s");
}

void Picture::writeDots() {
  double sum = layers.getSum();
  std::string numbers;
  for (auto [place, dot] : llvm::enumerate(dots)) {
    double share = sum > 0 ? dot.seconds / sum : 0;
    bool isListed = place < listed;
    double radius =
        isListed ? std::clamp(45 * std::sqrt(share), 7.0, 28.0) : 3.0;
    std::string cx = format("%.1f", x.place(dot.getIntensity()));
    double cy = y.place(dot.getGigaflops());
    stream << "<circle cx=\"" << cx << "\" cy=\"" << format("%.1f", cy)
           << "\" r=\"" << format("%.1f", radius) << "\" fill=\""
           << getColor(dot.kind)
           << "\" fill-opacity=\"0.75\" stroke=\"#fff\"><title>"
           << escapeMarkup(dot.name) << ": " << escapeMarkup(dot.text) << "; "
           << format("%.1f", dot.getGigaflops()) << " GFLOP/s, "
           << format("%.1f", share * 100) << " %</title></circle>\n";
    if (isListed)
      numbers += "<text class=\"number\" x=\"" + cx + "\" y=\"" +
                 format("%.1f", cy + 3.5) + "\">" + std::to_string(place + 1) +
                 "</text>\n";
  }
  // Above all dots.
  stream << numbers;
}

void Picture::writeLegend() {
  double sum = layers.getSum(), line = top;
  constexpr double begin = right + 28, step = 17;
  for (auto [place, dot] : llvm::enumerate(dots)) {
    if (place == listed)
      break;
    stream << "<circle cx=\"" << format("%.0f", begin) << "\" cy=\""
           << format("%.1f", line) << "\" r=\"7\" fill=\"" << getColor(dot.kind)
           << "\"/>\n<text class=\"number\" x=\"" << format("%.0f", begin)
           << "\" y=\"" << format("%.1f", line + 3.5) << "\">" << place + 1
           << "</text>\n";
    std::string name = dot.name;
    if (name.size() > longestName)
      name = "..." + name.substr(name.size() - longestName + 3);
    std::string text = name +
                       (dot.count > 1 ? " x" + std::to_string(dot.count) : "") +
                       ": " + dot.text;
    if (text.size() > longestText)
      text = text.substr(0, longestText - 3) + "...";
    writeText(begin + 50, line + 4, "end",
              format("%.1f", sum > 0 ? 100 * dot.seconds / sum : 0) + " %");
    writeText(begin + 58, line + 4, "start", text);
    line += step;
  }
  double rest = otherSeconds;
  for (size_t place = listed; place < dots.size(); ++place)
    rest += dots[place].seconds;
  writeText(begin + 50, line + 4, "end",
            format("%.1f", sum > 0 ? 100 * rest / sum : 0) + " %");
  writeText(begin + 58, line + 4, "start",
            "what computes nothing, and layers that take less");
}

void Picture::write() {
  stream << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "
         << format("%.0f", width) << " " << format("%.0f", height)
         << "\" font-family=\"system-ui, sans-serif\" font-size=\"11\" "
            "fill=\"#222\">\n"
         << "<style>.number { text-anchor: middle; font-size: 9px; "
            "fill: #fff; }</style>\n"
         << "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  writeText(left, 22, "start",
            layers.network + " on " + layers.processor + ", " +
                llvm::Twine(layers.threads) +
                (layers.threads == 1 ? " thread" : " threads") + ": " +
                format("%.3f", double(layers.times.shortestRun) * 1e-6) +
                " ms; areas are shares of the time");
  writeAxes();
  writeRoofs();
  writeDots();
  writeLegend();
  stream << "</svg>\n";
}

void toeplitz::writeRoofline(const LayerTimes &layers,
                             llvm::raw_ostream &stream) {
  Picture(layers, stream).write();
}
