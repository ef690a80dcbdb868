// RUN: toeplitz-opt %s --set-target="lanes=1 gpu=80" --approximate-math | FileCheck %s --check-prefixes=CHECK,GPU
// RUN: toeplitz-opt %s --approximate-math | FileCheck %s --check-prefixes=CHECK,CPU

// Functions of f64 are arithmetic on a GPU, and libm's on a CPU.
// CHECK-LABEL: @functions
// GPU-NOT: math.{{exp|sinh|cosh|tanh|log|asinh|acosh|atanh|powf|cbrt|sin|cos|tan|asin|acos|atan|erf}}
// GPU-NOT: arith.remf
// GPU: math.fma
// CPU-NOT: math.fma
// CPU: math.exp
// CPU: math.erfc
// CPU: arith.remf
// CHECK: return
func.func @functions(%x: vector<4xf64>, %z: vector<4xf64>) -> vector<4xf64> {
  %0 = math.exp %x : vector<4xf64>
  %1 = math.exp2 %0 : vector<4xf64>
  %2 = math.expm1 %1 : vector<4xf64>
  %3 = math.sinh %2 : vector<4xf64>
  %4 = math.cosh %3 : vector<4xf64>
  %5 = math.tanh %4 : vector<4xf64>
  %6 = math.log %5 : vector<4xf64>
  %7 = math.log2 %6 : vector<4xf64>
  %8 = math.log10 %7 : vector<4xf64>
  %9 = math.log1p %8 : vector<4xf64>
  %10 = math.asinh %9 : vector<4xf64>
  %11 = math.acosh %10 : vector<4xf64>
  %12 = math.atanh %11 : vector<4xf64>
  %13 = math.cbrt %12 : vector<4xf64>
  %14 = math.sin %13 : vector<4xf64>
  %15 = math.cos %14 : vector<4xf64>
  %16 = math.tan %15 : vector<4xf64>
  %17 = math.asin %16 : vector<4xf64>
  %18 = math.acos %17 : vector<4xf64>
  %19 = math.atan %18 : vector<4xf64>
  %20 = math.erf %19 : vector<4xf64>
  %21 = math.erfc %20 : vector<4xf64>
  %22 = math.powf %21, %z : vector<4xf64>
  %23 = math.atan2 %22, %z : vector<4xf64>
  %24, %25 = math.sincos %23 : vector<4xf64>
  %26 = arith.addf %24, %25 : vector<4xf64>
  %27 = arith.remf %26, %z : vector<4xf64>
  return %27 : vector<4xf64>
}

// Only numbers from 2^27 on need more than three parts of pi/2, and only if there are any.
// GPU-LABEL: @large
// GPU: %[[LARGE:.*]] = arith.cmpf oge, %{{.*}}, %{{.*}} : vector<4xf64>
// GPU: %[[ANY:.*]] = vector.reduction <or>
// GPU: scf.if %[[ANY]]
// GPU: arith.mului_extended
// GPU: else
// GPU-NOT: arith.mului_extended
// GPU: return
func.func @large(%x: vector<4xf64>) -> vector<4xf64> {
  %0 = math.sin %x : vector<4xf64>
  return %0 : vector<4xf64>
}

// A remainder takes as many steps as the quotient has eleven bits.
// GPU-LABEL: @remainder
// GPU: arith.remui
// GPU: scf.while
// GPU: scf.condition
// GPU: arith.remui
// GPU: return
func.func @remainder(%x: f64, %y: f64) -> f64 {
  %0 = arith.remf %x, %y : f64
  return %0 : f64
}
