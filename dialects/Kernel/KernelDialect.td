// The kernel dialect: how each operation of a network is computed.

#ifndef TOEPLITZ_DIALECTS_KERNEL_KERNELDIALECT_TD
#define TOEPLITZ_DIALECTS_KERNEL_KERNELDIALECT_TD

include "dialects/CNN/CNNDialect.td"
include "dialects/Kernel/Precision.td"
include "mlir/IR/AttrTypeBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::toeplitz::kernel";
  let summary = "Operations with their algorithm, layout and tiles chosen";
  let description = [{
    The operations of a network after the choices: each names its algorithm, works on a physical layout, has packed weights and
    a fused epilogue, and writes into a destination. They work on tensors before bufferization and on buffers after it.

    The blocked layout of a tensor N x C x I with vectors of V elements is N x ceil(C / V) x I x V: V neighbouring channels lie
    together. The last block is filled up with elements of unspecified value, which no operation lets reach a channel that
    exists. A plain tensor N x C x I seen as a blocked one has V = 1: N x C x I x 1. See RATIONALE.md.
  }];
  let dependentDialects = ["::toeplitz::cnn::CNNDialect", "::mlir::tensor::TensorDialect"];
  let useDefaultAttributePrinterParser = 1;
}

def Kernel_ActivationAttr : AttrDef<Kernel_Dialect, "Activation"> {
  let mnemonic = "activation";
  let summary = "the activation at the end of a kernel";
  let description = "The function of `cnn.activation` with its two parameters.";
  let parameters = (ins EnumParameter<CNN_ActivationKind>:$kind, OptionalParameter<"::mlir::FloatAttr">:$alpha,
    OptionalParameter<"::mlir::FloatAttr">:$beta);
  let assemblyFormat = "`<` $kind (`alpha` `=` $alpha^)? (`beta` `=` $beta^)? `>`";
  let extraClassDeclaration = [{
    /// The parameters as numbers; 0 where the attribute leaves them out.
    float getAlphaValue() const { return getAlpha() ? float(getAlpha().getValueAsDouble()) : 0.0f; }
    float getBetaValue() const { return getBeta() ? float(getBeta().getValueAsDouble()) : 0.0f; }
  }];
}

def Kernel_PoolAttr : AttrDef<Kernel_Dialect, "Pool"> {
  let mnemonic = "pool";
  let summary = "the windows of a pool, and what it makes of them";
  let description = [{
    The attributes of `cnn.pool`, each array with an element for each dimension. `padding_low` and `padding_high` are those of the network
    (the high one decides what `count_include_pad` counts).
  }];
  let parameters = (ins EnumParameter<CNN_PoolKind>:$kind, ArrayRefParameter<"int64_t">:$kernel, ArrayRefParameter<"int64_t">:$strides,
    ArrayRefParameter<"int64_t">:$dilations, ArrayRefParameter<"int64_t">:$padding_low, ArrayRefParameter<"int64_t">:$padding_high,
    "bool":$count_include_pad, "int64_t":$p);
  let assemblyFormat = [{
    `<` $kind `,` `kernel` `=` `[` $kernel `]` `,` `strides` `=` `[` $strides `]` `,` `dilations` `=` `[` $dilations `]` `,`
    `padding_low` `=` `[` $padding_low `]` `,` `padding_high` `=` `[` $padding_high `]` `,` `count_include_pad` `=` $count_include_pad `,`
    `p` `=` $p `>`
  }];
}

def Kernel_TargetPrecision : EnumParameter<Kernel_Precision> { let defaultValue = "::toeplitz::kernel::Precision::F32"; }

def Kernel_TargetAttr : AttrDef<Kernel_Dialect, "Target"> {
  let mnemonic = "target";
  let summary = "what the schedules know of the machine";
  let description = [{
    Set on the module as `kernel.target`. `lanes`: f32 elements in a vector register; `registers`: vector registers; `fma`: 1 if
    a fused multiply-add is one instruction; `l1`, `l2`: bytes of one core's data caches; `amx`: 1 if there are tile registers and
    products of bfloat16 tiles (x86's AMX-TILE and AMX-BF16), 0 where it isn't written; `by_element`: 1 if a multiply-add can take one
    lane of a register for a whole factor (NEON's FMLA by element), 0 where it isn't written; `gpu`: the compute capability of the GPU that
    the kernels run on, 80 for sm_80, 0 where they run on the CPU or it isn't written; `cold_filters`: 1 if the constants of the network
    together are larger than `l2`, so that a layer's filter comes from beyond it when the layer's turn comes, 0 where it isn't written;
    `hides_memory`: 1 if a core mostly computes on while it reads what lies beyond `l2` (AMD's Zen), 0 where it isn't written;
    `precision`: what a GPU's kernels may round the factors of products to, so that its tensor cores multiply them: tf32, bf16 or f16; f32, which
    none of them does, where it isn't written; `warpgroups`: 1 if a GPU's warpgroups multiply matrices in the block's memory (`wgmma`, of
    sm_90a alone), 0 where it isn't written. A module without the attribute is
    compiled for x86-64-v3: 8 lanes, 16 registers, fused multiply-add.
  }];
  let parameters = (ins "int64_t":$lanes, "int64_t":$registers, "int64_t":$fma, "int64_t":$l1, "int64_t":$l2,
    DefaultValuedParameter<"int64_t", "0">:$amx, DefaultValuedParameter<"int64_t", "0">:$by_element,
    DefaultValuedParameter<"int64_t", "0">:$gpu, DefaultValuedParameter<"int64_t", "0">:$cold_filters,
    DefaultValuedParameter<"int64_t", "0">:$hides_memory,
    Kernel_TargetPrecision:$precision, DefaultValuedParameter<"int64_t", "0">:$warpgroups);
  let extraClassDeclaration = [{
    /// Whether kernels run on a GPU: a task is then a thread, and the lanes of vectors are 1.
    bool isGpu() const { return getGpu() != 0; }
  }];
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif
