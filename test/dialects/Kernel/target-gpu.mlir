// RUN: toeplitz-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: module attributes {kernel.target = #kernel.target<lanes = 1, {{.*}}gpu = 90>}
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 90>} {
}

// -----

// CHECK: module attributes {kernel.target = #kernel.target<lanes = 1, {{.*}}gpu = 80, precision = bf16>}
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80, precision = bf16>} {
}

// -----

// expected-error @below {{products of tf32 are a GPU's, expected f32 without one}}
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288, precision = tf32>} {
}

// -----

// expected-error @below {{gpu must be 0 or a compute capability from 80 on, found 70}}
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 70>} {
}

// -----

// expected-error @below {{a GPU's threads work on one lane each, found 8}}
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
}
