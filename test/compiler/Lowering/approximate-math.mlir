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

// Doubles are libm's.
// CHECK-LABEL: @double
func.func @double(%x: f64) -> f64 {
  // CHECK-NEXT: math.exp
  %exp = math.exp %x : f64
  return %exp : f64
}

// Division that rounds down is one that rounds to zero, mended where the signs differ.
// CHECK-LABEL: @rounding
func.func @rounding(%x: i32) -> i32 {
  // CHECK-NOT: floordivsi
  // CHECK: %[[SEVEN:.*]] = arith.constant 7 : i32
  // CHECK: arith.divsi %{{.*}}, %[[SEVEN]]
  %seven = arith.constant 7 : i32
  %0 = arith.floordivsi %x, %seven : i32
  return %0 : i32
}

// No division traps: the divisor is one where it is zero, or minus one below the smallest number.
// CHECK-LABEL: @divisions
func.func @divisions(%x: vector<4xi8>, %y: vector<4xi8>, %n: index) -> (vector<4xi8>, vector<4xi8>, index) {
  // CHECK: %[[NONE:.*]] = arith.cmpi eq, %[[Y:.*]], %{{.*}} : vector<4xi8>
  // CHECK: %[[LEAST:.*]] = arith.constant dense<-128> : vector<4xi8>
  // CHECK: %[[IS_LEAST:.*]] = arith.cmpi eq, %[[X:.*]], %[[LEAST]]
  // CHECK: %[[MINUS:.*]] = arith.constant dense<-1> : vector<4xi8>
  // CHECK: %[[IS_MINUS:.*]] = arith.cmpi eq, %[[Y]], %[[MINUS]]
  // CHECK: %[[OVERFLOW:.*]] = arith.andi %[[IS_LEAST]], %[[IS_MINUS]]
  // CHECK: %[[TRAP:.*]] = arith.ori %[[NONE]], %[[OVERFLOW]]
  // CHECK: %[[ONE:.*]] = arith.constant dense<1> : vector<4xi8>
  // CHECK: %[[SAFE:.*]] = arith.select %[[TRAP]], %[[ONE]], %[[Y]]
  // CHECK: arith.divsi %[[X]], %[[SAFE]]
  %0 = arith.divsi %x, %y : vector<4xi8>
  // Without a sign only zero is to be feared.
  // CHECK: %[[NONE:.*]] = arith.cmpi eq, %[[Y]], %{{.*}}
  // CHECK: %[[SAFE:.*]] = arith.select %[[NONE]], %{{.*}}, %[[Y]]
  // CHECK: arith.remui %[[X]], %[[SAFE]]
  %1 = arith.remui %x, %y : vector<4xi8>
  // CHECK-NOT: arith.select
  // CHECK: arith.remui
  %three = arith.constant 3 : index
  %2 = arith.remui %n, %three : index
  return %0, %1, %2 : vector<4xi8>, vector<4xi8>, index
}

// LLVM has no instruction for bf16 everywhere, and the one that there is drops small numbers.
// CHECK-LABEL: @half
func.func @half(%x: vector<4xf64>) -> vector<4xf64> {
  // CHECK: %[[SINGLE:.*]] = arith.truncf %{{.*}} : vector<4xf64> to vector<4xf32>
  // CHECK-NOT: arith.truncf
  // CHECK: arith.bitcast %[[SINGLE]] : vector<4xf32> to vector<4xi32>
  // CHECK: %[[BACK:.*]] = arith.bitcast %{{.*}} : vector<4xi32> to vector<4xf32>
  // CHECK: arith.extf %[[BACK]] : vector<4xf32> to vector<4xf64>
  %0 = arith.truncf %x : vector<4xf64> to vector<4xbf16>
  %1 = arith.extf %0 : vector<4xbf16> to vector<4xf64>
  return %1 : vector<4xf64>
}

// CHECK-LABEL: @integers
func.func @integers(%x: i64, %y: vector<4xi8>) -> (bf16, vector<4xbf16>) {
  // CHECK: arith.sitofp %{{.*}} : i64 to f32
  // CHECK: arith.uitofp %{{.*}} : vector<4xi8> to vector<4xf32>
  // CHECK-NOT: arith.truncf %{{.*}} to bf16
  %0 = arith.sitofp %x : i64 to bf16
  %1 = arith.uitofp %y : vector<4xi8> to vector<4xbf16>
  return %0, %1 : bf16, vector<4xbf16>
}

// CHECK-LABEL: @power
func.func @power(%x: i32, %n: i32) -> i32 {
  // CHECK: %[[C32:.*]] = arith.constant 32 : index
  // CHECK: scf.for %{{.*}} to %[[C32]]
  // CHECK-COUNT-2: arith.muli
  %0 = math.ipowi %x, %n : i32
  return %0 : i32
}

// One power for each element, and what upstream can't say.
// CHECK-LABEL: @others
func.func @others(%x: vector<4xf64>, %n: vector<4xi32>) -> (vector<4xf64>, vector<4xi1>) {
  // CHECK: %[[INFINITY:.*]] = arith.constant dense<0x7FF0000000000000> : vector<4xf64>
  // CHECK: %[[F:.*]] = arith.sitofp %{{.*}} : vector<4xi32> to vector<4xf64>
  // CHECK: math.powf %[[X:.*]], %[[F]]
  // CHECK: %[[SIZE:.*]] = math.absf %[[X]]
  // CHECK: arith.cmpf oeq, %[[SIZE]], %[[INFINITY]]
  %0 = math.fpowi %x, %n : vector<4xf64>, vector<4xi32>
  %1 = math.isinf %x : vector<4xf64>
  return %0, %1 : vector<4xf64>, vector<4xi1>
}

// Which of two zeros is the larger one is no matter, but in f64, whose functions are exact.
// CHECK-LABEL: func.func @extremes
// CHECK: arith.maximumf %{{.*}}, %{{.*}} fastmath<nsz> : vector<8xf32>
// CHECK: arith.minimumf %{{.*}}, %{{.*}} fastmath<nnan,nsz> : f32
// CHECK: arith.maximumf %{{.*}}, %{{.*}} : f64
func.func @extremes(%a: vector<8xf32>, %b: f32, %c: f64) -> (vector<8xf32>, f32, f64) {
  %ones = arith.constant dense<1.0> : vector<8xf32>
  %d = arith.maximumf %a, %ones : vector<8xf32>
  %single = arith.constant 1.0 : f32
  %e = arith.minimumf %b, %single fastmath<nnan> : f32
  %double = arith.constant 1.0 : f64
  %f = arith.maximumf %c, %double : f64
  return %d, %e, %f : vector<8xf32>, f32, f64
}
