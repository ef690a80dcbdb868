// Transforms of lines of points, and tiles that come from an image and go back
// to one.

#include "compiler/Algorithms/FourierKernel.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

FourierKernel::FourierKernel(kernel::ConvOp op, KernelBuilder &kernel)
    : kernel(kernel), blueprint(op), buffers(getBuffers(op, kernel)),
      outerPlan(blueprint.getOuterPlan()), innerPlan(blueprint.getInnerPlan()),
      hasDepth(op.getKernel().size() > 2), hasOuter(op.getKernel().size() > 1),
      activation(op.getActivationAttr()) {}

// --- lines ------------------------------------------------------------------

ComplexVector FourierKernel::multiplyByTable(ComplexVector x, Index place) {
  auto load = [&](int64_t part) {
    return kernel.broadcast(
        kernel.loadScalar(buffers.filter, {kernel.add(place, number(part))}),
        blueprint.lanes);
  };
  Value re = load(0), im = load(1);
  return {kernel.multiplyAdd(x.re, re, negate(multiply(x.im, im))),
          kernel.multiplyAdd(x.re, im, multiply(x.im, re))};
}

ComplexVector FourierKernel::load(const PointLine &line, Index point) {
  Index start = kernel.add(line.start, kernel.mul(point, number(line.stride)));
  Value first =
      kernel.loadVector(buffers.scratch, {kernel.slot, start}, blueprint.lanes);
  Value second = kernel.loadVector(
      buffers.scratch,
      {kernel.slot, kernel.add(start, number(blueprint.lanes))},
      blueprint.lanes);
  return line.exchanged ? ComplexVector{second, first}
                        : ComplexVector{first, second};
}

void FourierKernel::store(ComplexVector value, const PointLine &line,
                          Index point) {
  Index start = kernel.add(line.start, kernel.mul(point, number(line.stride)));
  if (line.exchanged)
    std::swap(value.re, value.im);
  kernel.storeVector(value.re, buffers.scratch, {kernel.slot, start});
  kernel.storeVector(value.im, buffers.scratch,
                     {kernel.slot, kernel.add(start, number(blueprint.lanes))});
}

ComplexVector FourierKernel::loadFilter(Index start) {
  return {kernel.loadVector(buffers.filter, {start}, blueprint.lanes),
          kernel.loadVector(buffers.filter,
                            {kernel.add(start, number(blueprint.lanes))},
                            blueprint.lanes)};
}

/// All stages but the last stay in place: from `from` to `work`, which may be
/// the same line, then in `work`. The last one leaves the digits of the
/// frequency reversed and writes them in order to `to`, another line unless
/// there is only one stage.
void FourierKernel::transform(const FourierPlan &plan, int64_t table,
                              PointLine from, PointLine work, PointLine to) {
  // One point has no stage.
  if (plan.size == 1)
    return store(load(from, number(0)), to, number(0));
  int64_t points = plan.size;
  SmallVector<int64_t> digits;
  for (size_t stage = 0; stage < plan.radices.size(); ++stage) {
    int64_t radix = plan.radices[stage], rest = points / radix;
    bool last = stage + 1 == plan.radices.size();
    const PointLine &source = stage == 0 ? from : work;
    // Points block * `points` + i + t * rest; block and i in one loop nest.
    kernel.forEach({plan.size / points, rest}, [&](ArrayRef<Index> place) {
      Index first = kernel.add(kernel.mul(place[0], number(points)), place[1]);
      SmallVector<ComplexVector> values;
      for (int64_t t = 0; t < radix; ++t)
        values.push_back(load(source, kernel.add(first, number(t * rest))));
      values = butterfly(values);
      if (last) {
        // The block's number has the digits q0, q1, ... of the frequency
        // q0 + r0 (q1 + r1 ( ...)), q0 weighing most.
        SmallVector<Index> q = kernel.delinearize(place[0], digits);
        Index frequency = number(0);
        int64_t weight = 1;
        for (auto [digit, size] : llvm::zip(q, digits)) {
          frequency = kernel.add(frequency, kernel.mul(digit, number(weight)));
          weight *= size;
        }
        for (int64_t t = 0; t < radix; ++t)
          store(values[t], to, kernel.add(frequency, number(t * weight)));
        return;
      }
      Index roots = kernel.add(number(table),
                               kernel.mul(place[1], number((radix - 1) * 2)));
      for (int64_t t = 0; t < radix; ++t) {
        ComplexVector value = values[t];
        if (t > 0)
          value =
              multiplyByTable(value, kernel.add(roots, number((t - 1) * 2)));
        store(value, work, kernel.add(first, number(t * rest)));
      }
    });
    if (!last)
      table += rest * (radix - 1) * 2;
    digits.push_back(radix);
    points = rest;
  }
}

PointLine FourierKernel::getTileRow(Index row) {
  return {kernel.mul(row, number(blueprint.getPitch())), getPointFloats()};
}

PointLine FourierKernel::getTileColumn(Index column) {
  return {kernel.mul(column, number(getPointFloats())), blueprint.getPitch()};
}

