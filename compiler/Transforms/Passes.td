// The passes from cnn to cnn, in alphabetical order.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_PASSES_TD
#define TOEPLITZ_COMPILER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ExpandPadding : Pass<"expand-padding", "::mlir::ModuleOp"> {
  let summary = "makes circular, reflecting and replicating padding explicit";
  let description = [{
    Splits a convolution whose `padding_mode` is `circular`, `reflect` or `replicate` into a `cnn.pad` and a convolution
    without padding, so that later stages know of zeros alone.

    Before:

    ```mlir
    %y = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [2] groups 1 circular
      : (tensor<1x4x8xf32>, tensor<4x4x4xf32>) -> tensor<1x4x8xf32>
    ```

    After:

    ```mlir
    %0 = cnn.pad %x low [0, 0, 1] high [0, 0, 2] circular : (tensor<1x4x8xf32>) -> tensor<1x4x11xf32>
    %y = cnn.conv %0, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
      : (tensor<1x4x11xf32>, tensor<4x4x4xf32>) -> tensor<1x4x8xf32>
    ```
  }];
  let dependentDialects = ["::toeplitz::cnn::CNNDialect"];
}

def FoldBatchNorm : Pass<"fold-batch-norm", "::mlir::ModuleOp"> {
  let summary = "folds batch normalisation into convolutions";
  let description = [{
    With fixed statistics, batch normalisation scales and shifts each channel:

    ```
    y = s[c] x + t[c]   with   s = scale / sqrt(variance + epsilon),   t = bias - mean s
    ```

    After a convolution (transposed or not) that nobody else reads, s goes into the filter and t into the bias:
    `w'[f] = s[f] w[f]`, `b' = s b + t`. All of it is computed once, in double precision, on blobs: the new constants are
    called after the old ones, with `.folded` appended.

    A batch normalisation anywhere else keeps its place in the simplest form, `scale` = s and `bias` = t, with mean 0, variance 1
    and epsilon 0: later stages need to know of a scale and a shift alone. One with operands that aren't constant stays as
    it is.

    Before:

    ```mlir
    %0 = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x8xf32>
    %y = cnn.batch_norm %0 scale %g bias %b mean %m variance %v epsilon 1.0e-05
      : (tensor<1x4x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
    ```

    After:

    ```mlir
    %w1 = arith.constant dense_resource<"conv1.weight.folded"> : tensor<4x3x3xf32>
    %b1 = arith.constant dense_resource<"conv1.bias.folded"> : tensor<4xf32>
    %y = cnn.conv %x, %w1 bias %b1 strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x3x8xf32>, tensor<4x3x3xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::toeplitz::cnn::CNNDialect"];
}

def SplitSeparable : Pass<"split-separable", "::mlir::ModuleOp"> {
  let summary = "splits filters that are outer products into convolutions over one dimension each";
  let description = [{
    With w[i, j] = u[i] v[j], a convolution by w is one by u over the rows and then one by v over the columns: K1 + K2
    multiplications instead of K1 K2 for each output. Padding (of every mode), stride and dilation of a dimension go with its
    factor. The same in three dimensions, one after the other.

    It is done where all filters of a layer are outer products, where each group has one input channel or one output channel, and
    where the whole layer then takes fewer multiplications, each value between the two convolutions counted as
    `intermediate-cost` of them: it is stored and loaded once more. (With 12, the 3 x 3 filters stay whole, and 5 x 5 is the
    smallest that is split.) A filter counts as an outer product if that of its factors, in
    float32, is nowhere further from it than two units in the last place of its largest weight. The new constants are called
    after the old one, with `.depth`, `.vertical` and `.horizontal` appended (`.plane` for what remains of three dimensions
    and isn't an outer product itself), the new layers likewise, but for the last one, which keeps the name.

    Before:

    ```mlir
    %y = cnn.conv %x, %w bias %b strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 3 replicate
      : (tensor<1x3x8x8xf32>, tensor<3x1x3x3xf32>, tensor<3xf32>) -> tensor<1x3x8x8xf32>
    ```

    After:

    ```mlir
    %u = arith.constant dense_resource<"blur.weight.vertical"> : tensor<3x1x3x1xf32>
    %v = arith.constant dense_resource<"blur.weight.horizontal"> : tensor<3x1x1x3xf32>
    %0 = cnn.conv %x, %u strides [1, 1] dilations [1, 1] padding [1, 0] to [1, 0] groups 3 replicate
      : (tensor<1x3x8x8xf32>, tensor<3x1x3x1xf32>) -> tensor<1x3x8x8xf32>
    %y = cnn.conv %0, %v bias %b strides [1, 1] dilations [1, 1] padding [0, 1] to [0, 1] groups 3 replicate
      : (tensor<1x3x8x8xf32>, tensor<3x1x1x3xf32>, tensor<3xf32>) -> tensor<1x3x8x8xf32>
    ```

    Source: Golub, Van Loan, Matrix Computations (4th edition, 2013), sections 2.4 and 7.3.
  }];
  let options = [Option<"intermediateCost", "intermediate-cost", "int64_t", "12",
    "multiplications that a value between the two convolutions counts as">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::toeplitz::cnn::CNNDialect"];
}

#endif
