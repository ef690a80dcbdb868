// RUN: toeplitz-opt %s --plan-memory --split-input-file | FileCheck %s

// A chain: while b is written, a is read; when c is written, nobody needs a any more.
// CHECK: module attributes {toeplitz.workspace_bound = 512 : i64, toeplitz.workspace_size = 512 : i64}
// CHECK-LABEL: @main
// CHECK-SAME: (%[[ARENA:.*]]: memref<512xi8>, %[[X:.*]]: memref<64xf32>, %[[Y:.*]]: memref<64xf32>)
func.func @main(%x: memref<64xf32>, %y: memref<64xf32>) {
  // CHECK: %[[ZERO:.*]] = arith.constant 0 : index
  // CHECK: %[[A:.*]] = memref.view %[[ARENA]][%[[ZERO]]][] : memref<512xi8> to memref<64xf32>
  %a = memref.alloc() {alignment = 64 : i64} : memref<64xf32>
  // CHECK: memref.copy %[[X]], %[[A]]
  memref.copy %x, %a : memref<64xf32> to memref<64xf32>
  // CHECK: %[[HALF:.*]] = arith.constant 256 : index
  // CHECK: %[[B:.*]] = memref.view %[[ARENA]][%[[HALF]]][]
  %b = memref.alloc() {alignment = 64 : i64} : memref<64xf32>
  // CHECK: memref.copy %[[A]], %[[B]]
  memref.copy %a, %b : memref<64xf32> to memref<64xf32>
  // CHECK-NOT: dealloc
  memref.dealloc %a : memref<64xf32>
  // CHECK: %[[ZERO:.*]] = arith.constant 0 : index
  // CHECK: %[[C:.*]] = memref.view %[[ARENA]][%[[ZERO]]][]
  %c = memref.alloc() {alignment = 64 : i64} : memref<64xf32>
  // CHECK: memref.copy %[[B]], %[[C]]
  memref.copy %b, %c : memref<64xf32> to memref<64xf32>
  // CHECK: memref.copy %[[C]], %[[Y]]
  memref.copy %c, %y : memref<64xf32> to memref<64xf32>
  return
}

// -----

// A residual connection: a is read at the end again.
// CHECK: toeplitz.workspace_size = 768 : i64
// CHECK: arith.constant 0 : index
// CHECK: arith.constant 256 : index
// CHECK: arith.constant 512 : index
func.func @main(%x: memref<64xf32>, %y: memref<64xf32>) {
  %a = memref.alloc() : memref<64xf32>
  memref.copy %x, %a : memref<64xf32> to memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  memref.copy %a, %b : memref<64xf32> to memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  memref.copy %b, %c : memref<64xf32> to memref<64xf32>
  memref.copy %a, %y : memref<64xf32> to memref<64xf32>
  memref.copy %c, %y : memref<64xf32> to memref<64xf32>
  return
}

// -----

// A buffer lives from its first to its last use, wherever its alloc stands.
// CHECK: toeplitz.workspace_size = 256 : i64
// CHECK-COUNT-2: arith.constant 0 : index
func.func @main(%x: memref<64xf32>, %y: memref<64xf32>) {
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  memref.copy %x, %a : memref<64xf32> to memref<64xf32>
  memref.copy %a, %y : memref<64xf32> to memref<64xf32>
  memref.copy %x, %b : memref<64xf32> to memref<64xf32>
  memref.copy %b, %y : memref<64xf32> to memref<64xf32>
  return
}

// -----

