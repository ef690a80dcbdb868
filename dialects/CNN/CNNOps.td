// The operations of the cnn dialect.

#ifndef TOEPLITZ_DIALECTS_CNN_CNNOPS_TD
#define TOEPLITZ_DIALECTS_CNN_CNNOPS_TD

include "dialects/CNN/CNNDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// Every tensor of a network has a static shape and at least one element; the element type is f32.
def CNN_Tensor : ConfinedType<StaticShapeTensorOf<[F32]>,
    [CPred<"!::llvm::is_contained(::llvm::cast<::mlir::ShapedType>($_self).getShape(), 0)">],
    "statically shaped, non-empty tensor of f32", "::mlir::RankedTensorType">;

// Checks the numbered constraints of an operation's description. It stands before the traits that compare the result type
// with the inferred one, so that a mistake is reported once, by its number.
def CNN_ConstraintsHold : NativeOpTrait<"ConstraintsHold"> {
  let cppNamespace = "::toeplitz::cnn";
}

class CNN_Op<string mnemonic, list<Trait> traits = [InferTypeOpAdaptor]> :
    Op<CNN_Dialect, mnemonic, !listconcat([CNN_ConstraintsHold, Pure], traits)>;

def CNN_ConvOp : CNN_Op<"conv"> {
  let summary = "convolution over zero to three spatial dimensions";
  let description = [{
    The cross-correlation that deep learning calls convolution, for each image `n`, output channel `f` and output
    position `o` (a vector over the D spatial dimensions):

    ```
    y[n, f, o] = b[f] + sum over c in [0, C/G), k in [0, K) of
                 w[f, c, k] * x~[n, (f / (F/G)) * (C/G) + c, o * stride + k * dilation - padding_low]
    ```

    where `x~` is `x` with the positions outside of it given by `padding_mode`. D = 0 is a dense (fully connected)
    layer, G = C a depthwise convolution.

    Shapes: input N x C x I, filter F x C/G x K, bias F, result N x F x O, with O from `windowOutputSize`
    (dialects/CNN/Window.h).

    Constraints:
    1. The input has rank 2 + D with 0 <= D <= 3, and the filter has the same rank.
    2. `strides`, `dilations`, `padding_low` and `padding_high` have D elements.
    3. Kernel sizes, strides and dilations are at least 1; paddings at least 0.
    4. `groups` is at least 1 and divides C and F.
    5. The filter's dimension 1 is C / groups.
    6. The bias, if there is one, has shape F.
    7. Every output size is at least 1.
    8. `reflect` padding is less than the input size, `circular` padding at most the input size, in each dimension.

    Example:

    ```mlir
    %y = cnn.conv %x, %w bias %b strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
      : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>
    ```

    Source: ONNX operator Conv (opset 22); PyTorch torch.nn.Conv1d/2d/3d.
  }];
  let arguments = (ins CNN_Tensor:$input, CNN_Tensor:$filter, Optional<CNN_Tensor>:$bias,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$padding_low,
    DenseI64ArrayAttr:$padding_high, I64Attr:$groups, CNN_PaddingModeAttr:$padding_mode);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`bias` $bias^)? `strides` $strides `dilations` $dilations `padding` $padding_low `to` $padding_high
    `groups` $groups `` $padding_mode attr-dict `:` functional-type(operands, results)
  }];
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The number of spatial dimensions, 0 to 3.
    int64_t getSpatialRank() { return getInput().getType().getRank() - 2; }
  }];
}

