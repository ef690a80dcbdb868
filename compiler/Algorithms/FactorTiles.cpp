#include "compiler/Algorithms/FactorTiles.h"

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/TensorCore.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

FactorTiles::FactorTiles(KernelBuilder &kernel, const ImplicitGemm &gemm,
                         const ConvolutionBuffers &buffers,
                         ImplicitGemmBlock &common, int64_t threads,
                         FactorLayout layout)
    : kernel(kernel), gemm(gemm), buffers(buffers), common(common),
      threads(threads), layout(std::move(layout)) {
  int64_t depthWords = gemm.tile.depth / countFactors(this->layout.precision);
  pieces = depthWords / pieceWords;
  filterWords = gemm.tile.channels * depthWords;
  createMemory();
  divideLoads();
}

void FactorTiles::createMemory() {
  assert(layout.filterMemoryWords >= layout.stages * filterWords);
  filter =
      common.block.createShared({layout.filterMemoryWords},
                                kernel.builder.getF32Type(), layout.alignment);
  Type element = kernel.builder.getI32Type();
  auto input = cast<MemRefType>(buffers.input.getType());
  // (The input is the first operand.)
  if (kernel.buffersAligned[0] && hasCopyableRuns(gemm, input, kernel.target)) {
    findTensor(input);
    if (!tensor)
      flatInput = viewAsRow(kernel, buffers.input);
    element = input.getElementType();
    pieceElements = pieceBytes * 8 / element.getIntOrFloatBitWidth();
  }
  data = common.block.createShared(
      {layout.stages * gemm.tile.positions * pieces * pieceElements}, element,
      layout.alignment);
  if (layout.inBulk)
    bulk.emplace(kernel, common.block, layout.stages);
}

void FactorTiles::findTensor(MemRefType input) {
  std::optional<DataTensor> found;
  if (layout.inBulk)
    found = findDataTensor(gemm, input, kernel.target);
  if (!found)
    return;
  tensor = viewWithStrides(kernel, buffers.input, found->sizes, found->strides);
  box = found->box;
}

Index FactorTiles::getDataPlace(Index stage, Index piece, Index column) {
  return kernel.mul(layout.getPiecePlace(stage, piece, column),
                    number(pieceElements));
}

/// Neighbouring threads bring neighbouring columns: positions that mostly lie
/// together in the image. Where they copy, they bring neighbouring pieces:
/// channels that lie together.
void FactorTiles::divideLoads() {
  if (!sharesWork())
    return;
  int64_t positions = gemm.tile.positions;
  Index thread = common.block.thread();
  filterLoads = filterWords / (pieceWords * threads);
  assert(filterLoads * pieceWords * threads == filterWords);
  dataLoads = pieces * positions / threads;
  if (flatInput) {
    loadPiece = kernel.rem(thread, number(pieces));
    loadColumn = kernel.div(thread, number(pieces));
    loadColumns = threads / pieces;
    assert(loadColumns * dataLoads == positions);
  } else {
    loadPiece = kernel.div(thread, number(positions));
    loadColumn = kernel.rem(thread, number(positions));
    loadPieces = threads / positions;
    assert(loadPieces * dataLoads == pieces);
  }
  for (int64_t i = 0; i < (flatInput ? dataLoads : 1); ++i)
    loadPositions.push_back(common.locate(kernel.add(
        common.firstColumn, kernel.add(loadColumn, number(i * loadColumns)))));
}

/// One thread copies whole tiles.
void FactorTiles::copyInBulk(Index step, Index stage) {
  constexpr int64_t wordBytes = sizeof(uint32_t);
  int64_t filterBytes = filterWords * wordBytes;
  int64_t dataBytes = gemm.tile.positions * pieces * pieceBytes;
  bulk->byOneThread([&] {
    bulk->expect(stage, tensor ? filterBytes + dataBytes : filterBytes);
    bulk->copy(buffers.filter, common.getFilterTile(step, filterWords), filter,
               kernel.mul(stage, number(filterWords)), filterBytes, stage);
    if (!tensor)
      return;
    Index row = kernel.mul(step, number(gemm.tile.depth));
    bulk->copyBox(
        tensor, {common.firstColumn, common.group, row}, data,
        kernel.mul(stage, number(gemm.tile.positions * pieces * pieceElements)),
        box, stage);
  });
}

void FactorTiles::copyFilter(Index step, Index stage) {
  Index from = common.getFilterTile(step, filterWords);
  Index to = kernel.mul(stage, number(filterWords));
  for (int64_t i = 0; i < filterLoads; ++i) {
    Index place =
        kernel.mul(kernel.add(common.block.thread(), number(i * threads)),
                   number(pieceWords));
    common.block.startCopy(buffers.filter, kernel.add(from, place), filter,
                           kernel.add(to, place));
  }
}

void FactorTiles::copyData(Index step, Index stage) {
  Index run = kernel.mul(loadPiece, number(pieceElements));
  for (auto [i, position] : llvm::enumerate(loadPositions)) {
    Index column =
        kernel.add(loadColumn, number(static_cast<int64_t>(i) * loadColumns));
    common.startCopy(position, step, run, flatInput, data,
                     getDataPlace(stage, loadPiece, column));
  }
}

SmallVector<Value> FactorTiles::loadData(Index step) {
  int64_t length = pieceWords * countFactors(layout.precision);
  SmallVector<Index> runs;
  for (int64_t i = 0; i < dataLoads; ++i)
    runs.push_back(kernel.mul(kernel.add(loadPiece, number(i * loadPieces)),
                              number(length)));
  return common.loadColumn(loadPositions[0], step, runs, length);
}

SmallVector<Value> FactorTiles::begin(Index step, Index stage) {
  if (bulk)
    copyInBulk(step, stage);
  else
    copyFilter(step, stage);
  if (roundsData())
    return loadData(step);
  if (flatInput)
    copyData(step, stage);
  return {};
}

void FactorTiles::store(ArrayRef<Value> numbers, Index stage) {
  if (!roundsData())
    return;
  int64_t perWord = countFactors(layout.precision);
  for (int64_t i = 0; i < dataLoads; ++i) {
    SmallVector<Value> words;
    for (int64_t word = 0; word < pieceWords; ++word) {
      words.push_back(
          packFactors(kernel, layout.precision, numbers.take_front(perWord)));
      numbers = numbers.drop_front(perWord);
    }
    Value packed = vector::FromElementsOp::create(
        kernel.builder, kernel.location,
        VectorType::get({pieceWords}, kernel.builder.getI32Type()), words);
    kernel.storeVector(
        packed, data,
        getDataPlace(stage, kernel.add(loadPiece, number(i * loadPieces)),
                     loadColumn),
        pieceBytes);
  }
}
