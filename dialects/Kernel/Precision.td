// The enumerations of the kernel dialect, apart from those of the cnn dialect, on which it is built.

#ifndef TOEPLITZ_DIALECTS_KERNEL_PRECISION_TD
#define TOEPLITZ_DIALECTS_KERNEL_PRECISION_TD

include "mlir/IR/EnumAttr.td"

def Kernel_Precision : I32EnumAttr<"Precision", "what the factors of a convolution's products are rounded to", [
    I32EnumAttrCase<"F32", 0, "f32">,
    I32EnumAttrCase<"TF32", 1, "tf32">,
    I32EnumAttrCase<"BF16", 2, "bf16">,
    I32EnumAttrCase<"F16", 3, "f16">]> {
  let cppNamespace = "::toeplitz::kernel";
  let genSpecializedAttr = 0;
}

#endif
