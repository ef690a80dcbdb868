// The matrix of a convolution as text and as a picture.

#include "compiler/Analysis/ToeplitzMatrix.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

using namespace toeplitz;

namespace {

/// One view as a grid of named cells.
struct Grid {
  struct Cell {
    std::string name;
    /// What decides about its colour: a tap, or an input position; -1 for zero.
    int64_t colour = -1;
    /// What it is in full.
    std::string title;
  };

  int64_t rows = 0, columns = 0;
  /// Rows and columns of a channel, and of the innermost spatial dimension.
  int64_t rowBlock = 1, columnBlock = 1, rowLine = 1, columnLine = 1;
  int64_t colours = 1;
  std::vector<Cell> cells;

  Cell &at(int64_t row, int64_t column) {
    return cells[row * columns + column];
  }
  const Cell &at(int64_t row, int64_t column) const {
    return cells[row * columns + column];
  }
};

std::string formatValue(const ConvolutionMatrix &matrix, int64_t weight) {
  if (matrix.weights.empty())
    return "";
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format(" = %.4g", double(matrix.weights[weight]));
  return text;
}

Grid makeFilterGrid(const ConvolutionMatrix &matrix) {
  Grid grid;
  int64_t outputs = matrix.getOutputPositions();
  int64_t inputs = matrix.getInputPositions();
  grid.rows = matrix.getRows();
  grid.columns = matrix.getColumns();
  grid.rowBlock = outputs;
  grid.columnBlock = inputs;
  grid.rowLine = matrix.outputSizes.empty() ? 1 : matrix.outputSizes.back();
  grid.columnLine = matrix.inputSizes.empty() ? 1 : matrix.inputSizes.back();
  grid.colours = matrix.getTaps();
  grid.cells.resize(grid.rows * grid.columns);
  for (int64_t f = 0; f < matrix.outChannels; ++f)
    for (int64_t c = 0; c < matrix.inChannels; ++c)
      for (int64_t o = 0; o < outputs; ++o)
        for (int64_t k = 0; k < matrix.getTaps(); ++k) {
          int64_t i = matrix.getSource(o, k);
          std::optional<int64_t> weight = matrix.getWeight(f, c, k);
          if (i < 0 || !weight)
            continue;
          Grid::Cell &cell = grid.at(f * outputs + o, c * inputs + i);
          std::string plus = cell.name.empty() ? "" : "+";
          std::string name = getTapName(matrix, *weight);
          cell.name += plus + name;
          cell.title += plus + name + formatValue(matrix, *weight);
          if (cell.colour < 0)
            cell.colour = k;
        }
  return grid;
}

Grid makeDataGrid(const ConvolutionMatrix &matrix) {
  Grid grid;
  grid.rows = matrix.inChannels * matrix.getTaps();
  grid.columns = matrix.getOutputPositions();
  grid.rowBlock = matrix.getTaps();
  grid.columnBlock = grid.columns;
  grid.rowLine = matrix.kernel.empty() ? 1 : matrix.kernel.back();
  grid.columnLine = matrix.outputSizes.empty() ? 1 : matrix.outputSizes.back();
  grid.colours = matrix.getInputPositions();
  grid.cells.resize(grid.rows * grid.columns);
  for (int64_t c = 0; c < matrix.inChannels; ++c)
    for (int64_t k = 0; k < matrix.getTaps(); ++k)
      for (int64_t o = 0; o < grid.columns; ++o) {
        int64_t i = matrix.getSource(o, k);
        if (i < 0)
          continue;
        std::string name = std::to_string(c * matrix.getInputPositions() + i);
        grid.at(c * matrix.getTaps() + k, o) = {name, i, "x" + name};
      }
  return grid;
}

Grid makeGrid(const ConvolutionMatrix &matrix, MatrixView view) {
  return view == MatrixView::Filter ? makeFilterGrid(matrix)
                                    : makeDataGrid(matrix);
}

/// Whether something ends before row or column `index`.
bool endsBefore(int64_t index, int64_t size) {
  return index > 0 && index % size == 0;
}

std::string describeView(const ConvolutionMatrix &matrix, MatrixView view) {
  if (view == MatrixView::Filter)
    return llvm::formatv("y = T x: T is {0} x {1}, {2}", matrix.getRows(),
                         matrix.getColumns(), describeStructure(matrix));
  return llvm::formatv(
      "Y = W X~: X~ is {0} x {1}, a row for each channel and "
      "tap, a column for each output position{2}",
      matrix.inChannels * matrix.getTaps(), matrix.getOutputPositions(),
      isDataToeplitz(matrix) ? "; Toeplitz when its rows are reversed" : "");
}

/// Distinct for as many taps as a picture can tell apart: the hues go around
/// by the golden angle.
std::string getTapColour(int64_t tap) {
  static const char *const first[] = {"#4477aa", "#ee6677", "#228833",
                                      "#ccbb44", "#66ccee", "#aa3377",
                                      "#ee7733", "#009988", "#bbbbbb"};
  if (tap < int64_t(std::size(first)))
    return first[tap];
  return llvm::formatv("hsl({0}, 60%, {1}%)", (tap * 137) % 360,
                       45 + tap * 7 % 25);
}

/// From dark blue at the first position to yellow at the last.
std::string getPositionColour(int64_t position, int64_t positions) {
  int64_t place = positions > 1 ? position * 100 / (positions - 1) : 0;
  return llvm::formatv("hsl({0}, {1}%, {2}%)", 260 - place * 205 / 100,
                       45 + place * 35 / 100, 38 + place * 24 / 100);
}

/// Whether black is easier to read on that colour than white.
bool isLight(int64_t colour, const Grid &grid, MatrixView view) {
  if (view == MatrixView::Data)
    return 2 * colour > grid.colours;
  return colour == 3 || colour == 4 || colour == 8;
}

std::string escape(llvm::StringRef text) {
  std::string escaped;
  llvm::raw_string_ostream stream(escaped);
  llvm::printHTMLEscaped(text, stream);
  return escaped;
}

// ---- The picture ----

constexpr int64_t margin = 16, lineHeight = 20;

/// Where cells lie: channels are apart, lines of an image a little.
struct Layout {
  explicit Layout(const Grid &grid)
      : cell(std::clamp<int64_t>(640 / std::max(grid.columns, grid.rows), 2,
                                 26)) {}

