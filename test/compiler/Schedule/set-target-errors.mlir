// A target that no schedule could be made for is refused, whether a pass or the text says it.

// RUN: not toeplitz-opt %s --set-target=lanes=0 2>&1 | FileCheck %s --check-prefix=LANES
// LANES: error: lanes must be from 1 to 64, found 0
// RUN: not toeplitz-opt %s --set-target=registers=2 2>&1 | FileCheck %s --check-prefix=REGISTERS
// REGISTERS: error: registers must be from 4 to 1024, found 2
// RUN: not toeplitz-opt %s --set-target=fma=2 2>&1 | FileCheck %s --check-prefix=FMA
// FMA: error: fma must be 0 or 1, found 2
// RUN: not toeplitz-opt %s --set-target=l2=0 2>&1 | FileCheck %s --check-prefix=CACHE
// CACHE: error: the sizes of the caches must be positive

// RUN: not toeplitz-opt %s --set-target="lanes=1 gpu=80 precision=f8" 2>&1 | FileCheck %s --check-prefix=PRECISION
// PRECISION: error: unknown precision 'f8', expected f32, tf32, bf16 or f16
// RUN: not toeplitz-opt %s --set-target=precision=bf16 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: error: products of bf16 are a GPU's, expected f32 without one
// RUN: not toeplitz-opt %s --set-target="lanes=1 gpu=90 warpgroups=2" 2>&1 | FileCheck %s --check-prefix=WARPGROUPS
// WARPGROUPS: error: warpgroups must be 0 or 1, found 2
// RUN: not toeplitz-opt %s --set-target="lanes=1 gpu=80 warpgroups=1" 2>&1 | FileCheck %s --check-prefix=NO-WARPGROUPS
// NO-WARPGROUPS: error: products by warpgroups are those of a GPU of compute capability 90, found 80

// RUN: echo 'module attributes {kernel.target = #kernel.target<lanes = 0, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {}' > %t.mlir
// RUN: not toeplitz-opt %t.mlir 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: error: lanes must be from 1 to 64, found 0

module {}
