// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// A matrix product: four vectors of a row side by side, carried in registers through the sum, then the one that is left. The product may be
// added without being rounded before.

// CHECK-LABEL: func.func @main(
// CHECK: func.func private @kernel_generic
// CHECK-SAME: %{{.*}}: index, %[[A:.*]]: memref<5x7xf32>, %[[B:.*]]: memref<7x20xf32>, %[[Y:.*]]: memref<5x20xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C5:.*]] = arith.constant 5 : index
// CHECK-DAG: %[[C7:.*]] = arith.constant 7 : index
// CHECK: scf.for %[[I:.*]] = %[[C0]] to %[[C5]]
// CHECK:   %[[SUMS:.*]]:4 = scf.for %[[K:.*]] = %[[C0]] to %[[C7]] {{.*}} -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK:     %[[ELEMENT:.*]] = memref.load
// CHECK:     %[[P:.*]] = vector.broadcast %[[ELEMENT]] : f32 to vector<4xf32>
// CHECK:     %[[Q:.*]] = vector.load
// CHECK:     %[[PRODUCT:.*]] = arith.mulf %[[P]], %[[Q]] fastmath<contract>
// CHECK:     arith.addf %{{.*}}, %[[PRODUCT]] fastmath<contract>
// CHECK:   vector.store %[[SUMS]]#0
// CHECK:   vector.store %[[SUMS]]#3
// CHECK:   %[[SUM:.*]] = scf.for %{{.*}} = %[[C0]] to %[[C7]] {{.*}} -> (vector<4xf32>)
// CHECK:   vector.store %[[SUM]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%a: memref<5x7xf32>, %b: memref<7x20xf32>, %y: memref<5x20xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
    iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : memref<5x7xf32>, memref<7x20xf32>) outs(%y : memref<5x20xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
}

// -----

// A row that is reduced by one operation: vectors along it, from the operation's neutral element; what was there before comes last. Both
// dimensions of the row are one.

// CHECK-LABEL: func.func @main(
// CHECK: func.func private @kernel_generic
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<3x2x40xi32>, %[[Y:.*]]: memref<3xi32>
// CHECK-DAG: %[[LEAST:.*]] = arith.constant dense<-2147483648> : vector<4xi32>
// CHECK-DAG: %[[C80:.*]] = arith.constant 80 : index
// CHECK: scf.for %[[I:.*]] =
// CHECK:   %[[BEFORE:.*]] = memref.load %[[Y]][%[[I]]]
// CHECK:   %[[ROW:.*]]:4 = scf.for %{{.*}} to %[[C80]] {{.*}} iter_args(%{{.*}} = %[[LEAST]], %{{.*}} = %[[LEAST]]
// CHECK-COUNT-4: arith.maxsi %{{.*}} : vector<4xi32>
// CHECK:   %[[MOST:.*]] = vector.extract %{{.*}}[0] : i32
// CHECK:   %[[RESULT:.*]] = arith.maxsi %[[BEFORE]], %[[MOST]] : i32
// CHECK:   memref.store %[[RESULT]], %[[Y]][%[[I]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<3x2x40xi32>, %y: memref<3xi32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i)>],
    iterator_types = ["parallel", "reduction", "reduction"]} ins(%x : memref<3x2x40xi32>) outs(%y : memref<3xi32>) {
  ^bb0(%in: i32, %most: i32):
    %0 = arith.maxsi %in, %most : i32
    linalg.yield %0 : i32
  }
  return
}
}

// -----

// Two results are carried side by side; the index is the loop's.

// CHECK-LABEL: func.func @main(
// CHECK: func.func private @kernel_generic
// CHECK-SAME: %{{.*}}: index, %{{.*}}: memref<3x40xf32>, %[[V:.*]]: memref<3xf32>, %[[N:.*]]: memref<3xi64>
// CHECK: scf.for %[[I:.*]] =
// CHECK:   %[[RESULTS:.*]]:2 = scf.for %[[J:.*]] = {{.*}} iter_args(%[[BEST:.*]] = %{{.*}}, %[[WHERE:.*]] = %{{.*}}) -> (f32, i64)
// CHECK:     %[[HERE:.*]] = arith.index_cast %[[J]] : index to i64
// CHECK:     %[[MORE:.*]] = arith.cmpf ogt, %[[IN:.*]], %[[BEST]]
// CHECK:     %[[NEWBEST:.*]] = arith.select %[[MORE]], %[[IN]], %[[BEST]]
// CHECK:     %[[NEWWHERE:.*]] = arith.select %[[MORE]], %[[HERE]], %[[WHERE]]
// CHECK:     scf.yield %[[NEWBEST]], %[[NEWWHERE]]
// CHECK:   memref.store %[[RESULTS]]#0, %[[V]][%[[I]]]
// CHECK:   memref.store %[[RESULTS]]#1, %[[N]][%[[I]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<3x40xf32>, %v: memref<3xf32>, %n: memref<3xi64>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]} ins(%x : memref<3x40xf32>) outs(%v, %n : memref<3xf32>, memref<3xi64>) {
  ^bb0(%in: f32, %best: f32, %where: i64):
    %j = linalg.index 1 : index
    %here = arith.index_cast %j : index to i64
    %more = arith.cmpf ogt, %in, %best : f32
    %0 = arith.select %more, %in, %best : f32
    %1 = arith.select %more, %here, %where : i64
    linalg.yield %0, %1 : f32, i64
  }
  return
}
}

// -----