  static int64_t count(int64_t index, int64_t size) { return index / size; }
  int64_t getPlace(int64_t index, int64_t block, int64_t line) const {
    int64_t place = index * cell + count(index, block) * blockGap;
    // (A matrix of one line has none between lines.)
    return line < block ? place + count(index, line) * lineGap : place;
  }

  int64_t cell, blockGap = 8, lineGap = 2;
};

class Picture {
public:
  int64_t width = 2 * margin, height = margin;
  std::string body;

  void addText(llvm::StringRef text, llvm::StringRef style = "") {
    height += lineHeight;
    body += llvm::formatv("<text x=\"{0}\" y=\"{1}\"{2}>{3}</text>\n", margin,
                          height - 6, style, escape(text));
    // An average letter's width.
    width = std::max<int64_t>(width, 2 * margin + text.size() * 37 / 5);
  }

  void addGrid(const Grid &grid, MatrixView view) {
    Layout layout(grid);
    int64_t gridWidth =
        layout.getPlace(grid.columns - 1, grid.columnBlock, grid.columnLine) +
        layout.cell;
    int64_t gridHeight =
        layout.getPlace(grid.rows - 1, grid.rowBlock, grid.rowLine) +
        layout.cell;
    int64_t top = height + 6;
    for (int64_t row = 0; row < grid.rows; ++row)
      for (int64_t column = 0; column < grid.columns; ++column)
        addCell(grid.at(row, column),
                margin +
                    layout.getPlace(column, grid.columnBlock, grid.columnLine),
                top + layout.getPlace(row, grid.rowBlock, grid.rowLine),
                layout.cell, grid, view);
    width = std::max(width, gridWidth + 2 * margin);
    height = top + gridHeight + margin;
  }

  void addLegend(const ConvolutionMatrix &matrix) {
    int64_t x = margin;
    height += 6;
    for (int64_t k = 0; k < matrix.getTaps(); ++k) {
      std::string text;
      if (matrix.inChannels * matrix.outChannels == 1)
        text = getTapName(matrix, k) + formatValue(matrix, k);
      else
        text = "tap " + std::to_string(k);
      int64_t entryWidth = 24 + text.size() * 8 + 10;
      if (x > margin && x + entryWidth > std::max<int64_t>(width, 480)) {
        x = margin;
        height += 24;
      }
      body += llvm::formatv(
          "<rect x=\"{0}\" y=\"{1}\" width=\"16\" height=\"16\" rx=\"3\" "
          "fill=\"{2}\"/><text x=\"{3}\" y=\"{4}\">{5}</text>\n",
          x, height, getTapColour(k), x + 22, height + 13, escape(text));
      x += entryWidth;
      widest = std::max(widest, x);
    }
    width = std::max(width, widest + margin);
    height += 24 + margin / 2;
  }

private:
  void addCell(const Grid::Cell &cell, int64_t x, int64_t y, int64_t size,
               const Grid &grid, MatrixView view) {
    int64_t drawn = size > 5 ? size - 1 : size;
    std::string fill = "#f0f0ee";
    if (cell.colour >= 0)
      fill = view == MatrixView::Filter
                 ? getTapColour(cell.colour)
                 : getPositionColour(cell.colour, grid.colours);
    else if (size <= 5)
      return; // too small to tell zeros apart
    body += llvm::formatv("<rect x=\"{0}\" y=\"{1}\" width=\"{2}\" "
                          "height=\"{2}\"{3} fill=\"{4}\"",
                          x, y, drawn, size >= 12 ? " rx=\"2\"" : "", fill);
    if (cell.colour < 0) {
      body += "/>\n";
      return;
    }
    body += llvm::formatv("><title>{0}</title></rect>\n", escape(cell.title));
    int64_t letter = std::min<int64_t>(14, size - 6);
    if (int64_t(cell.name.size()) * letter * 3 / 5 <= size - 2 && letter >= 7)
      body += llvm::formatv("<text class=\"cell{4}\" x=\"{0}\" y=\"{1}\" "
                            "font-size=\"{2}\">{3}</text>\n",
                            x + drawn / 2, y + drawn / 2 + letter / 3 + 1,
                            letter, escape(cell.name),
                            isLight(cell.colour, grid, view) ? " dark" : "");
  }

