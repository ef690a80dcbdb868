// Each numbered constraint of the normalisations, activations and resizes (dialects/CNN/CNNOps.td) has a case that violates it alone.
// RUN: toeplitz-opt %s --split-input-file --verify-diagnostics

// cnn.batch_norm
func.func @f(%x: tensor<4xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>, %mean: tensor<4xf32>, %variance: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'cnn.batch_norm' op constraint 1: input has rank 1, expected at least 2 (batch and channels)}}
  %y = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon 1.0e-05 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<3xf32>, %bias: tensor<4xf32>, %mean: tensor<4xf32>, %variance: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.batch_norm' op constraint 2: scale has shape [3], expected [4]}}
  %y = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<3xf32>, %mean: tensor<4xf32>, %variance: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.batch_norm' op constraint 2: bias has shape [3], expected [4]}}
  %y = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>, %mean: tensor<3xf32>, %variance: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.batch_norm' op constraint 2: mean has shape [3], expected [4]}}
  %y = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>, %mean: tensor<4xf32>, %variance: tensor<3xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.batch_norm' op constraint 2: variance has shape [3], expected [4]}}
  %y = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>, %mean: tensor<4xf32>, %variance: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.batch_norm' op constraint 3: epsilon is -1.000000e+00, expected at least 0}}
  %y = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon -1.0 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

// Not-a-number is not at least 0.
func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>, %mean: tensor<4xf32>, %variance: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.batch_norm' op constraint 3: epsilon is nan, expected at least 0}}
  %y = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon 0x7FC00000 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

// cnn.group_norm
func.func @f(%x: tensor<4xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'cnn.group_norm' op constraint 1: input has rank 1, expected at least 2}}
  %y = cnn.group_norm %x scale %scale bias %bias groups 1 epsilon 1.0e-05 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.group_norm' op constraint 2: groups is 0, expected at least 1}}
  %y = cnn.group_norm %x scale %scale bias %bias groups 0 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.group_norm' op constraint 2: groups = 3 does not divide the 4 channels}}
  %y = cnn.group_norm %x scale %scale bias %bias groups 3 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<2xf32>, %bias: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.group_norm' op constraint 3: scale has shape [2], expected [4]}}
  %y = cnn.group_norm %x scale %scale bias %bias groups 2 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<2xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<4x3xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.group_norm' op constraint 3: bias has shape [4, 3], expected [4]}}
  %y = cnn.group_norm %x scale %scale bias %bias groups 2 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4x3xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.group_norm' op constraint 4: epsilon is -1.000000e+00, expected at least 0}}
  %y = cnn.group_norm %x scale %scale bias %bias groups 2 epsilon -1.0 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @layer_norm_end(%x: tensor<1x4x3xf32>, %scale: tensor<3xf32>, %bias: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.layer_norm' op constraint 1: end is 1, expected 2 to 3}}
  %y = cnn.layer_norm %x scale %scale bias %bias axis 1 to 1 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x4x3xf32>
  return
}

// -----

func.func @layer_norm_channels(%x: tensor<1x4x3xf32>, %scale: tensor<3xf32>, %bias: tensor<3xf32>) {
  // expected-error @+1 {{'cnn.layer_norm' op constraint 2: scale has shape [3], expected [4]}}
  %y = cnn.layer_norm %x scale %scale bias %bias axis 1 to 2 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x4x3xf32>
  return
}

// -----

// cnn.layer_norm
func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<3xf32>, %bias: tensor<3xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.layer_norm' op constraint 1: axis is 3, expected 0 to 2 for rank 3}}
  %y = cnn.layer_norm %x scale %scale bias %bias axis 3 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<3xf32>, %bias: tensor<3xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.layer_norm' op constraint 1: axis is -1, expected 0 to 2 for rank 3}}
  %y = cnn.layer_norm %x scale %scale bias %bias axis -1 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<3xf32>, %bias: tensor<4x3xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.layer_norm' op constraint 2: scale has shape [3], expected [4, 3]}}
  %y = cnn.layer_norm %x scale %scale bias %bias axis 1 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<3xf32>, tensor<4x3xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<3xf32>, %bias: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.layer_norm' op constraint 2: bias has shape [4], expected [3]}}
  %y = cnn.layer_norm %x scale %scale bias %bias axis 2 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %scale: tensor<3xf32>, %bias: tensor<3xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.layer_norm' op constraint 3: epsilon is -1.000000e+00, expected at least 0}}
  %y = cnn.layer_norm %x scale %scale bias %bias axis 2 epsilon -1.0 : (tensor<1x4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

// cnn.lrn
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'cnn.lrn' op constraint 1: input has rank 1, expected at least 2}}
  %y = cnn.lrn %x size 5 alpha 1.0e-04 beta 0.75 k 1.0 : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{'cnn.lrn' op constraint 2: size is 0, expected at least 1}}
  %y = cnn.lrn %x size 0 alpha 1.0e-04 beta 0.75 k 1.0 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

