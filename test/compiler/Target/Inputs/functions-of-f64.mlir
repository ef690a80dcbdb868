// The same in double precision.
func.func @main(%x: tensor<70xf64>, %y: tensor<70xf64>) -> tensor<70xf64> {
  %sin = math.sin %x : tensor<70xf64>
  %cos = math.cos %sin : tensor<70xf64>
  %tan = math.tan %cos : tensor<70xf64>
  %asin = math.asin %tan : tensor<70xf64>
  %acos = math.acos %asin : tensor<70xf64>
  %atan = math.atan %acos : tensor<70xf64>
  %sinh = math.sinh %atan : tensor<70xf64>
  %cosh = math.cosh %sinh : tensor<70xf64>
  %tanh = math.tanh %cosh : tensor<70xf64>
  %asinh = math.asinh %tanh : tensor<70xf64>
  %acosh = math.acosh %asinh : tensor<70xf64>
  %atanh = math.atanh %acosh : tensor<70xf64>
  %exp = math.exp %atanh : tensor<70xf64>
  %exp2 = math.exp2 %exp : tensor<70xf64>
  %expm1 = math.expm1 %exp2 : tensor<70xf64>
  %log = math.log %expm1 : tensor<70xf64>
  %log2 = math.log2 %log : tensor<70xf64>
  %log10 = math.log10 %log2 : tensor<70xf64>
  %log1p = math.log1p %log10 : tensor<70xf64>
  %erf = math.erf %log1p : tensor<70xf64>
  %erfc = math.erfc %erf : tensor<70xf64>
  %cbrt = math.cbrt %erfc : tensor<70xf64>
  %0 = math.powf %cbrt, %y : tensor<70xf64>
  %1 = math.atan2 %0, %y : tensor<70xf64>
  %2, %3 = math.sincos %1 : tensor<70xf64>
  %4 = arith.addf %2, %3 : tensor<70xf64>
  %5 = arith.remf %4, %y : tensor<70xf64>
  return %5 : tensor<70xf64>
}
