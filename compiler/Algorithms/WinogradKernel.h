// What the files of Winograd's kernels share: the tasks and loops of
// WinogradKernel.cpp, and the input's transform of WinogradInput.cpp.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_WINOGRADKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_WINOGRADKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/TileReduction.h"
#include "compiler/Algorithms/Winograd.h"

namespace toeplitz {

/// A tile: its image, and its number in each dimension.
struct TilePlace {
  KernelBuilder::Index image;
  std::array<KernelBuilder::Index, 3> numbers;
};

/// The place of a tile in a block: its register tile, and its position there.
struct BlockPlace {
  KernelBuilder::Index registerTile, position;
};

/// Writes the loops of one kernel: see WinogradKernel.cpp.
class WinogradKernel {
public:
  using Index = KernelBuilder::Index;

  WinogradKernel(kernel::ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), plan(op), given(getBuffers(op, kernel)),
        buffers(given), lanes(plan.lanes), rank(op.getKernel().size()) {
    changeOrder();
    for (int64_t d : {1, 2}) {
      if (!plan.isTransformed(d))
        continue;
      CookToom transform = getCookToom(plan, d);
      if (plan.transformsFilter)
        filterPrograms[d].emplace(factorFilterTransform(transform).matrix);
      inputPrograms[d].emplace(transform.inputTransform);
      outputPrograms[d].emplace(transform.outputTransform);
    }
  }

  void emit();

  /// Buffers N x B x I x V of one layout whose lines are asked for: see
  /// WinogradRequests.cpp.
  struct RequestedBuffers {
    /// N x B x 1 x positions x V.
    llvm::SmallVector<mlir::Value> buffers;
    int64_t positions = 1;
    /// Of each tile of a block: how many positions its first value lies from
    /// the first one of the buffers.
    mlir::Value places;
    /// How many positions lie from an image to the next one, from an output
    /// to the next one in each dimension, from a tap of the depth to the next
    /// one, and from the buffers' first position to the first tile.
    int64_t imageDistance = 0, tapDistance = 0, start = 0;
    std::array<int64_t, 3> distances{0, 0, 0};
    /// The values of a tile: rows and columns.
    int64_t rows = 1, columns = 1;
  };

private:
  void changeOrder();
  using Load = llvm::function_ref<mlir::Value(Index row, Index column)>;
  using Store =
      llvm::function_ref<void(Index row, Index column, mlir::Value vector)>;

  void emitPreparation();
  void setBlock(Index group, Index block);

  // Parts of the channels: see WinogradParts.cpp.
  void multiplyPart();
  void sumParts();
  void setPart(Index group, Index block, Index part);
  void forVectorTiles(Index group, llvm::function_ref<void(Index)> body);
  using TileBody = llvm::function_ref<void(const TilePlace &, BlockPlace)>;
  void forTiles(Index block, TileBody body) {
    forTiles(block, number(0), 1, body);
  }
  void forTiles(Index block, Index part, int64_t parts, TileBody body);
  void transformInputs(Index group, Index block, Index part, int64_t parts);
  void transformInput(Index group, const TilePlace &tile, BlockPlace place,
                      Index tap, Index firstBlock, Index endBlock);
  void clearMissingTiles(Index block, Index part, int64_t parts);
  void transformInputBlock(BlockPlace place, Index tap, Index channelBlock,
                           Load load);

  // Products: see WinogradProducts.cpp.
  /// A register tile of one value.
  struct ProductTile {
    Index vectorTile, value, registerTile;
  };
  /// A round of blocks of channels of one tap.
  struct Round {
    Index tap, firstBlock;
    /// Where its taps lie in the packed filter.
    Index start;
  };
  void multiply(Index block, Index vectorTile);
  void multiplyInRounds(Index registerTiles, Index vectorTile);
  void forProductTiles(Index registerTiles, Index vectorTile,
                       llvm::function_ref<void(const ProductTile &)> body);
  Accumulators startProducts();
  Index getProductOffset(const ProductTile &tile);
  void storeProducts(const ProductTile &tile, mlir::ValueRange sums);
  Accumulators loadProducts(const ProductTile &tile);
  Accumulators addTap(const ProductTile &tile, Index tap,
                      mlir::ValueRange carried);
  Accumulators addRound(const ProductTile &tile, const Round &round,
                        mlir::ValueRange carried);
  /// Channels that follow each other, and where their rows of a matrix begin.
  struct SummedChannels {
    Index tap, channelBlock;
    int64_t channels;
    /// Where they begin in the transformed input.
    Index input;
  };
  struct FilterRows {
    mlir::Value buffer;
    Index start;
  };
  Accumulators
  addChannels(const ProductTile &tile, const SummedChannels &summed,
              const FilterRows &filter, mlir::ValueRange sums,
              bool asksForPositions,
              llvm::function_ref<void(Index, int64_t, int64_t)> askForFilter);
  mlir::Value getRoundFilter();
  void transformFilter(const Round &round);