  int64_t widest = 0;
};

} // namespace

std::string toeplitz::getTapName(const ConvolutionMatrix &matrix,
                                 int64_t weight) {
  int64_t count = matrix.outChannels * (matrix.inChannels / matrix.groups) *
                  matrix.getTaps();
  if (count <= 26)
    return std::string(1, char('a' + weight));
  return "w" + std::to_string(weight);
}

void toeplitz::printTaps(const ConvolutionMatrix &matrix,
                         llvm::raw_ostream &stream) {
  int64_t inGroup = matrix.inChannels / matrix.groups;
  int64_t taps = matrix.getTaps();
  stream << "taps w[f, c, k]:\n";
  for (int64_t weight = 0; weight < matrix.outChannels * inGroup * taps;
       ++weight)
    stream << "  " << getTapName(matrix, weight) << " = w["
           << weight / taps / inGroup << ", " << weight / taps % inGroup << ", "
           << weight % taps << "]" << formatValue(matrix, weight) << "\n";
}

void toeplitz::printMatrix(const ConvolutionMatrix &matrix, MatrixView view,
                           llvm::raw_ostream &stream) {
  Grid grid = makeGrid(matrix, view);
  size_t width = 1;
  for (const Grid::Cell &cell : grid.cells)
    width = std::max(width, cell.name.size());
  stream << describeView(matrix, view) << "\n";
  for (int64_t row = 0; row < grid.rows; ++row) {
    std::string line = "  ", rule = "  ";
    for (int64_t column = 0; column < grid.columns; ++column) {
      if (endsBefore(column, grid.columnBlock)) {
        line += " |";
        rule += "-+";
      }
      const Grid::Cell &cell = grid.at(row, column);
      std::string name = cell.colour < 0 ? "." : cell.name;
      line +=
          (column ? " " : "") + std::string(width - name.size(), ' ') + name;
      rule += std::string(width + (column ? 1 : 0), '-');
    }
    if (endsBefore(row, grid.rowBlock))
      stream << rule << "\n";
    stream << line << "\n";
  }
}

void toeplitz::drawMatrices(const ConvolutionMatrix &matrix,
                            llvm::ArrayRef<MatrixView> views,
                            llvm::raw_ostream &stream) {
  Picture picture;
  for (MatrixView view : views) {
    bool isFilter = view == MatrixView::Filter;
    llvm::StringRef bold = " font-weight=\"bold\"";
    picture.addText(isFilter ? "y = T x: the filter as a matrix"
                             : "Y = W X~: the data as a matrix",
                    bold);
    if (isFilter) {
      picture.addText(
          llvm::formatv("T is {0} x {1}", matrix.getRows(), matrix.getColumns())
              .str());
      llvm::SmallVector<llvm::StringRef> parts;
      std::string structure = describeStructure(matrix);
      llvm::StringRef(structure).split(parts, "; ");
      for (llvm::StringRef part : parts)
        picture.addText(part);
    } else {
      picture.addText(llvm::formatv("X~ is {0} x {1}: a row for each tap, a "
                                    "column for each output",
                                    matrix.inChannels * matrix.getTaps(),
                                    matrix.getOutputPositions())
                          .str());
      if (isDataToeplitz(matrix))
        picture.addText("Toeplitz when its rows are reversed");
      picture.addText("entries are input positions");
    }
    picture.addGrid(makeGrid(matrix, view), view);
    if (isFilter)
      picture.addLegend(matrix);
  }
  stream << llvm::formatv(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"13\" "
      "fill=\"#222222\">\n",
      picture.width, picture.height);
  stream << "<style>.cell { fill: #ffffff; text-anchor: middle; } "
            ".dark { fill: #222222; }</style>\n";
  stream << llvm::formatv(
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n", picture.width,
      picture.height);
  stream << picture.body << "</svg>\n";
}
