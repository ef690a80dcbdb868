// RUN: toeplitz-opt %s --approximate-math | FileCheck %s --check-prefixes=CHECK,FMA
// RUN: toeplitz-opt %s --set-target=fma=0 --approximate-math | FileCheck %s --check-prefixes=CHECK,SPLIT

// CHECK-LABEL: @vectors
// FMA: math.fma %{{.*}} : vector<8xf32>
// Without the instruction each math.fma would be 8 calls of fmaf.
// SPLIT-NOT: math.fma
func.func @vectors(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
  // CHECK-NOT: math.exp
  // CHECK-NOT: math.log
  // CHECK-NOT: math.tanh
  // CHECK-NOT: math.erf
  // CHECK: return
  %exp = math.exp %x : vector<8xf32>
  %log = math.log %x : vector<8xf32>
  %log1p = math.log1p %x : vector<8xf32>
  %tanh = math.tanh %x : vector<8xf32>
  %erf = math.erf %x : vector<8xf32>
  return %exp, %log, %log1p, %tanh, %erf : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
}

// What is an instruction stays one.
// CHECK-LABEL: @instructions
func.func @instructions(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>) {
  // CHECK-NEXT: math.sqrt
  // CHECK-NEXT: math.absf
  %sqrt = math.sqrt %x : vector<8xf32>
  %abs = math.absf %x : vector<8xf32>
  return %sqrt, %abs : vector<8xf32>, vector<8xf32>
}

// The rest of a row has the values that it would have in a vector.
// CHECK-LABEL: @scalar
func.func @scalar(%x: f32) -> f32 {
  // CHECK-NOT: math.exp
  // CHECK: return
  %exp = math.exp %x : f32
  return %exp : f32
}