// The largest comes first, at offset 0. Then the middle one; the small one goes into the gap that the largest leaves below it.
// CHECK: toeplitz.workspace_size = 896 : i64
// CHECK: %[[OFFSET:.*]] = arith.constant 512 : index
// CHECK-NEXT: memref.view %{{.*}}[%[[OFFSET]]][] : memref<896xi8> to memref<96xf32>
// CHECK: %[[OFFSET:.*]] = arith.constant 0 : index
// CHECK-NEXT: memref.view %{{.*}}[%[[OFFSET]]][] : memref<896xi8> to memref<128xf32>
// CHECK: %[[OFFSET:.*]] = arith.constant 0 : index
// CHECK-NEXT: memref.view %{{.*}}[%[[OFFSET]]][] : memref<896xi8> to memref<64xf32>
func.func @main(%x: memref<128xf32>, %z: memref<96xf32>, %y: memref<64xf32>) {
  %middle = memref.alloc() : memref<96xf32>
  %large = memref.alloc() : memref<128xf32>
  %small = memref.alloc() : memref<64xf32>
  memref.copy %x, %large : memref<128xf32> to memref<128xf32>
  memref.copy %z, %middle : memref<96xf32> to memref<96xf32>
  memref.copy %large, %x : memref<128xf32> to memref<128xf32>
  memref.copy %y, %small : memref<64xf32> to memref<64xf32>
  memref.copy %middle, %z : memref<96xf32> to memref<96xf32>
  memref.copy %small, %y : memref<64xf32> to memref<64xf32>
  return
}

// -----

// Offsets are multiples of 64 bytes: 5 elements take 64 bytes, 17 take 128.
// CHECK: toeplitz.workspace_size = 192 : i64
// CHECK: %[[OFFSET:.*]] = arith.constant 128 : index
// CHECK-NEXT: memref.view %{{.*}}[%[[OFFSET]]][] : memref<192xi8> to memref<5xf32>
// CHECK: %[[OFFSET:.*]] = arith.constant 0 : index
// CHECK-NEXT: memref.view %{{.*}}[%[[OFFSET]]][] : memref<192xi8> to memref<17xf32>
func.func @main(%x: memref<5xf32>, %y: memref<17xf32>) {
  %a = memref.alloc() : memref<5xf32>
  %b = memref.alloc() : memref<17xf32>
  memref.copy %x, %a : memref<5xf32> to memref<5xf32>
  memref.copy %y, %b : memref<17xf32> to memref<17xf32>
  memref.copy %a, %x : memref<5xf32> to memref<5xf32>
  memref.copy %b, %y : memref<17xf32> to memref<17xf32>
  return
}

// -----

// What is read through a view of a view is read: b must not lie on a.
// CHECK: toeplitz.workspace_size = 512 : i64
// CHECK: %[[A:.*]] = memref.view %{{.*}} to memref<8x8xf32>
// CHECK: memref.collapse_shape %[[A]]
func.func @main(%x: memref<8x8xf32>, %y: memref<64xf32>, %z: memref<32xf32>) {
  %a = memref.alloc() : memref<8x8xf32>
  memref.copy %x, %a : memref<8x8xf32> to memref<8x8xf32>
  %flat = memref.collapse_shape %a [[0, 1]] : memref<8x8xf32> into memref<64xf32>
  %half = memref.subview %flat[0] [32] [1] : memref<64xf32> to memref<32xf32, strided<[1]>>
  %b = memref.alloc() : memref<64xf32>
  memref.copy %y, %b : memref<64xf32> to memref<64xf32>
  memref.copy %b, %y : memref<64xf32> to memref<64xf32>
  memref.copy %half, %z : memref<32xf32, strided<[1]>> to memref<32xf32>
  return
}

// -----

// A use inside of a loop counts where the loop stands.
// CHECK: toeplitz.workspace_size = 512 : i64
func.func @main(%x: memref<64xf32>, %y: memref<64xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  memref.copy %x, %a : memref<64xf32> to memref<64xf32>
  memref.copy %x, %b : memref<64xf32> to memref<64xf32>
  memref.copy %b, %y : memref<64xf32> to memref<64xf32>
  scf.for %i = %zero to %one step %one {
    memref.copy %a, %y : memref<64xf32> to memref<64xf32>
  }
  return
}

// -----

// A network that needs no memory has an arena all the same: its signature doesn't depend on that.
// CHECK: toeplitz.workspace_size = 0 : i64
// CHECK: func.func @main(%{{.*}}: memref<0xi8>, %{{.*}}: memref<64xf32>, %{{.*}}: memref<64xf32>)
func.func @main(%x: memref<64xf32>, %y: memref<64xf32>) {
  memref.copy %x, %y : memref<64xf32> to memref<64xf32>
  return
}

// -----

