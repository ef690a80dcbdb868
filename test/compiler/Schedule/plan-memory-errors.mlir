// RUN: toeplitz-opt %s --plan-memory --split-input-file --verify-diagnostics

// expected-error @+1 {{expected a function @main of one block}}
module {
  func.func @net(%x: memref<4xf32>) {
    return
  }
}

// -----

// expected-error @+1 {{expected a function @main of one block}}
module {
  func.func @main(%x: memref<4xf32>) {
    cf.br ^next
  ^next:
    return
  }
}

// -----

func.func @main(%x: memref<4xf32>, %n: index) {
  // expected-error @+1 {{'memref.alloc' op has no static, contiguous shape}}
  %a = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @main(%x: memref<4xf32>) {
  // expected-error @+1 {{'memref.alloc' op has no static, contiguous shape}}
  %a = memref.alloc() : memref<4xf32, strided<[2]>>
  return
}
