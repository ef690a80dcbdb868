// Each reason for which a fold leaves a layer alone, and what else can be wrong about a forced one.
// DEFINE: %{options} =
// DEFINE: %{force} = not toeplitz-opt %s --choose-folds=%{options} 2>&1 | FileCheck %s --check-prefix

// REDEFINE: %{options} = layers=dense=stride
// RUN: %{force}=STRIDE
// STRIDE: error: loc("dense"): fold 'stride' leaves this layer alone: its stride is 1
// REDEFINE: %{options} = layers=dense=dilation
// RUN: %{force}=DILATION
// DILATION: error: loc("dense"): fold 'dilation' leaves this layer alone: its dilation is 1
// REDEFINE: %{options} = layers=dense=groups
// RUN: %{force}=GROUPS
// GROUPS: error: loc("dense"): fold 'groups' leaves this layer alone: it has no groups
// REDEFINE: %{options} = layers=dense=transposed
// RUN: %{force}=TRANSPOSED
// TRANSPOSED: error: loc("dense"): fold 'transposed' leaves this layer alone: it is no transposed convolution
// REDEFINE: %{options} = layers=up=stride
// RUN: %{force}=UP
// REDEFINE: %{options} = layers=up=groups
// RUN: %{force}=UP
// UP: error: loc("up"): fold '{{stride|groups}}' leaves this layer alone: it is a transposed convolution
// REDEFINE: %{options} = layers=circular=stride
// RUN: %{force}=PADDING
// PADDING: error: loc("circular"): fold 'stride' leaves this layer alone: its padding isn't zeros
// REDEFINE: %{options} = layers=computed=stride
// RUN: %{force}=COMPUTED
// COMPUTED: error: loc("computed"): fold 'stride' leaves this layer alone: its filter is computed by the network
// REDEFINE: %{options} = layers=long=dilation
// RUN: %{force}=LONG
// LONG: error: loc("long"): fold 'dilation' leaves this layer alone: it would become more than 256 convolutions

// REDEFINE: %{options} = layers=dense=strides
// RUN: %{force}=UNKNOWN
// REDEFINE: %{options} = fold=stride+strides
// RUN: %{force}=UNKNOWN
// UNKNOWN: error: unknown fold 'strides', expected one of 'transposed', 'groups', 'dilation', 'stride' or 'none'
// REDEFINE: %{options} = layers=three=stride
// RUN: %{force}=LAYER
// LAYER: error: --fold names layer 'three', but the network has no convolution of that name

// For the whole network a fold is a wish.
// RUN: toeplitz-opt %s --choose-folds="fold=stride automatic=false" | FileCheck %s --implicit-check-not=toeplitz.fold

func.func @main(%x: tensor<1x1x8xf32>, %l: tensor<1x1x900xf32>, %f: tensor<1x1x2xf32>) {
  %w = arith.constant dense<1.0> : tensor<1x1x2xf32>
  // CHECK: cnn.conv
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x7xf32> loc("dense")
  %1 = cnn.conv %x, %w strides [2] dilations [1] padding [1] to [1] groups 1 circular : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x5xf32> loc("circular")
  %2 = cnn.conv %x, %f strides [2] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x4xf32> loc("computed")
  %3 = cnn.conv %l, %w strides [1] dilations [300] padding [0] to [0] groups 1 zeros : (tensor<1x1x900xf32>, tensor<1x1x2xf32>) -> tensor<1x1x600xf32> loc("long")
  %4 = cnn.conv_transpose %x, %w strides [2] dilations [1] padding [0] to [0] output_padding [0] groups 1 : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x16xf32> loc("up")
  return
}
