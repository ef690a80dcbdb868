// The operations of the kernel dialect.

#ifndef TOEPLITZ_DIALECTS_KERNEL_KERNELOPS_TD
#define TOEPLITZ_DIALECTS_KERNEL_KERNELOPS_TD

include "dialects/Kernel/KernelDialect.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// A tensor of the network before bufferization, a buffer after it.
def Kernel_Buffer : AnyTypeOf<[StaticShapeTensorOf<[F32]>, StaticShapeMemRefOf<[F32]>]>;

// The same, which a GPU may keep in 16 bits for each number.
def Kernel_Activations : AnyTypeOf<[StaticShapeTensorOf<[F32]>, StaticShapeMemRefOf<[F32, BF16, F16]>]>;

// A packed filter, whole or split into bfloat16 numbers.
def Kernel_Filter : AnyTypeOf<[StaticShapeTensorOf<[F32, BF16]>, StaticShapeMemRefOf<[F32, BF16]>]>;

// Whole numbers that a kernel reads: offsets, counts.
def Kernel_IndexBuffer : AnyTypeOf<[StaticShapeTensorOf<[I32]>, StaticShapeMemRefOf<[I32]>]>;

// Memory that a kernel works in, after bufferization.
def Kernel_Scratch : StaticShapeMemRefOf<[F32, BF16]>;

// An operation that reads its operands but the last and writes the last, its destination. On tensors it returns the destination's
// new value.
class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, !listconcat([
    DestinationStyleOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>], traits)> {
  let hasVerifier = 1;
  code baseClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
  let extraClassDeclaration = baseClassDeclaration;
}