def CNN_ConvTransposeOp : CNN_Op<"conv_transpose"> {
  let summary = "transposed convolution over one to three spatial dimensions";
  let description = [{
    The adjoint of a convolution with the same parameters: each input value is spread over the output through the kernel.

    ```
    y[n, f, o] = b[f] + sum over c, k, i with o = i * stride + k * dilation - padding_low of w[c, f', k] * x[n, c, i]
    ```

    with c over the input channels of f's group and f' = f mod (F/G).

    Shapes: input N x C x I, filter C x F/G x K, bias F, result N x F x O, with O from `transposedOutputSize`.

    Constraints:
    1. The input has rank 2 + D with 1 <= D <= 3, and the filter has the same rank.
    2. All arrays have D elements.
    3. Kernel sizes, strides and dilations are at least 1; paddings and output paddings at least 0.
    4. `groups` is at least 1 and divides C.
    5. The filter's dimension 0 is C.
    6. The bias, if there is one, has shape F = groups * filter dimension 1.
    7. Every output size is at least 1.
    8. Each output padding is less than the stride or the dilation of its dimension.

    Example:

    ```mlir
    %y = cnn.conv_transpose %x, %w strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] output_padding [1, 1] groups 1
      : (tensor<1x16x4x4xf32>, tensor<16x8x3x3xf32>) -> tensor<1x8x8x8xf32>
    ```

    Source: ONNX operator ConvTranspose (opset 22); PyTorch torch.nn.ConvTranspose1d/2d/3d.
  }];
  let arguments = (ins CNN_Tensor:$input, CNN_Tensor:$filter, Optional<CNN_Tensor>:$bias,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$padding_low,
    DenseI64ArrayAttr:$padding_high, DenseI64ArrayAttr:$output_padding, I64Attr:$groups);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`bias` $bias^)? `strides` $strides `dilations` $dilations `padding` $padding_low `to` $padding_high
    `output_padding` $output_padding `groups` $groups attr-dict `:` functional-type(operands, results)
  }];
}