// Parts of a concatenation of one image are contiguous: each is a view of the arena of its own, of a type that doesn't say where.
// CHECK: func.func @main(%[[ARENA:.*]]: memref<768xi8>, %{{.*}}: memref<1x2x4x8xf32>
func.func @main(%x: memref<1x2x4x8xf32>, %y: memref<1x3x4x8xf32>) {
  %whole = memref.alloc() : memref<1x6x4x8xf32>
  %first = memref.subview %whole[0, 0, 0, 0] [1, 2, 4, 8] [1, 1, 1, 1]
    : memref<1x6x4x8xf32> to memref<1x2x4x8xf32, strided<[192, 32, 8, 1]>>
  %last = memref.subview %whole[0, 3, 0, 0] [1, 3, 4, 8] [1, 1, 1, 1]
    : memref<1x6x4x8xf32> to memref<1x3x4x8xf32, strided<[192, 32, 8, 1], offset: 96>>
  // CHECK-NOT: memref.subview
  // CHECK: %[[SHIFT:.*]] = arith.constant 384 : index
  // CHECK: %[[LAST:.*]] = memref.view %[[ARENA]][%[[SHIFT]]][] : memref<768xi8> to memref<1x3x4x8xf32>
  memref.copy %x, %first : memref<1x2x4x8xf32> to memref<1x2x4x8xf32, strided<[192, 32, 8, 1]>>
  // CHECK: memref.copy %[[LAST]], %{{.*}} : memref<1x3x4x8xf32> to memref<1x3x4x8xf32>
  memref.copy %last, %y : memref<1x3x4x8xf32, strided<[192, 32, 8, 1], offset: 96>> to memref<1x3x4x8xf32>
  return
}

// -----

// With two images, or a part of the rows, there are gaps: the view reaches from the first element to the last, and the strides say where
// the others are.
// CHECK: func.func @main(%[[ARENA:.*]]: memref<1024xi8>, %{{.*}}: memref<2x2x4x8xf32>
// CHECK: %[[C:.*]] = arith.constant 256 : index
// CHECK-NEXT: %[[FLAT:.*]] = memref.view %[[ARENA]][%[[C]]][] : memref<1024xi8> to memref<192xf32>
// CHECK-NEXT: %[[CHANNELS:.*]] = memref.reinterpret_cast %[[FLAT]] to offset: [0], sizes: [2, 2, 4, 8], strides: [128, 32, 8, 1]
// CHECK-NEXT: %[[C:.*]] = arith.constant 32 : index
// CHECK-NEXT: %[[FLAT:.*]] = memref.view %[[ARENA]][%[[C]]][] : memref<1024xi8> to memref<240xf32>
// CHECK-NEXT: %[[ROWS:.*]] = memref.reinterpret_cast %[[FLAT]] to offset: [0], sizes: [2, 4, 2, 8], strides: [128, 32, 8, 1]
func.func @main(%x: memref<2x2x4x8xf32>, %y: memref<2x4x2x8xf32>) {
  %whole = memref.alloc() : memref<2x4x4x8xf32>
  %channels = memref.subview %whole[0, 2, 0, 0] [2, 2, 4, 8] [1, 1, 1, 1]
    : memref<2x4x4x8xf32> to memref<2x2x4x8xf32, strided<[128, 32, 8, 1], offset: 64>>
  %rows = memref.subview %whole[0, 0, 1, 0] [2, 4, 2, 8] [1, 1, 1, 1]
    : memref<2x4x4x8xf32> to memref<2x4x2x8xf32, strided<[128, 32, 8, 1], offset: 8>>
  // CHECK: memref.copy %{{.*}}, %[[CHANNELS]] : memref<2x2x4x8xf32> to memref<2x2x4x8xf32, strided<[128, 32, 8, 1]>>
  memref.copy %x, %channels : memref<2x2x4x8xf32> to memref<2x2x4x8xf32, strided<[128, 32, 8, 1], offset: 64>>
  // CHECK: memref.copy %[[ROWS]], %{{.*}} : memref<2x4x2x8xf32, strided<[128, 32, 8, 1]>> to memref<2x4x2x8xf32>
  memref.copy %rows, %y : memref<2x4x2x8xf32, strided<[128, 32, 8, 1], offset: 8>> to memref<2x4x2x8xf32>
  return
}

// -----