  void transformOutputs(Index block, Index vectorTile) {
    transformOutputs(block, number(0), 1, vectorTile);
  }
  void transformOutputs(Index block, Index part, int64_t parts,
                        Index vectorTile);
  void transformOutput(const TilePlace &tile, Index vector, Index productStart,
                       bool cut);
  void transformProducts(Load load, Index rows, Store finish);
  void poolTile(const TilePlace &tile, Index vector, bool cut);

  // Requests: see WinogradRequests.cpp.
  /// Where the products are: they ask for a line of each buffer in each step.
  struct RequestingStep {
    Index vectorTile, value, registerTile, tap, channelBlock;
    /// Counted in its block.
    Index channel;
  };
  void beginRequests();
  std::optional<RequestedBuffers> requestBuffer(mlir::Value buffer,
                                                bool isInput);
  void placeRequests(Index block);
  /// The blocks of channels that a vector tile asks for.
  int64_t getAskedBlocks() const;
  /// The blocks of channels whose products ask for lines; the others don't.
  int64_t countAskingBlocks() const;
  void requestPositions(const RequestingStep &step);
  void request(const RequestedBuffers &requested, const RequestingStep &step,
               Index channelBlock);

  void applyRows(const std::optional<LinearProgram> &program, Load load,
                 Index column, Store store);

  /// Memory that a task works in, which is its own or was prepared, and what is
  /// at `offset` in it.
  mlir::Value getMemory(bool prepared) {
    return prepared ? buffers.prepared : buffers.scratch;
  }
  llvm::SmallVector<Index> getPlace(bool prepared, Index offset) {
    if (prepared)
      return {kernel.add(preparedStart, offset)};
    return {Index(kernel.slot), offset};
  }
  /// Where the transformed input of the block lies.
  bool preparesInput() const {
    return plan.preparationTasks > 0 || plan.hasParts();
  }
  mlir::Value getInputMemory() { return getMemory(preparesInput()); }
  llvm::SmallVector<Index> getInputPlace(Index offset) {
    return getPlace(preparesInput(), offset);
  }
  /// Where its products lie.
  mlir::Value getProductMemory() { return getMemory(plan.hasParts()); }
  llvm::SmallVector<Index> getProductPlace(Index offset) {
    return getPlace(plan.hasParts(), offset);
  }
  mlir::Value loadProduct(Index offset);

  /// The number of a block of channels in the transformed input, over all
  /// summed taps.
  Index getInputBlock(Index tap, Index channelBlock);
  /// Where a register tile's block of channels of this number begins in the
  /// transformed input.
  Index getInputOffset(Index value, Index registerTile, Index block);

  mlir::Value allocateTile(int64_t rows, int64_t columns);
  /// The first output position of a tile.
  Index getFirstOutput(const TilePlace &tile, int64_t d);
  Index countRegisterTiles(Index block);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, Index a, Index b) {
    return mlir::arith::CmpIOp::create(kernel.builder, kernel.location,
                                       predicate, kernel.value(a),
                                       kernel.value(b));
  }
  void ifElse(mlir::Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise);
  /// a * number + b
  Index scale(Index a, int64_t number_, Index b) {
    return kernel.add(kernel.mul(a, number(number_)), b);
  }
  Index number(int64_t value) { return kernel.constant(value); }

  kernel::ConvOp op;
  KernelBuilder &kernel;
  WinogradPlan plan;
  /// Those of the kernel, and with the plan's order of dimensions.
  ConvolutionBuffers given, buffers;
  int64_t lanes;
  size_t rank;
  std::optional<LinearProgram> filterPrograms[3], inputPrograms[3],
      outputPrograms[3];
  /// A tile of the input with zeros where it lies in the padding; a tile whose
  /// rows were transformed. Both rows x columns x lanes.
  mlir::Value patch, half;
  /// Of a kernel with a pool: the outputs of a tile, rows x columns x lanes.
  mlir::Value unpooledTile;
  std::optional<RequestedBuffers> requestedInput, requestedOutput;
  /// Of a kernel that transforms the filter: where the transformed one lies.
  mlir::Value roundFilter;
  /// Where that of the block, and of the part of the channels, begins in the
  /// prepared memory.
  Index preparedStart;
  /// The blocks of channels that are multiplied.
  Index firstChannelBlock, endChannelBlock;
  /// Where the products of the vector tile begin in the task's memory.
  Index productsStart;
};

} // namespace toeplitz

#endif
