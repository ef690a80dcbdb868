// RUN: toeplitz-opt %s --approximate-math | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: toeplitz-opt %s --set-target=lanes=4 --approximate-math | FileCheck %s --check-prefixes=CHECK,NARROW
// RUN: toeplitz-opt %s --set-target="lanes=1 gpu=80" --approximate-math | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: toeplitz-opt %s --set-target=fma=0 --approximate-math | FileCheck %s --check-prefixes=SPLIT

// SPLIT-LABEL: @functions
// SPLIT-NOT: math.fma

// Functions of f32 are computed in f64, and rounded to f32 once.
// CHECK-LABEL: @functions
// CHECK-NOT: math.{{sin|cos|tan|asin|acos|atan|exp|log|cbrt}}
// CHECK: arith.extf %{{.*}} : vector<8xf32> to vector<8xf64>
// CHECK: math.fma %{{.*}} : vector<8xf64>
// CHECK: arith.truncf %{{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @functions(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.sin %x : vector<8xf32>
  %1 = math.cos %0 : vector<8xf32>
  %2 = math.tan %1 : vector<8xf32>
  %3 = math.sinh %2 : vector<8xf32>
  %4 = math.cosh %3 : vector<8xf32>
  %5 = math.asinh %4 : vector<8xf32>
  %6 = math.acosh %5 : vector<8xf32>
  %7 = math.atanh %6 : vector<8xf32>
  %8 = math.exp2 %7 : vector<8xf32>
  %9 = math.log2 %8 : vector<8xf32>
  %10 = math.log10 %9 : vector<8xf32>
  %11 = math.atan %10 : vector<8xf32>
  %12 = math.atan2 %11, %10 : vector<8xf32>
  %13 = math.cbrt %12 : vector<8xf32>
  return %13 : vector<8xf32>
}

// Large arguments take a branch, if any lane has one.
// CHECK-LABEL: @turns
// CHECK: %[[LARGE:.*]] = arith.andi %{{.*}} : vector<2x4xi1>
// CHECK: %[[ROW:.*]] = vector.shape_cast %[[LARGE]] : vector<2x4xi1> to vector<8xi1>
// CHECK: %[[ANY:.*]] = vector.reduction <or>, %[[ROW]] : vector<8xi1> into i1
// CHECK: scf.if %[[ANY]] -> (vector<2x4xi64>, vector<2x4xf64>)
// CHECK-COUNT-3: arith.muli %{{.*}} : vector<2x4xi64>
func.func @turns(%x: vector<2x4xf32>) -> (vector<2x4xf32>, vector<2x4xf32>) {
  %sin, %cos = math.sincos %x : vector<2x4xf32>
  return %sin, %cos : vector<2x4xf32>, vector<2x4xf32>
}

// Known exponents are products, in f32 where these are rounded once.
// CHECK-LABEL: @known_powers
// CHECK-NEXT: %[[X:.*]] = arith.extf %{{.*}} : f32 to f64
// CHECK-NEXT: %[[XX:.*]] = arith.mulf %[[X]], %[[X]] : f64
// CHECK-NEXT: %[[XXX:.*]] = arith.mulf %[[X]], %[[XX]] : f64
// CHECK-NEXT: arith.truncf %[[XXX]] : f64 to f32
// CHECK-NEXT: arith.mulf %{{.*}} : f32
func.func @known_powers(%x: f32) -> (f32, f32) {
  %three = arith.constant 3.0 : f32
  %two = arith.constant 2.0 : f32
  %0 = math.powf %x, %three : f32
  %1 = math.powf %x, %two : f32
  return %0, %1 : f32, f32
}

// With two lanes of f64 libm is faster.
// CHECK-LABEL: @powers
// NARROW: math.powf
// WIDE-NOT: math.powf
// CHECK: return
func.func @powers(%x: vector<4xf32>, %y: vector<4xf32>) -> vector<4xf32> {
  %0 = math.powf %x, %y : vector<4xf32>
  return %0 : vector<4xf32>
}

// Half precision is computed in single.
// CHECK-LABEL: @half
// CHECK-NOT: math.{{sin|atan}}
// CHECK: arith.truncf %{{.*}} : f32 to f16
// CHECK: return
func.func @half(%x: f16) -> f16 {
  %0 = math.sin %x : f16
  %1 = math.atan %0 : f16
  return %1 : f16
}

// Nine steps of 29 bits for quotients that need them, and one.
// CHECK-LABEL: @remainder
// CHECK: scf.if
// CHECK: scf.for
// CHECK: arith.divf %{{.*}} : f64
// CHECK: arith.divf %{{.*}} : f64
// CHECK: arith.truncf %{{.*}} : f64 to f16
func.func @remainder(%x: f16, %y: f16) -> f16 {
  %0 = arith.remf %x, %y : f16
  return %0 : f16
}
