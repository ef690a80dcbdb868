// Each numbered constraint of the convolutions, pools and pads (dialects/CNN/CNNOps.td) has a case that violates it alone.
// RUN: toeplitz-opt %s --split-input-file --verify-diagnostics

// cnn.conv
func.func @f(%x: tensor<4xf32>, %w: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 1: input has rank 1, expected 2 to 5 (batch, channels and 0 to 3 spatial dimensions)}}
  %y = cnn.conv %x, %w strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<1x4x1x1x1x1xf32>, %w: tensor<4x4x1x1x1x1xf32>) -> tensor<1x4x1x1x1x1xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 1: input has rank 6, expected 2 to 5}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x1x1x1x1xf32>, tensor<4x4x1x1x1x1xf32>) -> tensor<1x4x1x1x1x1xf32>
  return %y : tensor<1x4x1x1x1x1xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 1: filter has rank 4, expected 3, the input's}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 2: strides has 2 elements, expected 1}}
  %y = cnn.conv %x, %w strides [1, 1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 2: dilations has 0 elements, expected 1}}
  %y = cnn.conv %x, %w strides [1] dilations [] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 2: padding_low has 0 elements, expected 1}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 2: padding_high has 3 elements, expected 1}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0, 0, 0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x0xf32>) -> tensor<1x4x9xf32> {
  // expected-error @+1 {{'cnn.conv' op operand #1 must be statically shaped, non-empty tensor of f32, but got 'tensor<4x4x0xf32>'}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x0xf32>) -> tensor<1x4x9xf32>
  return %y : tensor<1x4x9xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 3: strides[0] is 0, expected at least 1}}
  %y = cnn.conv %x, %w strides [0] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 3: dilations[0] is -1, expected at least 1}}
  %y = cnn.conv %x, %w strides [1] dilations [-1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 3: padding_low[0] is -1, expected at least 0}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [-1] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 3: padding_high[0] is -2, expected at least 0}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [-2] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 4: groups is 0, expected at least 1}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 0 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) -> tensor<1x6x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 4: groups = 3 does not divide the 4 input channels}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 3 zeros : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>
  return %y : tensor<1x6x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<6x1x3xf32>) -> tensor<1x6x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 4: groups = 4 does not divide the 6 output channels}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 4 zeros : (tensor<1x4x8xf32>, tensor<6x1x3xf32>) -> tensor<1x6x6xf32>
  return %y : tensor<1x6x6xf32>
}

// -----

func.func @f(%x: tensor<1x8x8xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 5: filter dimension 1 is 3, expected C / groups = 4}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 2 zeros : (tensor<1x8x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>, %b: tensor<4xf32>) -> tensor<1x6x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 6: bias has shape [4], expected [6]}}
  %y = cnn.conv %x, %w bias %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<6x4x3xf32>, tensor<4xf32>) -> tensor<1x6x6xf32>
  return %y : tensor<1x6x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>, %b: tensor<1x6xf32>) -> tensor<1x6x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 6: bias has shape [1, 6], expected [6]}}
  %y = cnn.conv %x, %w bias %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<6x4x3xf32>, tensor<1x6xf32>) -> tensor<1x6x6xf32>
  return %y : tensor<1x6x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x1xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 7: output size of spatial dimension 0 would be -1, expected at least 1}}
  %y = cnn.conv %x, %w strides [2] dilations [5] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x1xf32>
  return %y : tensor<1x4x1xf32>
}

// -----

func.func @f(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x1x9xf32>) -> tensor<1x4x8x1xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 7: output size of spatial dimension 1 would be 0, expected at least 1}}
  %y = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros : (tensor<1x4x8x8xf32>, tensor<4x4x1x9xf32>) -> tensor<1x4x8x1xf32>
  return %y : tensor<1x4x8x1xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x14xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 8: reflect padding of dimension 0 is 8, expected at most 7 for the input size 8}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [8] to [0] groups 1 reflect : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x14xf32>
  return %y : tensor<1x4x14xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x15xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 8: circular padding of dimension 0 is 9, expected at most 8 for the input size 8}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [9] groups 1 circular : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x15xf32>
  return %y : tensor<1x4x15xf32>
}

// -----

// Sizes near the limit of 64 bits are computed without overflow.
func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op result of shape [1, 4, 9223372036854775807] is too large: its size in bytes does not fit into 64 bits}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [9223372036854775807] to [9223372036854775807] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.conv' op constraint 7: output size of spatial dimension 0 would be -9223372036854775808}}
  %y = cnn.conv %x, %w strides [1] dilations [9223372036854775807] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

