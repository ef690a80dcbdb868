// RUN: toeplitz-opt %s --set-target | FileCheck %s --check-prefix=DEFAULT
// RUN: toeplitz-opt %s --set-target="lanes=16 registers=32 fma=1 l1=49152 l2=2097152" | FileCheck %s --check-prefix=AVX512
// RUN: toeplitz-opt %s --set-target="lanes=4 fma=0" | FileCheck %s --check-prefix=SSE
// RUN: toeplitz-opt %s --set-target="lanes=1 gpu=80 precision=tf32" | FileCheck %s --check-prefix=TF32
// RUN: toeplitz-opt %s --set-target="lanes=1 gpu=90 warpgroups=1" | FileCheck %s --check-prefix=WARPGROUPS
// What is said last holds.
// RUN: toeplitz-opt %s --set-target=lanes=16 --set-target=lanes=8 | FileCheck %s --check-prefix=DEFAULT

// DEFAULT: module @network attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
// AVX512: module @network attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 49152, l2 = 2097152>} {
// SSE: module @network attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 0, l1 = 32768, l2 = 524288>} {
// TF32: module @network attributes {kernel.target = #kernel.target<lanes = 1, registers = 16, fma = 1, l1 = 32768, l2 = 524288, gpu = 80, precision = tf32>} {
// WARPGROUPS: #kernel.target<lanes = 1, registers = 16, fma = 1, l1 = 32768, l2 = 524288, gpu = 90, warpgroups = 1>} {
module @network {
}
