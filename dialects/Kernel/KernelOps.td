// The operations of the kernel dialect.

#ifndef TOEPLITZ_DIALECTS_KERNEL_KERNELOPS_TD
#define TOEPLITZ_DIALECTS_KERNEL_KERNELOPS_TD

include "dialects/Kernel/KernelDialect.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// A tensor of the network before bufferization, a buffer after it.
def Kernel_Buffer : AnyTypeOf<[StaticShapeTensorOf<[F32]>, StaticShapeMemRefOf<[F32]>]>;

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
  let summary = "convolution by a chosen algorithm, with its epilogue";
  let description = [{
    ```
    y[n, f, o * output_strides + output_offsets] = activation(bias[f] + residual[same position as y] +
        sum over c, k of w[f, c, k] * x[n, c, o * strides + k * dilations - padding_low])
    ```

    with zeros outside of x, for o in [0, output_sizes). Positions of the destination that no o reaches keep their values: the
    phases of a transposed convolution are written into one destination, one after the other. `padding_low` may be negative
    (the convolution then starts inside of x).

    Input: N x ceil(in_channels / B) x I x B, B = 1 (plain) or the vector length V. Result: N x ceil(out_channels / V) x O x V. The
    filter is packed as `algorithm` wants it; the bias is ceil(out_channels / V) x V. `groups` counts the groups after packing has
    merged those that are smaller than a vector. `tile` is the register tile: output positions by vectors of output channels.

    Constraints:
    1. Input, result and residual have rank D + 3; all arrays have D elements; 0 <= D <= 3.
    2. The blocks of input and result hold their channels.
    3. The residual has the type of the result.
    4. `tile` has two elements, at least 1.
    5. Every written position lies inside the destination.
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$filter, Optional<Kernel_Buffer>:$bias,
    Optional<Kernel_Buffer>:$residual, Kernel_Buffer:$init, StrAttr:$algorithm, I64Attr:$in_channels, I64Attr:$out_channels,
    I64Attr:$groups, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
    DenseI64ArrayAttr:$padding_low, DenseI64ArrayAttr:$output_sizes, DenseI64ArrayAttr:$output_strides,
    DenseI64ArrayAttr:$output_offsets, DenseI64ArrayAttr:$tile, OptionalAttr<Kernel_ActivationAttr>:$activation);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    $algorithm `ins` `(` $input `,` $filter (`bias` $bias^)? (`residual` $residual^)? `)` `outs` `(` $init `)`
    (`activation` $activation^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_PoolOp : Kernel_Op<"pool"> {
  let summary = "pooling of a blocked tensor";
  let description = [{
    The function of `cnn.pool` on blocked tensors: input N x C/V x I x V, result N x C/V x O x V. `padding_low` and `padding_high`
    are those of the network (the high one decides what `count_include_pad` counts).

    Constraints:
    1. Input and result have the same rank D + 3, batch, channel blocks and vector length; all arrays have D elements.
  }];
  let arguments = (ins CNN_PoolKindAttr:$kind, Kernel_Buffer:$input, Kernel_Buffer:$init, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$padding_low,
    DenseI64ArrayAttr:$padding_high, BoolAttr:$count_include_pad, I64Attr:$p);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    $kind `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_ReorderOp : Kernel_Op<"reorder"> {
  let summary = "between the plain and the blocked layout";
  let description = [{
    Copies a tensor of `channels` channels: plain N x C x I to blocked N x ceil(C / V) x I x V, or back. The ranks tell the
    direction: the blocked side has one dimension more. The elements that fill up the last block are written as zeros.

    Constraints:
    1. The ranks differ by one, the plain one is at least 2.
    2. Batch, positions and `channels` agree.
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init, I64Attr:$channels);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
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
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
    CNN_PaddingModeAttr:$mode, F32Attr:$value);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    $mode `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_ResizeOp : Kernel_Op<"resize"> {
  let summary = "interpolation of a blocked tensor";
  let description = [{
    The function of `cnn.resize` on blocked tensors: input N x C/V x I x V, result N x C/V x O x V.

    Constraints:
    1. Input and result have the same rank D + 3, batch, channel blocks and vector length.
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init, CNN_ResizeModeAttr:$mode, BoolAttr:$align_corners);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    $mode `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
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
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$scale, Kernel_Buffer:$bias, Kernel_Buffer:$init, I64Attr:$rows,
    I64Attr:$row_period, I64Attr:$positions, F32Attr:$epsilon);
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
    The function of `cnn.softmax` on a plain tensor.

    Constraints:
    1. Input and result have the same shape; 0 <= axis < rank.
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$init, I64Attr:$axis, BoolAttr:$log);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `)` `outs` `(` $init `)` attr-dict `:` functional-type(operands, results)
  }];
}

#endif