def Kernel_ConvOp : Kernel_Op<"conv", [AttrSizedOperandSegments]> {
  let summary = "convolution by a chosen algorithm, with its prologue and epilogue";
  let description = [{
    ```
    y[n, f, o * output_strides + output_offsets] = activation(bias[f] + residual[same position as y] +
        sum over c, k of w[f, c, k] * p[n, c, o * strides + k * dilations - padding_low])
    p[n, c, i] = input_activation(x[n, c, i] * input_scale[n, c] + input_shift[n, c])
    ```

    with zeros outside of p, for o in [0, output_sizes). Positions of the destination that no o reaches keep their values: the
    phases of a transposed convolution are written into one destination, one after the other. `padding_low` may be negative
    (the convolution then starts inside of x).

    Input: N x ceil(in_channels / B) x I x B, B = 1 (plain) or the vector length V. Result: N x ceil(out_channels / B') x O x B', B'
    likewise. The filter is packed as `algorithm` wants it; the bias is ceil(out_channels / B') x B'. The prologue, which makes p of x, is
    computed where the algorithm reads its input, by those algorithms that can; each of its three parts may be missing. Its factors and
    shifts are ceil(in_channels / B) x B for all images, or N x ceil(in_channels / B) x B. `groups` counts the groups after
    packing has merged those that are smaller than a vector. `tile` is the register tile: output positions by vectors of output channels.
    Algorithms that transform the input do so in tiles of `transform` positions; where `transforms_filter` is there, the filter is packed
    without its transform, which the kernel computes. Where `circular` says so for a dimension, x goes on
    periodically on both sides there instead of with zeros: positions count modulo its size. An algorithm whose packed filter leaves
    weights out finds in `structure` which ones are there. `scratch` is memory to work in: each task that runs has a row of it for that
    time (rows x floats); `prepared` is what a first step computes for all tasks of the second one, such as the transformed input.
    `allocate-scratch` adds both. On a GPU the buffers of input, residual and result may hold numbers of 16 bits (`narrow-activations`):
    kernels compute in f32 and round what they write to the nearest.

    With a `pool`, the result is N x ceil(out_channels / B') x P x B', the pool of y, computed while y lies in the caches, by those
    algorithms that can; y itself is stored where `unpooled` is given, N x ceil(out_channels / B') x O x B', and nowhere else. On tensors the
    second result is the new value of `unpooled`. A pool behind a residual, or of a y that is written apart, is an operation of its own.

    Constraints:
    1. Input, result and residual have rank D + 3; all arrays have D elements; 0 <= D <= 3.
    2. The blocks of input and result hold their channels.
    3. The residual has the shape of the result.
    4. `tile` has two elements, at least 1.
    5. Every written position lies inside the destination.
    6. Strides, dilations, output sizes and output strides are at least 1; kernel sizes at least 0 (a phase may have no tap), and output
       offsets too.
    7. `groups` is at least 1 and divides both numbers of channels.
    8. The bias has the shape blocks x B' of the result's channels.
    9. `transform` has D elements, each at least the kernel size (circular dimensions: at least 1). `transforms_filter` is there only with
       it.
    10. The structure and the prepared memory have one dimension, the scratch memory two.
    11. `circular` has D elements.
    12. The input's scale and shift have the shape blocks x B of the input's channels, or N x blocks x B.
    13. A pool has arrays of D >= 1 elements, kernel sizes, strides and dilations of at least 1; all of its windows begin before the end of O
        and end behind its begin, and P is such that no further one fits.
    14. A convolution with a pool has no residual, output strides of 1 and output offsets of 0.
    15. `unpooled` is there only with a pool, and has the type of the result but for O instead of P.

    Example: 3 x 3, padded by 1, from 12 to 16 channels in vectors of 8, with a register tile of 6 positions by 2 vectors.

    ```mlir
    %y = kernel.conv "direct" ins(%x, %w bias %b) outs(%y0) activation <relu> {in_channels = 12 : i64, out_channels = 16 : i64,
        groups = 1 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
        padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>,
        output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
      : (tensor<1x2x9x9x8xf32>, tensor<1728xf32>, tensor<2x8xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
    ```

    The same with the larger of two neighbours in each dimension, of which the last one has none:

    ```mlir
    %y = kernel.conv "direct" ins(%x, %w bias %b) outs(%y0) activation <relu>
        pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1], padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2>
        {...} : (tensor<1x2x9x9x8xf32>, tensor<1728xf32>, tensor<2x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
    ```
  }];
  let arguments = (ins Kernel_Activations:$input, Kernel_Filter:$filter, Optional<Kernel_Buffer>:$bias,
    Optional<Kernel_Activations>:$residual, Optional<Kernel_IndexBuffer>:$structure,
    Optional<Kernel_Buffer>:$input_scale, Optional<Kernel_Buffer>:$input_shift, Kernel_Activations:$init,
    Optional<Kernel_Buffer>:$unpooled, Optional<Kernel_Scratch>:$scratch, Optional<Kernel_Scratch>:$prepared, StrAttr:$algorithm, I64Attr:$in_channels, I64Attr:$out_channels,
    I64Attr:$groups, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
    DenseI64ArrayAttr:$padding_low, DenseI64ArrayAttr:$output_sizes, DenseI64ArrayAttr:$output_strides,
    DenseI64ArrayAttr:$output_offsets, DenseI64ArrayAttr:$tile, OptionalAttr<DenseI64ArrayAttr>:$transform,
    UnitAttr:$transforms_filter, OptionalAttr<DenseBoolArrayAttr>:$circular, OptionalAttr<Kernel_ActivationAttr>:$input_activation,
    OptionalAttr<Kernel_ActivationAttr>:$activation, OptionalAttr<Kernel_PoolAttr>:$pool);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let extraClassDeclaration = [{
    /// The result's destination, and that of what is pooled where it is kept.
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getInitMutable().getOperandNumber(), getUnpooled() ? 2 : 1);
    }
    /// Whether the input goes through a scale, a shift or an activation.
    bool hasPrologue() { return getInputScale() || getInputShift() || getInputActivation(); }
  }];
  let assemblyFormat = [{
    $algorithm `ins` `(` $input `,` $filter (`bias` $bias^)? (`residual` $residual^)? (`structure` $structure^)?
    (`input_scale` $input_scale^)? (`input_shift` $input_shift^)? `)`
    `outs` `(` $init (`unpooled` $unpooled^)? (`scratch` $scratch^)? (`prepared` $prepared^)? `)`
    (`input_activation` $input_activation^)? (`activation` $activation^)? (`pool` $pool^)? attr-dict `:` functional-type(operands, results)
  }];
}

include "dialects/Kernel/FusedConvolutionOps.td"

def Kernel_PoolOp : Kernel_Op<"pool"> {
  let summary = "pooling of a blocked tensor";
  let description = [{
    The function of `cnn.pool` on blocked tensors: input N x C/V x I x V, result N x C/V x O x V. `padding_low` and `padding_high`
    are those of the network (the high one decides what `count_include_pad` counts). On a GPU the buffers may hold numbers of 16 bits.

    Constraints:
    1. Input and result have the same rank D + 3 with 1 <= D <= 3, batch, channel blocks and vector length; all arrays have D elements.
    2. Kernel sizes, strides and dilations are at least 1.

    Example:

    ```mlir
    %y = kernel.pool max ins(%x) outs(%y0) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
        padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64}
      : (tensor<1x2x8x8x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
    ```
  }];
  let arguments = (ins CNN_PoolKindAttr:$kind, Kernel_Activations:$input, Kernel_Activations:$init, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$padding_low,
    DenseI64ArrayAttr:$padding_high, BoolAttr:$count_include_pad, I64Attr:$p);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `` $kind `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = baseClassDeclaration # [{
    /// Its attributes as one.
    PoolAttr getWindow();
  }];
}

def Kernel_ReorderOp : Kernel_Op<"reorder"> {
  let summary = "between the plain and the blocked layout";
  let description = [{
    Copies a tensor of `channels` channels: plain N x C x I to blocked N x ceil(C / V) x I x V, or back. The ranks tell the
    direction: the blocked side has one dimension more. The elements that fill up the last block are written as zeros.
    N x C in whole blocks of channels are the same elements in the same order: that is canonicalized to a reshape, but of a slice.

    Constraints:
    1. The ranks differ by one, the plain one is at least 2.
    2. Batch, positions and `channels` agree.

    Example:

    ```mlir
    %blocked = kernel.reorder ins(%x) outs(%e0) {channels = 12 : i64}
      : (tensor<1x12x9x9xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
    %plain = kernel.reorder ins(%y) outs(%e1) {channels = 12 : i64}
      : (tensor<1x2x9x9x8xf32>, tensor<1x12x9x9xf32>) -> tensor<1x12x9x9xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init, I64Attr:$channels);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = baseClassDeclaration # [{
    /// Whether the input is plain and the result blocked.
    bool isPack() {
      return ::llvm::cast<::mlir::ShapedType>(getInput().getType()).getRank() <
             ::llvm::cast<::mlir::ShapedType>(getInit().getType()).getRank();
    }
  }];
}

