// A network whose inputs and outputs have many types: computed, compared, empty, without dimensions.
#map = affine_map<(d0) -> (d0)>
module @types {
func.func @main(%a: tensor<5xi64> {toeplitz.name = "a"}, %b: tensor<5xi8> {toeplitz.name = "b", toeplitz.type = "uint8"}, %e: tensor<f64> {toeplitz.name="e"}, %h: tensor<5xf16> {toeplitz.name="h"}) -> (tensor<5xi64> {toeplitz.name="sum"}, tensor<5xi8> {toeplitz.name = "less", toeplitz.type = "bool"}, tensor<5xf64> {toeplitz.name="scaled"}, tensor<0xi64> {toeplitz.name="none"}, tensor<5xf16> {toeplitz.name="twice"}) {
  %w = arith.constant dense_resource<w> : tensor<5xi64>
  %init = tensor.empty() : tensor<5xi64>
  %sum = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%a, %b, %w : tensor<5xi64>, tensor<5xi8>, tensor<5xi64>) outs(%init : tensor<5xi64>) {
  ^bb0(%x: i64, %y: i8, %z: i64, %o: i64):
    %y2 = arith.extui %y : i8 to i64
    %s = arith.addi %x, %y2 : i64
    %t = arith.addi %s, %z : i64
    linalg.yield %t : i64
  } -> tensor<5xi64>
  %init2 = tensor.empty() : tensor<5xi8>
  %less = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]} ins(%a, %b : tensor<5xi64>, tensor<5xi8>) outs(%init2 : tensor<5xi8>) {
  ^bb0(%x: i64, %y: i8, %o: i8):
    %y2 = arith.extui %y : i8 to i64
    %s = arith.cmpi slt, %x, %y2 : i64
    %t = arith.extui %s : i1 to i8
    linalg.yield %t : i8
  } -> tensor<5xi8>
  %init3 = tensor.empty() : tensor<5xf64>
  %scaled = linalg.generic {indexing_maps = [#map, affine_map<(d0) -> ()>, #map], iterator_types = ["parallel"]} ins(%a, %e : tensor<5xi64>, tensor<f64>) outs(%init3 : tensor<5xf64>) {
  ^bb0(%x: i64, %y: f64, %o: f64):
    %y2 = arith.sitofp %x : i64 to f64
    %s = arith.mulf %y, %y2 : f64
    linalg.yield %s : f64
  } -> tensor<5xf64>
  %init4 = tensor.empty() : tensor<5xf16>
  %twice = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%h : tensor<5xf16>) outs(%init4 : tensor<5xf16>) {
  ^bb0(%x: f16, %o: f16):
    %y2 = arith.extf %x : f16 to f32
    %s = arith.addf %y2, %y2 : f32
    %t = arith.truncf %s : f32 to f16
    linalg.yield %t : f16
  } -> tensor<5xf16>
  %none = tensor.extract_slice %sum[2] [0] [1] : tensor<5xi64> to tensor<0xi64>
  return %sum, %less, %scaled, %none, %twice : tensor<5xi64>, tensor<5xi8>, tensor<5xf64>, tensor<0xi64>, tensor<5xf16>
}
}
{-#
  dialect_resources: {
    builtin: {
      w: "0x0800000001000000000000000200000000000000030000000000000004000000000000000500000000000080"
    }
  }
#-}