PointLine FourierKernel::getLine(int64_t which) {
  return {number(blueprint.getTileFloats() + which * blueprint.getLineFloats()),
          getPointFloats()};
}

Index FourierKernel::getInputSpectraStart() {
  return number(blueprint.getTileFloats() + 3 * blueprint.getLineFloats());
}

// --- tiles ------------------------------------------------------------------

Value FourierKernel::isBelow(Index a, Index b) {
  return arith::CmpIOp::create(kernel.builder, kernel.location,
                               arith::CmpIPredicate::slt, kernel.value(a),
                               kernel.value(b));
}

Index FourierKernel::select(Value condition, Index a, Index b) {
  return Value(arith::SelectOp::create(kernel.builder, kernel.location,
                                       condition, kernel.value(a),
                                       kernel.value(b)));
}

void FourierKernel::requireThat(Value condition, TileSignal &signal) {
  for (TileSignal::Extent *extent : {&signal.outer, &signal.inner})
    for (Index *end : {&extent->first, &extent->end, &extent->outputs})
      *end = select(condition, *end, number(0));
}

TileSignal::Extent FourierKernel::getExtent(const FourierDimension &dimension,
                                            Index tile) {
  int64_t perTile = dimension.getOutputsPerTile();
  int64_t tiles = dimension.countTiles();
  TileSignal::Extent extent;
  extent.output = kernel.mul(tile, number(perTile));
  extent.outputs = number(std::min(perTile, dimension.output));
  if (dimension.output % perTile != 0)
    extent.outputs = kernel.min(
        extent.outputs, kernel.sub(number(dimension.output), extent.output));
  extent.start = kernel.add(extent.output, number(dimension.getStart()));
  // In [0, size]; the minimum and maximum are constants where all tiles are
  // inside.
  int64_t firstStart = dimension.getStart();
  int64_t lastStart = firstStart + (tiles - 1) * perTile;
  Index zero = number(0), size = number(dimension.size);
  extent.first = zero;
  if (firstStart < 0)
    extent.first =
        kernel.min(size, kernel.max(zero, kernel.sub(zero, extent.start)));
  extent.end = size;
  if (lastStart + dimension.size > dimension.input)
    extent.end = kernel.max(
        extent.first,
        kernel.min(size, kernel.sub(number(dimension.input), extent.start)));
  return extent;
}

TileSignal FourierKernel::getSignal(Index tile, Index inputBlock,
                                    Index outputVector) {
  int64_t outerTiles = blueprint.outer.countTiles();
  int64_t innerTiles = blueprint.inner.countTiles();
  const FourierDepth &depth = blueprint.depth;
  int64_t runs = depth.countRuns();
  SmallVector<Index> place = kernel.delinearize(
      tile, {blueprint.batch * runs, outerTiles, innerTiles});
  TileSignal signal;
  signal.image = place[0];
  signal.inputBlock = inputBlock;
  signal.outputVector = outputVector;
  signal.outer = getExtent(blueprint.outer, place[1]);
  signal.inner = getExtent(blueprint.inner, place[2]);
  if (hasDepth) {
    SmallVector<Index> run =
        kernel.delinearize(signal.image, {blueprint.batch, runs});
    signal.image = run[0];
    signal.outputSlice = kernel.mul(run[1], number(depth.outputsPerRun));
    signal.inputSlice =
        kernel.sub(signal.outputSlice, number(depth.paddingLow));
  }
  return signal;
}

TileSignal FourierKernel::getInputSlice(const TileSignal &run, Index slice) {
  TileSignal signal = run;
  if (hasDepth) {
    signal.inputSlice = kernel.add(run.inputSlice, slice);
    requireThat(isBelow(number(-1), signal.inputSlice), signal);
    requireThat(isBelow(signal.inputSlice, number(blueprint.depth.input)),
                signal);
  }
  return signal;
}

TileSignal FourierKernel::getOutputSlice(const TileSignal &run, Index slice) {
  TileSignal signal = run;
  if (hasDepth) {
    signal.outputSlice = kernel.add(run.outputSlice, slice);
    if (blueprint.depth.output % blueprint.depth.outputsPerRun != 0)
      requireThat(isBelow(signal.outputSlice, number(blueprint.depth.output)),
                  signal);
  }
  return signal;
}

void FourierKernel::loadSignal(const TileSignal &signal, bool imaginary,
                               Index row, const PointLine &line) {
  int64_t lanes = blueprint.lanes;
  auto put = [&](Value vector, Index point) {
    Index start =
        kernel.add(line.start, kernel.mul(point, number(line.stride)));
    if (imaginary)
      start = kernel.add(start, number(lanes));
    kernel.storeVector(vector, buffers.scratch, {kernel.slot, start});
  };
  // A row outside of the input has no point inside.
  Value inside = arith::AndIOp::create(
      kernel.builder, kernel.location,
      isBelow(kernel.sub(signal.outer.first, number(1)), row),
      isBelow(row, signal.outer.end));
  Index first = select(inside, signal.inner.first, number(0));
  Index end = select(inside, signal.inner.end, number(0));
  auto fill = [&](Index from, Index to) {
    kernel.forLoop(from, to, 1,
                   [&](Index point) { put(kernel.splat(0.0f, lanes), point); });
  };
  fill(number(0), first);
  kernel.forLoop(first, end, 1, [&](Index point) {
    SmallVector<Index> indices = {signal.image, signal.inputBlock};
    if (hasDepth)
      indices.push_back(signal.inputSlice);
    if (hasOuter)
      indices.push_back(kernel.add(signal.outer.start, row));
    indices.push_back(kernel.add(signal.inner.start, point));
    indices.push_back(number(0));
    put(kernel.loadVector(buffers.input, indices, lanes), point);
  });
  fill(end, number(blueprint.inner.size));
}

