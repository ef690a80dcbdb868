#include "tools/toeplitz/Matrix.h"
#include "compiler/Analysis/ToeplitzMatrix.h"
#include "compiler/Frontend/Suggestion.h"
#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "tools/toeplitz/Messages.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace toeplitz;

namespace {

/// Rows or columns, and characters of a line of text.
constexpr int64_t largestSize = 4096, largestTextWidth = 256;
/// Entries other than zero in a picture.
constexpr int64_t mostEntries = 200000;

bool isConvolution(mlir::Operation *op) {
  return llvm::isa<cnn::ConvOp, cnn::ConvTransposeOp>(op);
}

/// The convolution of that name, or the only one where it is empty. Reports
/// what is wrong and returns null then.
mlir::Operation *findConvolution(mlir::ModuleOp module, llvm::StringRef name) {
  llvm::SmallVector<mlir::Operation *> convolutions;
  std::vector<std::string> names;
  mlir::Operation *other = nullptr, *found = nullptr;
  module.walk([&](mlir::Operation *op) {
    std::string layer = getLayerName(op->getLoc(), "");
    if (isConvolution(op)) {
      convolutions.push_back(op);
      names.push_back(layer);
      if (!found && (layer == name || name.empty()))
        found = op;
    } else if (!name.empty() && layer == name) {
      other = op;
    }
  });
  if (found && (!name.empty() || convolutions.size() == 1))
    return found;
  std::string listed = llvm::join(llvm::ArrayRef(names).take_front(20), ", ") +
                       (names.size() > 20 ? ", …" : "");
  if (convolutions.empty())
    (void)reportError("--emit=matrix: the network has no convolution");
  else if (name.empty())
    (void)reportError("--emit=matrix: the network has " +
                      llvm::Twine(convolutions.size()) +
                      " convolutions, choose one with --layer: " + listed);
  else if (other)
    (void)reportError("--layer: '" + name +
                      "' is no convolution; the convolutions are " + listed);
  else
    (void)reportError("--layer: there is no layer '" + name + "'" +
                      suggest(name, llvm::SmallVector<llvm::StringRef>(
                                        names.begin(), names.end())));
  return nullptr;
}

int64_t getCount(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getNumElements();
}

/// Before anything of that size is made.
llvm::LogicalResult checkSize(mlir::Operation *op, llvm::StringRef layer) {
  auto getBatch = [](mlir::Value value) {
    return llvm::cast<mlir::RankedTensorType>(value.getType()).getDimSize(0);
  };
  int64_t columns = getCount(op->getOperand(0)) / getBatch(op->getOperand(0));
  int64_t rows = getCount(op->getResult(0)) / getBatch(op->getResult(0));
  if (rows <= largestSize && columns <= largestSize)
    return llvm::success();
  return reportError("layer '" + layer + "': its matrix is " +
                     llvm::Twine(rows) + " x " + llvm::Twine(columns) +
                     ", more than the " + llvm::Twine(largestSize) + " x " +
                     llvm::Twine(largestSize) + " that are written");
}

std::optional<ConvolutionMatrix> makeMatrix(mlir::ModuleOp module,
                                            llvm::StringRef name) {
  mlir::Operation *op = findConvolution(module, name);
  if (!op || failed(checkSize(op, getLayerName(op->getLoc(), "conv"))))
    return std::nullopt;
  std::optional<ConstantValues> weights = readConstant(op->getOperand(1));
  return makeConvolutionMatrix(op, weights ? weights->get()
                                           : llvm::ArrayRef<float>());
}

llvm::SmallVector<MatrixView> getViews(llvm::StringRef view) {
  llvm::SmallVector<MatrixView> views;
  if (view != "data")
    views.push_back(MatrixView::Filter);
  if (view != "filter")
    views.push_back(MatrixView::Data);
  return views;
}

llvm::LogicalResult writeText(const ConvolutionMatrix &matrix,
                              llvm::ArrayRef<MatrixView> views,
                              llvm::raw_ostream &stream) {
  std::string text;
  llvm::raw_string_ostream textStream(text);
  for (MatrixView view : views) {
    printMatrix(matrix, view, textStream);
    if (view == MatrixView::Filter)
      printTaps(matrix, textStream);
  }
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n');
  for (llvm::StringRef line : lines)
    if (line.starts_with("  ") && int64_t(line.size()) > largestTextWidth)
      return reportError(
          "layer '" + matrix.layer + "': a row of its matrix is " +
          llvm::Twine(line.size()) + " characters, more than the " +
          llvm::Twine(largestTextWidth) +
          " that are printed; write a picture with -o "
          "FILE.svg");
  stream << "layer '" << matrix.layer << "'\n" << text;
  return llvm::success();
}

llvm::LogicalResult writePicture(const ConvolutionMatrix &matrix,
                                 llvm::ArrayRef<MatrixView> views, bool isPage,
                                 llvm::raw_ostream &stream) {
  int64_t entries = matrix.sources.size() * matrix.outChannels *
                    (matrix.inChannels / matrix.groups);
  if (entries > mostEntries)
    return reportError("layer '" + matrix.layer + "': its matrix has " +
                       llvm::Twine(entries) + " entries, more than the " +
                       llvm::Twine(mostEntries) + " that are drawn");
  if (isPage)
    stream << "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>Layer "
           << llvm::formatv("{0}", matrix.layer) << "</title>\n";
  drawMatrices(matrix, views, stream);
  return llvm::success();
}

llvm::LogicalResult writeProducts(const ConvolutionMatrix &a,
                                  const ConvolutionMatrix &b,
                                  llvm::raw_ostream &stream) {
  auto fits = [](const ConvolutionMatrix &matrix) {
    return matrix.inChannels == 1 && matrix.outChannels == 1 &&
           matrix.inputSizes == matrix.outputSizes;
  };
  for (const ConvolutionMatrix *matrix : {&a, &b})
    if (!fits(*matrix) || matrix->inputSizes != a.inputSizes)
      return reportError("layer '" + matrix->layer +
                         "': only matrices of one channel and of the same "
                         "positions before and after can commute");
  for (const ConvolutionMatrix *matrix : {&a, &b})
    stream << "layer '" << matrix->layer << "': T is " << matrix->getRows()
           << " x " << matrix->getColumns() << ", "
           << describeStructure(*matrix) << "\n";
  bool equal = commute(a, b);
  stream << "T('" << a.layer << "') T('" << b.layer << "') "
         << (equal ? "=" : "!=") << " T('" << b.layer << "') T('" << a.layer
         << "'): " << (equal ? "they commute" : "they don't commute")
         << ", entry by entry as polynomials in the taps\n";
  return llvm::success();
}

} // namespace

llvm::LogicalResult toeplitz::writeMatrix(mlir::ModuleOp module,
                                          const MatrixOptions &options,
                                          llvm::StringRef suffix,
                                          llvm::raw_ostream &stream) {
  if (options.layers.size() > 2)
    return reportError("--layer: one layer or two are expected, found " +
                       llvm::Twine(options.layers.size()));
  std::vector<ConvolutionMatrix> matrices;
  std::vector<std::string> names = options.layers;
  if (names.empty())
    names.push_back("");
  for (const std::string &name : names) {
    std::optional<ConvolutionMatrix> matrix = makeMatrix(module, name);
    if (!matrix)
      return llvm::failure();
    matrices.push_back(std::move(*matrix));
  }
  bool isPicture = suffix == ".svg" || suffix == ".html";
  if (matrices.size() == 2 && isPicture)
    return reportError("--layer: a picture is of one layer");
  if (matrices.size() == 2)
    return writeProducts(matrices[0], matrices[1], stream);
  llvm::SmallVector<MatrixView> views = getViews(options.view);
  return isPicture ? writePicture(matrices[0], views, suffix == ".html", stream)
                   : writeText(matrices[0], views, stream);
}