def Kernel_PadOp : Kernel_Op<"pad"> {
  let summary = "extends a tensor of any layout at its borders";
  let description = [{
    The function of `cnn.pad` on the physical dimensions of a tensor.

    Constraints:
    1. `low` and `high` have an element for each dimension; result sizes are input sizes plus both.

    Example: two more columns on each side of a blocked tensor.

    ```mlir
    %y = kernel.pad reflect ins(%x) outs(%y0) {low = array<i64: 0, 0, 0, 2, 0>, high = array<i64: 0, 0, 0, 2, 0>, value = 0.0 : f32}
      : (tensor<1x2x8x8x8xf32>, tensor<1x2x8x12x8xf32>) -> tensor<1x2x8x12x8xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
    CNN_PaddingModeAttr:$mode, F32Attr:$value);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `` $mode `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_ResizeOp : Kernel_Op<"resize"> {
  let summary = "interpolation of a blocked tensor";
  let description = [{
    The function of `cnn.resize` on blocked tensors: input N x C/V x I x V, result N x C/V x O x V.

    Constraints:
    1. Input and result have the same rank D + 3 with 1 <= D <= 3, batch, channel blocks and vector length.

    Example:

    ```mlir
    %y = kernel.resize nearest ins(%x) outs(%y0) {align_corners = false}
      : (tensor<1x2x4x4x8xf32>, tensor<1x2x8x8x8xf32>) -> tensor<1x2x8x8x8xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init, CNN_ResizeModeAttr:$mode, BoolAttr:$align_corners);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `` $mode `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_NormalizeOp : Kernel_Op<"normalize"> {
  let summary = "mean and variance normalisation of contiguous rows";
  let description = [{
    Sees a plain tensor as `rows` contiguous rows: each is shifted and scaled to mean 0 and variance 1 (`epsilon` is added to the
    biased variance), then element j of row r is multiplied by `scale[i]` and shifted by `bias[i]`, with
    `i = (r mod row_period) * (row length / positions) + j / positions`. Group normalisation has rows = N * groups, row_period = groups and
    positions = the number of spatial positions; layer normalisation has row_period = positions = 1.

    Constraints:
    1. Input and result have the same shape, divisible into `rows` rows of a length divisible by `positions`.
    2. Scale and bias have row_period * row length / positions elements.

    Example: group normalisation of 6 channels in 2 groups, and layer normalisation over the last dimension.

    ```mlir
    %y = kernel.normalize ins(%x, %scale, %bias) outs(%y0) {rows = 2 : i64, row_period = 2 : i64, positions = 64 : i64,
        epsilon = 1.0e-05 : f32} : (tensor<1x6x8x8xf32>, tensor<6xf32>, tensor<6xf32>, tensor<1x6x8x8xf32>) -> tensor<1x6x8x8xf32>
    %z = kernel.normalize ins(%t, %s, %b) outs(%z0) {rows = 10 : i64, row_period = 1 : i64, positions = 1 : i64,
        epsilon = 1.0e-05 : f32} : (tensor<1x10x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<1x10x32xf32>) -> tensor<1x10x32xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$scale, Kernel_Buffer:$bias, Kernel_Buffer:$init, I64Attr:$rows,
    I64Attr:$row_period, I64Attr:$positions, F32Attr:$epsilon);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `,` $scale `,` $bias `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_NormalizeChannelsOp : Kernel_Op<"normalize_channels"> {
  let summary = "mean and variance normalisation of the channels at each position";
  let description = [{
    Sees a blocked tensor N x ceil(channels / V) x I x V position by position: its channels are shifted and scaled to mean 0 and variance 1
    (`epsilon` is added to the biased variance), then multiplied by `scale` and shifted by `bias`, which are ceil(channels / V) x V.

    Constraints:
    1. Input and result have the same shape of rank at least 3.
    2. The blocks hold the channels, of which there is at least one.
    3. Scale and bias have the shape blocks x V.

    Example:

    ```mlir
    %y = kernel.normalize_channels ins(%x, %scale, %bias) outs(%y0) {channels = 12 : i64, epsilon = 1.0e-06 : f32}
      : (tensor<1x2x9x9x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$scale, Kernel_Buffer:$bias, Kernel_Buffer:$init, I64Attr:$channels,
    F32Attr:$epsilon);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `,` $scale `,` $bias `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_MomentsOp : Kernel_Op<"moments"> {
  let summary = "mean and squared deviations of each channel of a blocked tensor";
  let description = [{
    Sees the P positions of a blocked tensor N x blocks x I x V in S sections of ceil(P / S) positions, of which the last one may be shorter.
    The result N x blocks x S x 3 x V has for each channel of each section the mean as the sum of two numbers, a large and a small one,
    and the sum of the squared differences from it.

    Constraints:
    1. The input has rank D + 3 with D >= 0, the result rank 5.
    2. The result is N x blocks x S x 3 x V with the N, blocks and V of the input; each section has a position.

    Example:

    ```mlir
    %m = kernel.moments ins(%x) outs(%m0) : (tensor<1x2x9x9x8xf32>, tensor<1x2x1x3x8xf32>) -> tensor<1x2x1x3x8xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_NormalizationFactorsOp : Kernel_Op<"normalization_factors"> {
  let summary = "what normalises groups of channels, from the moments of the channels";
  let description = [{
    From the moments N x blocks x S x 3 x V of `channels` channels of `positions` positions (see kernel.moments) and the channels' `scale` and
    `bias`, computes what gives each of `groups` groups of channels mean 0 and variance 1 (`epsilon` is added to the biased variance) and
    each channel its scale and bias:

    ```
    y = (x - mean) * factor + offset
    ```

    The result 3 x N x blocks x V has means, factors and offsets. What fills up the last block isn't written.

    Constraints:
    1. The moments have the shape N x blocks x S x 3 x V of S sections of the positions, the result 3 x N x blocks x V.
    2. The blocks hold the channels.
    3. `groups` is at least 1 and divides the channels.
    4. Scale and bias have an element for each channel.

    Example: 12 channels in 3 groups.

    ```mlir
    %f = kernel.normalization_factors ins(%m, %scale, %bias) outs(%f0) {channels = 12 : i64, groups = 3 : i64, positions = 81 : i64,
        epsilon = 1.0e-05 : f32} : (tensor<1x2x1x3x8xf32>, tensor<12xf32>, tensor<12xf32>, tensor<3x1x2x8xf32>) -> tensor<3x1x2x8xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$scale, Kernel_Buffer:$bias, Kernel_Buffer:$init, I64Attr:$channels,
    I64Attr:$groups, I64Attr:$positions, F32Attr:$epsilon);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `,` $scale `,` $bias `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_LrnOp : Kernel_Op<"lrn"> {
  let summary = "local response normalisation of a plain tensor";
  let description = [{
    The function of `cnn.lrn` on a plain tensor N x C x I.

    Constraints:
    1. Input and result have the same shape of rank at least 2.

    Example:

    ```mlir
    %y = kernel.lrn ins(%x) outs(%y0) {size = 5 : i64, alpha = 1.0e-04 : f32, beta = 0.75 : f32, k = 1.0 : f32}
      : (tensor<1x96x8x8xf32>, tensor<1x96x8x8xf32>) -> tensor<1x96x8x8xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init, I64Attr:$size, F32Attr:$alpha, F32Attr:$beta, F32Attr:$k);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_SoftmaxOp : Kernel_Op<"softmax"> {
  let summary = "softmax of a plain tensor";
  let description = [{
    The function of `cnn.softmax` on a plain tensor, of `scale * input + addend`: the scores of attention and its mask. (`scale` is 1 where
    it isn't given.)

    Constraints:
    1. Input and result have the same shape; 0 <= axis < rank.
    2. The addend has the rank of the input, and each of its dimensions is the input's or 1. Only along the last axis is there one, or a
       scale other than 1.

    Example:

    ```mlir
    %y = kernel.softmax ins(%x add %mask) outs(%y0) {axis = 3 : i64, log = false, scale = 1.250000e-01 : f32}
      : (tensor<1x12x64x64xf32>, tensor<1x1x1x64xf32>, tensor<1x12x64x64xf32>) -> tensor<1x12x64x64xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Optional<Kernel_Buffer>:$addend, Kernel_Buffer:$init, I64Attr:$axis, BoolAttr:$log,
    DefaultValuedAttr<F32Attr, "1.0f">:$scale);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input (`add` $addend^)? `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_MatmulOp : Kernel_Op<"matmul"> {
  let summary = "products of matrices that the network computes";
  let description = [{
    ```
    y[b, m, n] = sum over k of left[b, m, k] * right[b, k, n]
    ```

    on plain tensors, for any number of batch dimensions b. A batch dimension of size 1 of an input repeats. The products are added in the
    order of k.

    Constraints:
    1. Both inputs and the result have the same rank of at least 2.
    2. `left` is B x M x K, `right` B x K x N and the result B x M x N.
    3. Each batch dimension of an input is that of the result or 1.

    Example: the scores of attention, for 12 heads of 197 positions.

    ```mlir
    %y = kernel.matmul ins(%q, %k) outs(%y0) : (tensor<1x12x197x64xf32>, tensor<1x12x64x197xf32>, tensor<1x12x197x197xf32>) -> tensor<1x12x197x197xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$left, Kernel_Buffer:$right, Kernel_Buffer:$init);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $left `,` $right `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_SlotOp : Op<Kernel_Dialect, "slot"> {
  let summary = "a place to work in, for one task of a parallel loop";
  let description = [{
    A number from 0 to `count` - 1 that no other task of the loop around it has at the same time. `convert-parallel-to-runtime` makes it
    the number that the pool gives to its threads, which find the memory of that place in their caches.

    Constraints:
    1. It stands in an `scf.forall`; `count` is at least 1.

    Example:

    ```mlir
    scf.forall (%task) in (14) {
      %slot = kernel.slot 8
      func.call @kernel_conv1(%task, %slot, %x, %scratch) : (index, index, memref<...>, memref<8x512xf32>) -> ()
    }
    ```
  }];
  let arguments = (ins I64Attr:$count);
  let results = (outs Index:$slot);
  let assemblyFormat = "$count attr-dict";
  let hasVerifier = 1;
}

#endif