// The result's type follows from the operands.
func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x7xf32> {
  // expected-error @+2 {{'cnn.conv' op inferred type(s) 'tensor<1x4x6xf32>' are incompatible with return type(s) of operation 'tensor<1x4x7xf32>'}}
  // expected-error @+1 {{'cnn.conv' op failed to infer returned types}}
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x7xf32>
  return %y : tensor<1x4x7xf32>
}

// -----

// cnn.conv_transpose
func.func @f(%x: tensor<1x4xf32>, %w: tensor<4x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 1: input has rank 2, expected 3 to 5 (batch, channels and 1 to 3 spatial dimensions)}}
  %y = cnn.conv_transpose %x, %w strides [] dilations [] padding [] to [] output_padding [] groups 1 : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4xf32>) -> tensor<1x4x8xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 1: filter has rank 2, expected 3, the input's}}
  %y = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 1 : (tensor<1x4x8xf32>, tensor<4x4xf32>) -> tensor<1x4x8xf32>
  return %y : tensor<1x4x8xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x10xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 2: output_padding has 2 elements, expected 1}}
  %y = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [0] to [0] output_padding [0, 0] groups 1 : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x10xf32>
  return %y : tensor<1x4x10xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x9xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 3: output_padding[0] is -1, expected at least 0}}
  %y = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [0] to [0] output_padding [-1] groups 1 : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x9xf32>
  return %y : tensor<1x4x9xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x9xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 3: strides[0] is 0, expected at least 1}}
  %y = cnn.conv_transpose %x, %w strides [0] dilations [1] padding [0] to [0] output_padding [0] groups 1 : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x9xf32>
  return %y : tensor<1x4x9xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x12x10xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 4: groups = 3 does not divide the 4 input channels}}
  %y = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 3 : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x12x10xf32>
  return %y : tensor<1x12x10xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<5x4x3xf32>) -> tensor<1x4x10xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 5: filter dimension 0 is 5, expected C = 4}}
  %y = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 1 : (tensor<1x4x8xf32>, tensor<5x4x3xf32>) -> tensor<1x4x10xf32>
  return %y : tensor<1x4x10xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x3x3xf32>, %b: tensor<3xf32>) -> tensor<1x6x10xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 6: bias has shape [3], expected [6]}}
  %y = cnn.conv_transpose %x, %w bias %b strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 2 : (tensor<1x4x8xf32>, tensor<4x3x3xf32>, tensor<3xf32>) -> tensor<1x6x10xf32>
  return %y : tensor<1x6x10xf32>
}

// -----

func.func @f(%x: tensor<1x4x1xf32>, %w: tensor<4x4x2xf32>) -> tensor<1x4x1xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 7: output size of spatial dimension 0 would be 0, expected at least 1}}
  %y = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [1] to [1] output_padding [0] groups 1 : (tensor<1x4x1xf32>, tensor<4x4x2xf32>) -> tensor<1x4x1xf32>
  return %y : tensor<1x4x1xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x19xf32> {
  // expected-error @+1 {{'cnn.conv_transpose' op constraint 8: output_padding[0] is 2, expected less than 2, the larger of stride and dilation}}
  %y = cnn.conv_transpose %x, %w strides [2] dilations [1] padding [0] to [0] output_padding [2] groups 1 : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x19xf32>
  return %y : tensor<1x4x19xf32>
}

// -----

// cnn.pool
func.func @f(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 1: input has rank 2, expected 3 to 5}}
  %y = cnn.pool max %x kernel [] strides [] dilations [] padding [] to [] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x4xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 2: kernel has 2 elements, expected 1}}
  %y = cnn.pool max %x kernel [2, 2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x8xf32>) -> tensor<1x4x4xf32>
  return %y : tensor<1x4x4xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x4xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 2: padding_high has 0 elements, expected 1}}
  %y = cnn.pool max %x kernel [2] strides [2] dilations [1] padding [0] to [] : (tensor<1x4x8xf32>) -> tensor<1x4x4xf32>
  return %y : tensor<1x4x4xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x4xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 3: kernel[0] is 0, expected at least 1}}
  %y = cnn.pool max %x kernel [0] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x8xf32>) -> tensor<1x4x4xf32>
  return %y : tensor<1x4x4xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 3: padding_low[0] is -1, expected at least 0}}
  %y = cnn.pool max %x kernel [2] strides [2] dilations [1] padding [-1] to [0] : (tensor<1x4x8xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x5xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 4: padding_low[0] is 3, expected less than 3, the reach of the kernel}}
  %y = cnn.pool max %x kernel [2] strides [2] dilations [2] padding [3] to [0] : (tensor<1x4x8xf32>) -> tensor<1x4x5xf32>
  return %y : tensor<1x4x5xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x5xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 4: padding_high[0] is 2, expected less than 2, the reach of the kernel}}
  %y = cnn.pool max %x kernel [2] strides [2] dilations [1] padding [0] to [2] : (tensor<1x4x8xf32>) -> tensor<1x4x5xf32>
  return %y : tensor<1x4x5xf32>
}

