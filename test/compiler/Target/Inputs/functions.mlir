// A network whose kernels have every function that is computed by arithmetic of ours.
func.func @main(%x: tensor<70xf32>, %y: tensor<70xf32>) -> tensor<70xf32> {
  %sin = math.sin %x : tensor<70xf32>
  %cos = math.cos %sin : tensor<70xf32>
  %tan = math.tan %cos : tensor<70xf32>
  %asin = math.asin %tan : tensor<70xf32>
  %acos = math.acos %asin : tensor<70xf32>
  %atan = math.atan %acos : tensor<70xf32>
  %sinh = math.sinh %atan : tensor<70xf32>
  %cosh = math.cosh %sinh : tensor<70xf32>
  %tanh = math.tanh %cosh : tensor<70xf32>
  %asinh = math.asinh %tanh : tensor<70xf32>
  %acosh = math.acosh %asinh : tensor<70xf32>
  %atanh = math.atanh %acosh : tensor<70xf32>
  %exp = math.exp %atanh : tensor<70xf32>
  %exp2 = math.exp2 %exp : tensor<70xf32>
  %expm1 = math.expm1 %exp2 : tensor<70xf32>
  %log = math.log %expm1 : tensor<70xf32>
  %log2 = math.log2 %log : tensor<70xf32>
  %log10 = math.log10 %log2 : tensor<70xf32>
  %log1p = math.log1p %log10 : tensor<70xf32>
  %erf = math.erf %log1p : tensor<70xf32>
  %erfc = math.erfc %erf : tensor<70xf32>
  %cbrt = math.cbrt %erfc : tensor<70xf32>
  %0 = math.powf %cbrt, %y : tensor<70xf32>
  %1 = math.atan2 %0, %y : tensor<70xf32>
  %2 = arith.remf %1, %y : tensor<70xf32>
  return %2 : tensor<70xf32>
}
