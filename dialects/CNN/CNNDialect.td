// The cnn dialect: what a convolutional network computes, in logical N, C, spatial order.

#ifndef TOEPLITZ_DIALECTS_CNN_CNNDIALECT_TD
#define TOEPLITZ_DIALECTS_CNN_CNNDIALECT_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def CNN_Dialect : Dialect {
  let name = "cnn";
  let cppNamespace = "::toeplitz::cnn";
  let summary = "Convolutional networks, as they were written";
  let description = [{
    The operations of convolutional networks on tensors in logical order: batch N, channels C, then zero to three spatial
    dimensions. The dialect says WHAT is computed and nothing about how: layouts, algorithms and loops belong to the
    `kernel` dialect. What upstream dialects can say (elementwise arithmetic, concatenation, reshaping, transposition,
    slicing) is left to `arith`, `math`, `tensor` and `linalg`. See RATIONALE.md.
  }];
  let useDefaultAttributePrinterParser = 1;
}

// How a window sees the positions outside of its input.
def CNN_PaddingMode : I32EnumAttr<"PaddingMode", "values of the positions outside of a tensor", [
    I32EnumAttrCase<"Zeros", 0, "zeros">,
    I32EnumAttrCase<"Circular", 1, "circular">,
    I32EnumAttrCase<"Reflect", 2, "reflect">,
    I32EnumAttrCase<"Replicate", 3, "replicate">]> {
  let cppNamespace = "::toeplitz::cnn";
  let genSpecializedAttr = 0;
}
def CNN_PaddingModeAttr : EnumAttr<CNN_Dialect, CNN_PaddingMode, "padding_mode">;

def CNN_PoolKind : I32EnumAttr<"PoolKind", "reduction of a pooling window", [
    I32EnumAttrCase<"Max", 0, "max">,
    I32EnumAttrCase<"Average", 1, "average">,
    I32EnumAttrCase<"Lp", 2, "lp">]> {
  let cppNamespace = "::toeplitz::cnn";
  let genSpecializedAttr = 0;
}
def CNN_PoolKindAttr : EnumAttr<CNN_Dialect, CNN_PoolKind, "pool_kind">;

def CNN_ActivationKind : I32EnumAttr<"ActivationKind", "elementwise non-linear function", [
    I32EnumAttrCase<"Relu", 0, "relu">,
    I32EnumAttrCase<"LeakyRelu", 1, "leaky_relu">,
    I32EnumAttrCase<"Clip", 2, "clip">,
    I32EnumAttrCase<"Sigmoid", 3, "sigmoid">,
    I32EnumAttrCase<"Tanh", 4, "tanh">,
    I32EnumAttrCase<"Elu", 5, "elu">,
    I32EnumAttrCase<"Selu", 6, "selu">,
    I32EnumAttrCase<"Celu", 7, "celu">,
    I32EnumAttrCase<"Gelu", 8, "gelu">,
    I32EnumAttrCase<"GeluTanh", 9, "gelu_tanh">,
    I32EnumAttrCase<"Silu", 10, "silu">,
    I32EnumAttrCase<"Mish", 11, "mish">,
    I32EnumAttrCase<"Softplus", 12, "softplus">,
    I32EnumAttrCase<"Softsign", 13, "softsign">,
    I32EnumAttrCase<"HardSigmoid", 14, "hard_sigmoid">,
    I32EnumAttrCase<"HardSwish", 15, "hard_swish">]> {
  let cppNamespace = "::toeplitz::cnn";
  let genSpecializedAttr = 0;
}
def CNN_ActivationKindAttr : EnumAttr<CNN_Dialect, CNN_ActivationKind, "activation_kind">;

def CNN_ResizeMode : I32EnumAttr<"ResizeMode", "interpolation of a resize", [
    I32EnumAttrCase<"Nearest", 0, "nearest">,
    I32EnumAttrCase<"Linear", 1, "linear">]> {
  let cppNamespace = "::toeplitz::cnn";
  let genSpecializedAttr = 0;
}
def CNN_ResizeModeAttr : EnumAttr<CNN_Dialect, CNN_ResizeMode, "resize_mode">;

#endif