// The buffer that the body reads from and the number that it uses come behind the operands.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: memref<9x6xi8>, %[[WHERE:.*]]: memref<4xi64>, %[[Y:.*]]: memref<4x6xi8>, %[[SHIFT:.*]]: index)
// CHECK: call @kernel_generic(%{{.*}}, %[[WHERE]], %[[Y]], %[[SHIFT]], %[[X]])
// CHECK: func.func private @kernel_generic(%{{.*}}: index, %[[WHERE:.*]]: memref<4xi64>, %[[Y:.*]]: memref<4x6xi8>, %[[SHIFT:.*]]: index, %[[X:.*]]: memref<9x6xi8>)
// CHECK: scf.for %[[I:.*]] =
// CHECK:   scf.for %[[J:.*]] =
// CHECK:     %[[ROW:.*]] = arith.index_cast
// CHECK:     %[[S:.*]] = arith.addi %[[ROW]], %[[SHIFT]]
// CHECK:     memref.load %[[X]][%[[S]], %[[J]]] : memref<9x6xi8>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<9x6xi8>, %where: memref<4xi64>, %y: memref<4x6xi8>, %shift: index) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%where : memref<4xi64>) outs(%y : memref<4x6xi8>) {
  ^bb0(%row: i64, %out: i8):
    %r = arith.index_cast %row : i64 to index
    %s = arith.addi %r, %shift : index
    %j = linalg.index 1 : index
    %0 = memref.load %x[%s, %j] : memref<9x6xi8>
    linalg.yield %0 : i8
  }
  return
}
}

// -----

// As many elements as a vector of the widest type has room for.

// CHECK-LABEL: func.func @main(
// CHECK: func.func private @kernel_generic
// CHECK: %[[H:.*]] = vector.load %{{.*}} vector<2xf16>
// CHECK: %[[D:.*]] = arith.extf %[[H]] : vector<2xf16> to vector<2xf64>
// CHECK: vector.store %[[D]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x18xf16>, %y: memref<2x18xf64>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<2x18xf16>) outs(%y : memref<2x18xf64>) {
  ^bb0(%in: f16, %out: f64):
    %0 = arith.extf %in : f16 to f64
    linalg.yield %0 : f64
  }
  return
}
}

// -----

// A bool takes a byte in a buffer and a bit in a vector: single elements. So are those whose place is no sum of multiples.

// CHECK-LABEL: func.func @main(
// CHECK: func.func private @kernel_generic
// CHECK: %[[GREATER:.*]] = arith.cmpf ogt, %{{.*}} : f32
// CHECK: memref.store %[[GREATER]], %{{.*}} : memref<8xi1>
// CHECK: func.func private @kernel_generic_0
// CHECK: arith.divsi
// CHECK: memref.load %{{.*}} : memref<8xf32>
// CHECK: memref.store %{{.*}} : memref<16xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<8xf32>, %y: memref<8xi1>, %z: memref<16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xi1>) {
  ^bb0(%in: f32, %out: i1):
    %zero = arith.constant 0.0 : f32
    %0 = arith.cmpf ogt, %in, %zero : f32
    linalg.yield %0 : i1
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i floordiv 2)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%z : memref<16xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}
}

// -----

// Vectors of 512 bits. Neighbours of a row that is the same for all of them are a vector, too; elements from anywhere are gathered, at places
// that are computed in vectors. What is the same for all points stays a number.

// CHECK-LABEL: func.func @main(
// CHECK: func.func private @kernel_generic(%{{.*}}: index, %[[WHERE:.*]]: memref<4xi64>, %[[Y:.*]]: memref<4x16xf32>, %[[X:.*]]: memref<9x16xf32>)
// CHECK: %[[ROW:.*]] = memref.load %{{.*}} : memref<4xi64>
// CHECK: %[[S:.*]] = arith.index_cast %[[ROW]] : i64 to index
// CHECK: %[[V:.*]] = vector.load %[[X]][%[[S]], %{{.*}}] : memref<9x16xf32>, vector<8xf32>
// CHECK: vector.store %[[V]]
// CHECK: func.func private @kernel_generic_0(%{{.*}}: index, %{{.*}}: memref<4x16xi64>, %{{.*}}: memref<4x16xf32>, %[[X:.*]]: memref<9x16xf32>)
// CHECK-DAG: %[[STRIDE:.*]] = arith.constant dense<16> : vector<8xindex>
// CHECK: scf.for %[[I:.*]] =
// CHECK: %[[ROWS:.*]] = arith.index_cast %{{.*}} : vector<8xi64> to vector<8xindex>
// CHECK: %[[SCALED:.*]] = arith.muli %[[ROWS]], %[[STRIDE]]
// CHECK: %[[COLUMN:.*]] = vector.broadcast %[[I]] : index to vector<8xindex>
// CHECK: %[[PLACES:.*]] = arith.addi %[[SCALED]], %[[COLUMN]]
// CHECK: %[[FLAT:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [144], strides: [1]
// CHECK: vector.gather %[[FLAT]][%{{.*}}] [%[[PLACES]]]
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<9x16xf32>, %where: memref<4xi64>, %all: memref<4x16xi64>, %y: memref<4x16xf32>, %z: memref<4x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%where : memref<4xi64>) outs(%y : memref<4x16xf32>) {
  ^bb0(%row: i64, %out: f32):
    %r = arith.index_cast %row : i64 to index
    %j = linalg.index 1 : index
    %0 = memref.load %x[%r, %j] : memref<9x16xf32>
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%all : memref<4x16xi64>) outs(%z : memref<4x16xf32>) {
  ^bb0(%row: i64, %out: f32):
    %r = arith.index_cast %row : i64 to index
    %i = linalg.index 0 : index
    %0 = memref.load %x[%r, %i] : memref<9x16xf32>
    linalg.yield %0 : f32
  }
  return
}
}