// cnn.activation
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'cnn.activation' op constraint 1: clip has alpha = 1.000000e+00, expected at most beta = 0.000000e+00}}
  %y = cnn.activation clip %x {alpha = 1.0 : f32} : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'cnn.activation' op constraint 2: celu has alpha = 0.000000e+00, expected a number other than 0}}
  %y = cnn.activation celu %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// cnn.prelu
func.func @f(%x: tensor<4xf32>, %slope: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'cnn.prelu' op constraint 1: input has rank 1, expected at least 2}}
  %y = cnn.prelu %x slope %slope : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>, %slope: tensor<1xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.prelu' op constraint 2: slope has shape [1], expected [4]}}
  %y = cnn.prelu %x slope %slope : (tensor<1x4x3xf32>, tensor<1xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

// cnn.softmax
func.func @f(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{'cnn.softmax' op constraint 1: axis is 2, expected 0 to 1 for rank 2}}
  %y = cnn.softmax %x axis 2 : tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

// cnn.resize
func.func @f(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{'cnn.resize' op constraint 1: input has rank 2, expected 3 to 5}}
  %y = cnn.resize %x to [] nearest : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.resize' op constraint 2: sizes has 2 elements, expected 1}}
  %y = cnn.resize %x to [6, 6] nearest : (tensor<1x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.resize' op constraint 2: sizes[0] is 0, expected at least 1}}
  %y = cnn.resize %x to [0] nearest : (tensor<1x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.resize' op constraint 3: align_corners is set in mode nearest, expected linear}}
  %y = cnn.resize %x to [6] nearest {align_corners} : (tensor<1x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

func.func @f(%x: tensor<1x4x3xf32>) -> tensor<1x4x6xf32> {
  // expected-error @+1 {{'cnn.resize' op result of shape [1, 4, 9223372036854775807] is too large}}
  %y = cnn.resize %x to [9223372036854775807] nearest : (tensor<1x4x3xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

// cnn.broadcast
func.func @f(%x: tensor<1x4xf32>) -> tensor<1x4x3xf32> {
  // expected-error @+1 {{'cnn.broadcast' op constraint 1: result has rank 3, expected 2, the input's}}
  %y = cnn.broadcast %x to [1, 4, 3] : (tensor<1x4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// -----

func.func @f(%x: tensor<1x4xf32>) -> tensor<1x8xf32> {
  // expected-error @+1 {{'cnn.broadcast' op constraint 2: input dimension 1 is 4, expected 1 or the result's 8}}
  %y = cnn.broadcast %x to [1, 8] : (tensor<1x4xf32>) -> tensor<1x8xf32>
  return %y : tensor<1x8xf32>
}

// -----

func.func @f(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{'cnn.broadcast' op constraint 2: result dimension 0 is 0, expected at least 1}}
  %y = cnn.broadcast %x to [0, 4] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

// Tensors: static shapes, at least one element, f32.
func.func @f(%x: tensor<0x4xf32>) -> tensor<0x4xf32> {
  // expected-error @+1 {{'cnn.softmax' op operand #0 must be statically shaped, non-empty tensor of f32, but got 'tensor<0x4xf32>'}}
  %y = cnn.softmax %x axis 1 : tensor<0x4xf32>
  return %y : tensor<0x4xf32>
}

// -----

func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'cnn.softmax' op operand #0 must be statically shaped, non-empty tensor of f32, but got 'tensor<?x4xf32>'}}
  %y = cnn.softmax %x axis 1 : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func @f(%x: tensor<1x4xf64>) -> tensor<1x4xf64> {
  // expected-error @+1 {{'cnn.softmax' op operand #0 must be statically shaped, non-empty tensor of f32, but got 'tensor<1x4xf64>'}}
  %y = cnn.softmax %x axis 1 : tensor<1x4xf64>
  return %y : tensor<1x4xf64>
}