def CNN_PoolOp : CNN_Op<"pool"> {
  let summary = "max, average or Lp pooling over one to three spatial dimensions";
  let description = [{
    Reduces each channel over windows of `kernel` positions, `dilations` apart:

    - `max`: the largest value of the window's positions inside the input;
    - `average`: their mean; with `count_include_pad` the divisor counts the positions in the padding as zeros of the
      input (but never those that only `ceil_mode` adds beyond it);
    - `lp`: `(sum |x|^p)^(1/p)`.

    With `ceil_mode` the output size is rounded up, and a window that would start beyond the input and its low padding is
    left out.

    Shapes: input N x C x I, result N x C x O, with O from `windowOutputSize`.

    Constraints:
    1. The input has rank 2 + D with 1 <= D <= 3.
    2. All arrays have D elements.
    3. Kernel sizes, strides and dilations are at least 1; paddings at least 0.
    4. Each padding is less than the reach of the kernel, (kernel - 1) * dilation + 1.
    5. Every output size is at least 1.
    6. `p` is at least 1.
    7. Every window has a position inside the input (only a dilation beyond the input size can violate it).

    Example:

    ```mlir
    %y = cnn.pool average %x kernel [3, 3] strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] {count_include_pad = true}
      : (tensor<1x16x8x8xf32>) -> tensor<1x16x4x4xf32>
    ```

    Source: ONNX operators MaxPool, AveragePool, LpPool (opset 22); PyTorch torch.nn.MaxPool2d, AvgPool2d.
  }];
  let arguments = (ins CNN_PoolKindAttr:$kind, CNN_Tensor:$input, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$padding_low,
    DenseI64ArrayAttr:$padding_high, DefaultValuedAttr<BoolAttr, "false">:$ceil_mode,
    DefaultValuedAttr<BoolAttr, "false">:$count_include_pad, DefaultValuedAttr<I64Attr, "2">:$p);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = [{
    `` $kind $input `kernel` $kernel `strides` $strides `dilations` $dilations `padding` $padding_low `to` $padding_high
    attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def CNN_GlobalPoolOp : CNN_Op<"global_pool"> {
  let summary = "pooling whose window is the whole input";
  let description = [{
    Canonicalises to `cnn.pool` with a window as large as the input. Shapes: input N x C x I, result N x C x 1.

    Constraints:
    1. The input has rank 2 + D with 1 <= D <= 3.
    2. `p` is at least 1.

    Example:

    ```mlir
    %y = cnn.global_pool average %x : (tensor<1x16x4x4xf32>) -> tensor<1x16x1x1xf32>
    ```

    Source: ONNX operators GlobalMaxPool, GlobalAveragePool, GlobalLpPool (opset 22).
  }];
  let arguments = (ins CNN_PoolKindAttr:$kind, CNN_Tensor:$input, DefaultValuedAttr<I64Attr, "2">:$p);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = "`` $kind $input attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizer = 1;
}

def CNN_PadOp : CNN_Op<"pad"> {
  let summary = "extends a tensor at its borders";
  let description = [{
    Adds `low[d]` positions before and `high[d]` after each dimension d of the tensor (batch and channels included). Their
    values are `value` (`zeros`), those of the opposite border (`circular`), the mirror image without the border itself
    (`reflect`), or the border's (`replicate`).

    Constraints:
    1. `low` and `high` have one element for each dimension, at least 0.
    2. `reflect` padding is less than the input size, `circular` padding at most the input size.
    3. `value` is other than 0 only in mode `zeros`.

    Example:

    ```mlir
    %y = cnn.pad %x low [0, 0, 1, 1] high [0, 0, 2, 2] reflect : (tensor<1x3x8x8xf32>) -> tensor<1x3x11x11xf32>
    ```

    Source: ONNX operator Pad (opset 23); PyTorch torch.nn.functional.pad.
  }];
  let arguments = (ins CNN_Tensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, CNN_PaddingModeAttr:$mode,
    DefaultValuedAttr<F32Attr, "0.0">:$value);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = "$input `low` $low `high` $high `` $mode attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def CNN_BatchNormOp : CNN_Op<"batch_norm"> {
  let summary = "batch normalisation with fixed statistics";
  let description = [{
    `y = (x - mean[c]) / sqrt(variance[c] + epsilon) * scale[c] + bias[c]`. Shapes: input N x C x I, the others C.

    Constraints:
    1. The input has rank at least 2.
    2. Scale, bias, mean and variance have shape C.
    3. `epsilon` is at least 0.

    Example:

    ```mlir
    %y = cnn.batch_norm %x scale %g bias %b mean %m variance %v epsilon 1.0e-05
      : (tensor<1x3x8xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x3x8xf32>
    ```

    Source: Ioffe and Szegedy 2015 (arXiv:1502.03167); ONNX operator BatchNormalization (opset 15).
  }];
  let arguments = (ins CNN_Tensor:$input, CNN_Tensor:$scale, CNN_Tensor:$bias, CNN_Tensor:$mean, CNN_Tensor:$variance,
    F32Attr:$epsilon);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = [{
    $input `scale` $scale `bias` $bias `mean` $mean `variance` $variance `epsilon` $epsilon attr-dict `:`
    functional-type(operands, results)
  }];
}

def CNN_GroupNormOp : CNN_Op<"group_norm"> {
  let summary = "normalisation over the channels of a group and all positions";
  let description = [{
    For each image and each group of C / groups channels: subtracts the mean over the group's channels and all spatial
    positions, divides by sqrt(variance + epsilon) (biased variance), then scales and shifts each channel. With
    groups = C it is instance normalisation. Shapes: input N x C x I, scale and bias C.

    Constraints:
    1. The input has rank at least 2.
    2. `groups` is at least 1 and divides C.
    3. Scale and bias have shape C.
    4. `epsilon` is at least 0.

    Example:

    ```mlir
    %y = cnn.group_norm %x scale %g bias %b groups 2 epsilon 1.0e-05
      : (tensor<1x4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
    ```

    Source: Wu and He 2018 (arXiv:1803.08494); Ulyanov et al. 2016 (arXiv:1607.08022); ONNX GroupNormalization (opset 21).
  }];
  let arguments = (ins CNN_Tensor:$input, CNN_Tensor:$scale, CNN_Tensor:$bias, I64Attr:$groups,
    F32Attr:$epsilon);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = [{
    $input `scale` $scale `bias` $bias `groups` $groups `epsilon` $epsilon attr-dict `:`
    functional-type(operands, results)
  }];
}

def CNN_LayerNormOp : CNN_Op<"layer_norm"> {
  let summary = "normalisation over consecutive dimensions";
  let description = [{
    Normalises over dimensions `axis` to `end` - 1, the trailing ones if there is no `end`, for each index of the others: subtracts their
    mean, divides by sqrt(variance + epsilon) (biased), then scales and shifts elementwise. Shapes: input any; scale and bias the input's
    dimensions from `axis` to `end` - 1. Axis 1 to 2 normalises the channels at each position.

    Constraints:
    1. 0 <= axis < rank, and axis < end <= rank.
    2. Scale and bias have the shape of the input's dimensions that are normalised.
    3. `epsilon` is at least 0.

    Example:

    ```mlir
    %y = cnn.layer_norm %x scale %g bias %b axis 1 epsilon 1.0e-05
      : (tensor<1x4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<1x4x8xf32>
    %z = cnn.layer_norm %x scale %c bias %c axis 1 to 2 epsilon 1.0e-05
      : (tensor<1x4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
    ```

    Source: Ba et al. 2016 (arXiv:1607.06450); ONNX operator LayerNormalization (opset 17).
  }];
  let arguments = (ins CNN_Tensor:$input, CNN_Tensor:$scale, CNN_Tensor:$bias, I64Attr:$axis,
    OptionalAttr<I64Attr>:$end, F32Attr:$epsilon);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = [{
    $input `scale` $scale `bias` $bias `axis` $axis (`to` $end^)? `epsilon` $epsilon attr-dict `:`
    functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// The dimension behind the last one that is normalised.
    int64_t getEndAxis() {
      return getEnd() ? static_cast<int64_t>(*getEnd()) : getInput().getType().getRank();
    }
  }];
}

def CNN_LrnOp : CNN_Op<"lrn"> {
  let summary = "local response normalisation across channels";
  let description = [{
    `y[n,c,i] = x[n,c,i] / (k + alpha / size * sum of x[n,j,i]^2)^beta`, j over the channels from
    `c - floor((size-1)/2)` to `c + ceil((size-1)/2)` that exist. Shapes: input N x C x I.

    Constraints:
    1. The input has rank at least 2.
    2. `size` is at least 1.

    Example:

    ```mlir
    %y = cnn.lrn %x size 5 alpha 1.0e-04 beta 7.5e-01 k 1.0 : (tensor<1x96x27x27xf32>) -> tensor<1x96x27x27xf32>
    ```

    Source: Krizhevsky et al. 2012, section 3.3; ONNX operator LRN (opset 13).
  }];
  let arguments = (ins CNN_Tensor:$input, I64Attr:$size, F32Attr:$alpha, F32Attr:$beta, F32Attr:$k);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = [{
    $input `size` $size `alpha` $alpha `beta` $beta `k` $k attr-dict `:` functional-type(operands, results)
  }];
}

def CNN_ActivationOp : CNN_Op<"activation", [Elementwise, SameOperandsAndResultType]> {
  let summary = "elementwise non-linear function";
  let description = [{
    | kind | function | alpha, beta |
    |---|---|---|
    | relu | max(x, 0) | |
    | leaky_relu | x >= 0 ? x : alpha x | slope |
    | clip | min(max(x, alpha), beta) | low, high |
    | sigmoid | 1 / (1 + exp(-x)) | |
    | tanh | tanh(x) | |
    | elu | x > 0 ? x : alpha (exp(x) - 1) | scale |
    | selu | beta (x > 0 ? x : alpha (exp(x) - 1)) | 1.67326324, 1.05070098 |
    | celu | max(0, x) + min(0, alpha (exp(x / alpha) - 1)) | scale |
    | gelu | x/2 (1 + erf(x / sqrt 2)) | |
    | gelu_tanh | x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) | |
    | silu | x sigmoid(x) | |
    | mish | x tanh(log(1 + exp(x))) | |
    | softplus | log(1 + exp(x)) | |
    | softsign | x / (1 + abs(x)) | |
    | hard_sigmoid | min(max(alpha x + beta, 0), 1) | slope, offset |
    | hard_swish | x min(max(x/6 + 1/2, 0), 1) | |

    Constraints:
    1. `clip` has alpha <= beta.
    2. `celu` has alpha other than 0.

    Example:

    ```mlir
    %y = cnn.activation clip %x {alpha = 0.0 : f32, beta = 6.0 : f32} : tensor<1x16x4x4xf32>
    ```

    Source: ONNX operators of the same names (opset 22).
  }];
  let arguments = (ins CNN_ActivationKindAttr:$kind, CNN_Tensor:$input, DefaultValuedAttr<F32Attr, "0.0">:$alpha,
    DefaultValuedAttr<F32Attr, "0.0">:$beta);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = "`` $kind $input attr-dict `:` type($input)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def CNN_PreluOp : CNN_Op<"prelu"> {
  let summary = "leaky rectifier with a slope for each channel";
  let description = [{
    `y = x >= 0 ? x : slope[c] x`. Shapes: input N x C x I, slope C.

    Constraints:
    1. The input has rank at least 2.
    2. The slope has shape C.

    Example:

    ```mlir
    %y = cnn.prelu %x slope %a : (tensor<1x16x4x4xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>
    ```

    Source: He et al. 2015 (arXiv:1502.01852); PyTorch torch.nn.PReLU.
  }];
  let arguments = (ins CNN_Tensor:$input, CNN_Tensor:$slope);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = "$input `slope` $slope attr-dict `:` functional-type(operands, results)";
}

def CNN_SoftmaxOp : CNN_Op<"softmax", [SameOperandsAndResultType]> {
  let summary = "normalised exponentials along one dimension";
  let description = [{
    `y = exp(x - max) / sum(exp(x - max))` along dimension `axis`, or its logarithm if `log` is set.

    Constraints:
    1. 0 <= axis < rank.

    Example:

    ```mlir
    %y = cnn.softmax %x axis 1 {log} : tensor<1x10xf32>
    ```

    Source: ONNX operators Softmax, LogSoftmax (opset 13).
  }];
  let arguments = (ins CNN_Tensor:$input, I64Attr:$axis, UnitAttr:$log);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($input)";
}

def CNN_ResizeOp : CNN_Op<"resize"> {
  let summary = "changes the spatial sizes by interpolation";
  let description = [{
    Position o of an output of size O reads position x of an input of size I, in each spatial dimension:

    - `nearest`: x = floor(o * I / O);
    - `linear`: x = max(0, (o + 1/2) * I / O - 1/2), or o * (I - 1) / (O - 1) with `align_corners` (0 when O = 1), between the
      two neighbours of x, the upper one clamped to I - 1.

    Shapes: input N x C x I, result N x C x O with O = `sizes`.

    Constraints:
    1. The input has rank 2 + D with 1 <= D <= 3.
    2. `sizes` has D elements, at least 1.
    3. `align_corners` only with `linear`.

    Example:

    ```mlir
    %y = cnn.resize %x to [8, 8] linear {align_corners} : (tensor<1x16x4x4xf32>) -> tensor<1x16x8x8xf32>
    ```

    Source: PyTorch torch.nn.functional.interpolate, modes nearest and linear, bilinear, trilinear.
  }];
  let arguments = (ins CNN_Tensor:$input, DenseI64ArrayAttr:$sizes, CNN_ResizeModeAttr:$mode, UnitAttr:$align_corners);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = "$input `to` $sizes `` $mode attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def CNN_BroadcastOp : CNN_Op<"broadcast"> {
  let summary = "repeats dimensions of size one";
  let description = [{
    Repeats each dimension of size 1 to the size of the result. Gives the elementwise operations of `arith` and `math`, which
    take operands of one shape, the broadcasting that networks use.

    Constraints:
    1. Input and result have the same rank.
    2. Each input dimension is 1 or that of the result.

    Example:

    ```mlir
    %y = cnn.broadcast %x to [1, 16, 4, 4] : (tensor<1x16x1x1xf32>) -> tensor<1x16x4x4xf32>
    ```

    Source: numpy's broadcasting rules, after the ranks are made equal.
  }];
  let arguments = (ins CNN_Tensor:$input, DenseI64ArrayAttr:$sizes);
  let results = (outs CNN_Tensor:$result);
  let assemblyFormat = "$input `to` $sizes attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

#endif
