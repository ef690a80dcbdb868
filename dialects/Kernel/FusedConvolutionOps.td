// Operations that are several convolutions at once.

#ifndef TOEPLITZ_DIALECTS_KERNEL_FUSEDCONVOLUTIONOPS_TD
#define TOEPLITZ_DIALECTS_KERNEL_FUSEDCONVOLUTIONOPS_TD

def Kernel_SeparableConvOp : Kernel_Op<"separable_conv", [AttrSizedOperandSegments]> {
  let summary = "a depthwise convolution with the pointwise ones before and behind it, a few rows at a time";
  let description = [{
    ```
    e[n, c, i] = expansion_activation(expansion_bias[c] + sum over b of u[c, b] * x[n, b, i])
    h[n, c, o] = depthwise_activation(depthwise_bias[c] + sum over k of v[c, k] * e[n, c, o * strides + k * dilations - padding_low])
    y[n, f, o] = activation(bias[f] + residual[n, f, o] + sum over c of w[f, c] * h[n, c, o])
    ```

    with zeros outside of e. One of the pointwise convolutions may be missing: e is x without the filter u, y is h without w. Some rows of e
    and h are computed and multiplied while they lie in the caches: neither is ever stored as a whole. The rows of e that the windows of
    several rows of h share are kept in a ring, row i at place i modulo its length; each task begins with an empty one.
    Sources: Howard et al., MobileNets (arXiv:1704.04861), section 3.1, for the pair; Sandler et al., MobileNetV2 (arXiv:1801.04381),
    section 3.3, for the three, the inverted residual block.

    Input: N x ceil(B / V) x I x V, of B = `in_channels` where there is an expansion and of the C = `channels` of the depthwise convolution
    where there is none. Result: N x ceil(F / V) x O x V. Filters are packed as the algorithms `depthwise` and `pointwise` want them, or w,
    of bfloat16 numbers then, as `bf16x3` does; the biases are ceil(C / V) x V and ceil(F / V) x V. `depthwise_tile` is the number of output
    positions that the depthwise convolution keeps in registers, `expansion_tile` and `tile` are the register tiles of the pointwise ones,
    `tile` by `bf16x3` the positions of a tile register and the vectors of a block of the filter; `rows` of the result are computed at a time
    (a row is a run of positions along the last dimension). `scratch` is memory to work in: each task that runs has a row of it (rows x floats).

    Constraints:
    1. Input, result and residual have the same rank D + 3 with 1 <= D <= 3; all arrays have D elements.
    2. Input and result hold their channels in blocks of one length, the result O positions and N images.
    3. The residual has the type of the result.
    4. `expansion_tile` and `tile` have two elements; they, `depthwise_tile` and `rows` are at least 1. With w of bfloat16 numbers `tile` is
       at most 16 and 2.
    5. Kernel sizes, strides and dilations are at least 1.
    6. The biases have the shape blocks x V of their channels.
    7. The scratch memory has two dimensions.
    8. There is an expansion or a pointwise convolution behind; what belongs to one that is missing is missing, too, and F is C then.
    9. An expansion has D = 2.

    Example:

    ```mlir
    %y = kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w bias %b) outs(%y0) depthwise_activation <relu6>
        {channels = 12 : i64, out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
        padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>, rows = 9 : i64}
      : (tensor<1x2x9x9x8xf32>, tensor<144xf32>, tensor<2x8xf32>, tensor<192xf32>, tensor<2x8xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Optional<Kernel_Buffer>:$expansion_filter, Optional<Kernel_Buffer>:$expansion_bias,
    Kernel_Buffer:$depthwise_filter, Optional<Kernel_Buffer>:$depthwise_bias, Optional<Kernel_Filter>:$filter,
    Optional<Kernel_Buffer>:$bias, Optional<Kernel_Buffer>:$residual, Kernel_Buffer:$init,
    Optional<Kernel_Scratch>:$scratch, OptionalAttr<I64Attr>:$in_channels, I64Attr:$channels, I64Attr:$out_channels, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$padding_low, DenseI64ArrayAttr:$output_sizes,
    OptionalAttr<DenseI64ArrayAttr>:$expansion_tile, I64Attr:$depthwise_tile, OptionalAttr<DenseI64ArrayAttr>:$tile, I64Attr:$rows,
    OptionalAttr<Kernel_ActivationAttr>:$expansion_activation, OptionalAttr<Kernel_ActivationAttr>:$depthwise_activation,
    OptionalAttr<Kernel_ActivationAttr>:$activation);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input (`expansion` $expansion_filter^)? (`expansion_bias` $expansion_bias^)? `depthwise` $depthwise_filter
    (`bias` $depthwise_bias^)? (`pointwise` $filter^)? (`bias` $bias^)? (`residual` $residual^)? `)`
    `outs` `(` $init (`scratch` $scratch^)? `)` (`expansion_activation` $expansion_activation^)?
    (`depthwise_activation` $depthwise_activation^)? (`activation` $activation^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Kernel_InvertedResidualOp : Kernel_Op<"inverted_residual", [AttrSizedOperandSegments]> {
  let summary = "a depthwise convolution with the pointwise ones before and behind it, some channels at a time";
  let description = [{
    ```
    e[n, c, i] = expansion_activation(expansion_bias[c] + sum over b of u[c, b] * x[n, b, i])
    h[n, c, o] = depthwise_activation(depthwise_bias[c] + sum over k of v[c, k] * e[n, c, o * strides + k * dilations - padding_low])
    y[n, f, o] = activation(bias[f] + residual[n, f, o] + sum over c of w[f, c] * h[n, c, o])
    ```

    with zeros outside of e: what `kernel.separable_conv` computes a few rows at a time, by the algorithm `bf16x3` on all positions of an
    image and some channels c at a time, which add their share to y. Neither e nor h is ever stored as a whole, and no part of
    them is computed twice. Steps of 32 channels are divided into `parts`, each a task with sums of its own, in chunks of `steps`. Source of the block: Sandler
    et al., MobileNetV2 (arXiv:1801.04381), section 3.3; there, too, the sum over parts of c (section 5.1).

    Three steps: x is split for all tasks; each task makes the sums of its chunks; the sums of all parts are added up.

    Input: N x ceil(B / V) x I x V of B = `in_channels`. Result: N x ceil(F / V) x O x V. Filters are packed as the algorithms `depthwise`
    and `bf16x3` want them, those of `bf16x3` in blocks of `expansion_vectors` and `vectors` vectors; the biases are ceil(C / V) x V and
    ceil(F / V) x V. `depthwise_tile` is the number of output positions that the depthwise convolution keeps in registers, `positions` that of
    a tile register. `scratch` is memory to work in: each task that runs has a row of it (rows x floats); `prepared` holds the split input and
    the sums.

    Constraints:
    1. Input, result and residual have the same rank D + 3 with 1 <= D <= 3; all arrays have D elements.
    2. Input and result hold their channels in blocks of one length, the result O positions and N images.
    3. The residual has the type of the result.
    4. `expansion_vectors` and `vectors` are 1 or 2, `positions` is between 1 and 16; `depthwise_tile`, `parts` and `steps` are at least 1.
    5. Kernel sizes, strides and dilations are at least 1.
    6. The biases have the shape blocks x V of their channels.
    7. The scratch memory has two dimensions, the prepared memory one.

    Example:

    ```mlir
    %y = kernel.inverted_residual ins(%x expansion %u depthwise %v bias %a pointwise %w residual %x) outs(%y0)
        depthwise_activation <relu6> {in_channels = 32 : i64, channels = 192 : i64, out_channels = 32 : i64, kernel = array<i64: 3, 3>,
        strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 14, 14>,
        expansion_vectors = 2 : i64, depthwise_tile = 14 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 2 : i64, steps = 3 : i64}
      : (tensor<1x2x14x14x16xf32>, tensor<12288xbf16>, tensor<1728xf32>, tensor<12x16xf32>, tensor<12288xbf16>,
         tensor<1x2x14x14x16xf32>, tensor<1x2x14x14x16xf32>) -> tensor<1x2x14x14x16xf32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Filter:$expansion_filter, Optional<Kernel_Buffer>:$expansion_bias,
    Kernel_Buffer:$depthwise_filter, Optional<Kernel_Buffer>:$depthwise_bias, Kernel_Filter:$filter,
    Optional<Kernel_Buffer>:$bias, Optional<Kernel_Buffer>:$residual, Kernel_Buffer:$init,
    Optional<Kernel_Scratch>:$scratch, Optional<Kernel_Scratch>:$prepared, I64Attr:$in_channels, I64Attr:$channels, I64Attr:$out_channels,
    DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$padding_low,
    DenseI64ArrayAttr:$output_sizes, I64Attr:$expansion_vectors, I64Attr:$depthwise_tile, I64Attr:$vectors, I64Attr:$positions, I64Attr:$parts,
    I64Attr:$steps,
    OptionalAttr<Kernel_ActivationAttr>:$expansion_activation, OptionalAttr<Kernel_ActivationAttr>:$depthwise_activation,
    OptionalAttr<Kernel_ActivationAttr>:$activation);
  let results = (outs Variadic<StaticShapeTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `expansion` $expansion_filter (`expansion_bias` $expansion_bias^)? `depthwise` $depthwise_filter
    (`bias` $depthwise_bias^)? `pointwise` $filter (`bias` $bias^)? (`residual` $residual^)? `)`
    `outs` `(` $init (`scratch` $scratch^)? (`prepared` $prepared^)? `)` (`expansion_activation` $expansion_activation^)?
    (`depthwise_activation` $depthwise_activation^)? (`activation` $activation^)? attr-dict `:` functional-type(operands, results)
  }];
}

#endif