// In a loop's body: %b and %c, one after the other, share memory; %a, which every iteration reads, lies beside both, and so does %d after the
// loop beside %a, under the name that the loop gives it. A bool takes a byte, and nothing takes none.
// CHECK: module attributes {toeplitz.workspace_bound = 512 : i64, toeplitz.workspace_size = 512 : i64}
// CHECK: func.func @main(%[[ARENA:.*]]: memref<512xi8>
// CHECK: memref.view %[[ARENA]]{{.*}} : memref<512xi8> to memref<256xi1>
// CHECK: scf.for
// CHECK:   %[[HALF:.*]] = arith.constant 256 : index
// CHECK:   %[[B:.*]] = memref.view %[[ARENA]][%[[HALF]]][] : memref<512xi8> to memref<64xf32>
// CHECK:   %[[HALF:.*]] = arith.constant 256 : index
// CHECK:   %[[C:.*]] = memref.view %[[ARENA]][%[[HALF]]][] : memref<512xi8> to memref<32xf64>
// CHECK:   memref.view %[[ARENA]]{{.*}} to memref<0x4xf32>
// CHECK: %[[HALF:.*]] = arith.constant 256 : index
// CHECK: memref.view %[[ARENA]][%[[HALF]]][] : memref<512xi8> to memref<256xi8>
func.func @main(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  %f = arith.constant 1.0 : f32
  %g = arith.constant 1.0 : f64
  %o = arith.constant 1 : i8
  %a = memref.alloc() : memref<256xi1>
  memref.store %true, %a[%c0] : memref<256xi1>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %a) -> (memref<256xi1>) {
    %b = memref.alloc() : memref<64xf32>
    memref.store %f, %b[%i] : memref<64xf32>
    %c = memref.alloc() : memref<32xf64>
    memref.store %g, %c[%i] : memref<32xf64>
    %none = memref.alloc() : memref<0x4xf32>
    memref.store %f, %none[%i, %i] : memref<0x4xf32>
    scf.yield %t : memref<256xi1>
  }
  %d = memref.alloc() : memref<256xi8>
  memref.store %o, %d[%c0] : memref<256xi8>
  memref.store %true, %r[%c1] : memref<256xi1>
  return
}

// -----

// What a branch yields lives on behind it.
// CHECK: module attributes {toeplitz.workspace_bound = 768 : i64, toeplitz.workspace_size = 768 : i64}
func.func @main(%condition: i1, %y: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %f = arith.constant 1.0 : f32
  %r = scf.if %condition -> (memref<64xf32>) {
    %a = memref.alloc() : memref<64xf32>
    memref.store %f, %a[%c0] : memref<64xf32>
    scf.yield %a : memref<64xf32>
  } else {
    %b = memref.alloc() : memref<64xf32>
    memref.store %f, %b[%c0] : memref<64xf32>
    scf.yield %b : memref<64xf32>
  }
  %c = memref.alloc() : memref<64xf32>
  memref.store %f, %c[%c0] : memref<64xf32>
  memref.copy %r, %y : memref<64xf32> to memref<64xf32>
  return
}

// -----

// Largest first would leave a gap that is too small for the second (2304 bytes); as they come, all that are alive at once fit.
// CHECK: toeplitz.workspace_bound = 2048 : i64, toeplitz.workspace_size = 2048 : i64
func.func @main(%x: memref<128xf32>, %y: memref<192xf32>, %z: memref<256xf32>) {
  %first = memref.alloc() : memref<128xf32>
  %second = memref.alloc() : memref<192xf32>
  %third = memref.alloc() : memref<192xf32>
  %last = memref.alloc() : memref<256xf32>
  memref.copy %x, %first : memref<128xf32> to memref<128xf32>
  memref.copy %y, %second : memref<192xf32> to memref<192xf32>
  memref.copy %second, %third : memref<192xf32> to memref<192xf32>
  memref.copy %first, %x : memref<128xf32> to memref<128xf32>
  memref.copy %z, %last : memref<256xf32> to memref<256xf32>
  memref.copy %third, %y : memref<192xf32> to memref<192xf32>
  memref.copy %last, %z : memref<256xf32> to memref<256xf32>
  return
}

// -----

// Nothing to place.
// CHECK: toeplitz.workspace_bound = 0 : i64, toeplitz.workspace_size = 0 : i64
func.func @main(%x: memref<64xf32>) {
  return
}