void FourierKernel::transformRows(const TileSignal &real,
                                  const TileSignal &imaginary) {
  PointLine line = getLine(0);
  Index first = kernel.min(real.outer.first, imaginary.outer.first);
  Index end = kernel.max(real.outer.end, imaginary.outer.end);
  Index size = number(blueprint.outer.size);
  auto clear = [&](Index from, Index to) {
    kernel.forLoop(from, to, 1, [&](Index row) {
      PointLine target = getTileRow(row);
      Value zero = kernel.splat(0.0f, blueprint.lanes);
      kernel.forLoop(number(0), number(blueprint.inner.size), 1,
                     [&](Index point) { store({zero, zero}, target, point); });
    });
  };
  clear(number(0), first);
  kernel.forLoop(first, end, 1, [&](Index row) {
    loadSignal(real, /*imaginary=*/false, row, line);
    loadSignal(imaginary, /*imaginary=*/true, row, line);
    transform(innerPlan, blueprint.getOuterTableFloats(), line, line,
              getTileRow(row));
  });
  clear(end, size);
}

PointLine FourierKernel::getColumnLine(Index column, int64_t line) {
  return blueprint.outer.size == 1 ? getTileColumn(column) : getLine(line);
}

PointLine FourierKernel::transformColumn(Index column, int64_t line) {
  PointLine to = getColumnLine(column, line);
  if (blueprint.outer.size > 1)
    transform(outerPlan, 0, getTileColumn(column), getLine(0), to);
  return to;
}

void FourierKernel::transformColumnBack(const PointLine &spectrum,
                                        Index column) {
  if (blueprint.outer.size > 1)
    transform(outerPlan, 0, spectrum.exchange(), spectrum.exchange(),
              getTileColumn(column).exchange());
}

void FourierKernel::storeSignal(const TileSignal &signal, bool imaginary,
                                Index row, const PointLine &line) {
  int64_t lanes = blueprint.lanes;
  Index points = select(isBelow(row, signal.outer.outputs),
                        signal.inner.outputs, number(0));
  kernel.forLoop(number(0), points, 1, [&](Index point) {
    Index start =
        kernel.add(line.start, kernel.mul(point, number(line.stride)));
    if (imaginary)
      start = kernel.add(start, number(lanes));
    Value sum = kernel.loadVector(buffers.scratch, {kernel.slot, start}, lanes);
    if (buffers.bias)
      sum = addVectors(sum, kernel.loadVector(buffers.bias,
                                              {signal.outputVector, number(0)},
                                              lanes));
    SmallVector<Index> indices = {signal.image, signal.outputVector};
    auto addPosition = [&](const auto &dimension, Index position) {
      indices.push_back(
          kernel.add(kernel.mul(position, number(dimension.outputStride)),
                     number(dimension.outputOffset)));
    };
    if (hasDepth)
      addPosition(blueprint.depth, signal.outputSlice);
    if (hasOuter)
      addPosition(blueprint.outer, kernel.add(signal.outer.output, row));
    addPosition(blueprint.inner, kernel.add(signal.inner.output, point));
    indices.push_back(number(0));
    finishVector(kernel, buffers, activation, sum, indices);
  });
}

void FourierKernel::transformRowsBack(const TileSignal &real,
                                      const TileSignal &imaginary) {
  PointLine line = getLine(0);
  Index rows = kernel.max(real.outer.outputs, imaginary.outer.outputs);
  kernel.forLoop(number(0), rows, 1, [&](Index row) {
    PointLine source = getTileRow(row).exchange();
    transform(innerPlan, blueprint.getOuterTableFloats(), source, source,
              line.exchange());
    storeSignal(real, /*imaginary=*/false, row, line);
    storeSignal(imaginary, /*imaginary=*/true, row, line);
  });
}

void FourierKernel::forFrequencies(
    int64_t end, llvm::function_ref<void(Index, Index)> body) {
  int64_t size = blueprint.outer.size;
  body(number(0), number(0));
  kernel.forLoop(number(1), number(end), 1,
                 [&](Index k) { body(k, kernel.sub(number(size), k)); });
}

void FourierKernel::forItems(llvm::function_ref<void(Index)> body) {
  int64_t items = blueprint.countItems(), tasks = blueprint.countTasks();
  int64_t perTask = (items + tasks - 1) / tasks;
  Index first = kernel.mul(kernel.task, number(perTask));
  Index end = kernel.add(first, number(perTask));
  if (items % perTask != 0)
    end = kernel.min(end, number(items));
  kernel.forLoop(first, end, 1, body);
}