// -----

func.func @f(%x: tensor<1x4x2xf32>) -> tensor<1x4x1xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 5: output size of spatial dimension 0 would be 0, expected at least 1}}
  %y = cnn.pool max %x kernel [3] strides [1] dilations [1] padding [0] to [0] : (tensor<1x4x2xf32>) -> tensor<1x4x1xf32>
  return %y : tensor<1x4x1xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x4xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 6: p is 0, expected at least 1}}
  %y = cnn.pool lp %x kernel [2] strides [2] dilations [1] padding [0] to [0] {p = 0 : i64} : (tensor<1x4x8xf32>) -> tensor<1x4x4xf32>
  return %y : tensor<1x4x4xf32>
}

// -----

func.func @f(%x: tensor<1x4x1xf32>) -> tensor<1x4x4xf32> {
  // expected-error @+1 {{'cnn.pool' op constraint 7: the window that starts 2 before the input of size 1 in spatial dimension 0 has no position inside it: dilation is 3}}
  %y = cnn.pool max %x kernel [2] strides [1] dilations [3] padding [3] to [3] : (tensor<1x4x1xf32>) -> tensor<1x4x4xf32>
  return %y : tensor<1x4x4xf32>
}

// -----

// cnn.global_pool
func.func @f(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{'cnn.global_pool' op constraint 1: input has rank 2, expected 3 to 5}}
  %y = cnn.global_pool max %x : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x1xf32> {
  // expected-error @+1 {{'cnn.global_pool' op constraint 2: p is -1, expected at least 1}}
  %y = cnn.global_pool lp %x {p = -1 : i64} : (tensor<1x4x8xf32>) -> tensor<1x4x1xf32>
  return %y : tensor<1x4x1xf32>
}

// -----

// cnn.pad
func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  // expected-error @+1 {{'cnn.pad' op constraint 1: low has 1 elements, expected 3}}
  %y = cnn.pad %x low [0] high [0, 0, 0] zeros : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %y : tensor<1x4x8xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x7xf32> {
  // expected-error @+1 {{'cnn.pad' op constraint 1: high[2] is -1, expected at least 0}}
  %y = cnn.pad %x low [0, 0, 0] high [0, 0, -1] zeros : (tensor<1x4x8xf32>) -> tensor<1x4x7xf32>
  return %y : tensor<1x4x7xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x8x8xf32> {
  // expected-error @+1 {{'cnn.pad' op constraint 2: reflect padding of dimension 1 is 4, expected at most 3 for the input size 4}}
  %y = cnn.pad %x low [0, 4, 0] high [0, 0, 0] reflect : (tensor<1x4x8xf32>) -> tensor<1x8x8xf32>
  return %y : tensor<1x8x8xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x17xf32> {
  // expected-error @+1 {{'cnn.pad' op constraint 2: circular padding of dimension 2 is 9, expected at most 8 for the input size 8}}
  %y = cnn.pad %x low [0, 0, 0] high [0, 0, 9] circular : (tensor<1x4x8xf32>) -> tensor<1x4x17xf32>
  return %y : tensor<1x4x17xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x9xf32> {
  // expected-error @+1 {{'cnn.pad' op constraint 3: value is 1.000000e+00, expected 0 in mode replicate}}
  %y = cnn.pad %x low [0, 0, 0] high [0, 0, 1] replicate {value = 1.0 : f32} : (tensor<1x4x8xf32>) -> tensor<1x4x9xf32>
  return %y : tensor<1x4x9xf32>
}

// -----

func.func @f(%x: tensor<1x4x8xf32>) -> tensor<1x4x9xf32> {
  // expected-error @+1 {{'cnn.pad' op result of shape [1, 4, 4611686018427387912] is too large}}
  %y = cnn.pad %x low [0, 0, 0] high [0, 0, 4611686018427387904] zeros : (tensor<1x4x8xf32>) -> tensor<1x4x9xf32>
  return %y : tensor<1x4x9xf32>
}
