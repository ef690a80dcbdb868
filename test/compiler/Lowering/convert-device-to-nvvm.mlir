// RUN: toeplitz-opt %s --pass-pipeline='builtin.module(gpu.module(convert-device-to-nvvm))' | FileCheck %s

// Indices have 32 bits, and LLVM's own functions stand for what it has code for.
// What launches ask for of a block's memory isn't the module's.
// CHECK: llvm.mlir.global external @[[DYNAMIC:.*]]() {addr_space = 3 : i32, alignment = 1024 : i64{{.*}}} : !llvm.array<0 x i8>

// CHECK-LABEL: llvm.func @kernel
// CHECK-DAG: nvvm.read.ptx.sreg.tid.x {{.*}}: i32
// CHECK-DAG: nvvm.read.ptx.sreg.ctaid.x {{.*}}: i32
// CHECK: llvm.mul %{{.*}} : i32
// CHECK-NOT: __nv_
// CHECK: llvm.intr.sqrt
// CHECK: llvm.intr.fabs
// CHECK: llvm.intr.fma
// CHECK: nvvm.barrier
// CHECK: nvvm.shfl.sync bfly %{{.*}} : i32 -> i32
gpu.module @kernels {
  gpu.func @kernel(%x: memref<64xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %thread = gpu.thread_id x
    %block = gpu.block_id x
    %product = arith.muli %thread, %block : index
    %0 = memref.load %x[%product] : memref<64xf32>
    %1 = math.sqrt %0 : f32
    %2 = math.absf %1 : f32
    %3 = math.fma %2, %1, %0 : f32
    gpu.barrier
    %word = arith.constant 7 : i32
    %distance = arith.constant 16 : i32
    %warp = arith.constant 32 : i32
    %exchanged, %valid = gpu.shuffle xor %word, %distance, %warp : i32
    %place = arith.index_cast %exchanged : i32 to index
    memref.store %3, %x[%place] : memref<64xf32>
    gpu.return
  }

  // Or as many as the function says.
  // CHECK-LABEL: llvm.func @wide
  // CHECK-NOT: toeplitz.index_bits
  // CHECK: nvvm.read.ptx.sreg.tid.x {{.*}}: i32
  // CHECK: llvm.sext %{{.*}} : i32 to i64
  // CHECK: llvm.mul %{{.*}} : i64
  // CHECK: llvm.getelementptr {{.*}} : (!llvm.ptr, i64) -> !llvm.ptr, f32
  gpu.func @wide(%x: memref<3000000000xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>, toeplitz.index_bits = 64 : i64} {
    %thread = gpu.thread_id x
    %size = arith.constant 80000000 : index
    %place = arith.muli %thread, %size : index
    %0 = memref.load %x[%place] : memref<3000000000xf32>
    memref.store %0, %x[%thread] : memref<3000000000xf32>
    gpu.return
  }

  // CHECK-LABEL: llvm.func @dynamic
  // CHECK: llvm.mlir.addressof @[[DYNAMIC]] : !llvm.ptr<3>
  gpu.func @dynamic() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %zero = arith.constant 0 : index
    %number = arith.constant 0.0 : f32
    %all = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
    %view = memref.view %all[%zero][] : memref<?xi8, #gpu.address_space<workgroup>> to memref<20000xf32, #gpu.address_space<workgroup>>
    memref.store %number, %view[%zero] : memref<20000xf32, #gpu.address_space<workgroup>>
    gpu.return
  }

  // Of two numbers the other one where one is NaN, or NaN.
  // CHECK-LABEL: llvm.func @larger
  // CHECK-NOT: __nv_
  // CHECK: llvm.intr.maxnum
  // CHECK: llvm.intr.minnum
  // CHECK: llvm.intr.maximum
  // CHECK: llvm.intr.minimum
  // CHECK: llvm.intr.maxnum{{.*}}f64
  // CHECK: llvm.intr.minnum{{.*}}f64
  gpu.func @larger(%x: memref<64xf32>, %y: memref<64xf64>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %thread = gpu.thread_id x
    %0 = memref.load %x[%thread] : memref<64xf32>
    %c2 = arith.constant 2.0 : f32
    %1 = arith.maxnumf %0, %c2 : f32
    %2 = arith.minnumf %1, %0 : f32
    %3 = arith.maximumf %2, %c2 : f32
    %4 = arith.minimumf %3, %0 : f32
    memref.store %4, %x[%thread] : memref<64xf32>
    %5 = memref.load %y[%thread] : memref<64xf64>
    %d2 = arith.constant 2.0 : f64
    %6 = arith.maxnumf %5, %d2 : f64
    %7 = arith.minnumf %6, %5 : f64
    memref.store %7, %y[%thread] : memref<64xf64>
    gpu.return
  }

  // CHECK-LABEL: llvm.func @copy
  // CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
  // CHECK: nvvm.cp.async.commit.group
  // CHECK: nvvm.cp.async.wait.group 0
  gpu.func @copy(%x: memref<64xf32>) workgroup(%y: memref<32xf32, #gpu.address_space<workgroup>>) kernel
      attributes {known_block_size = array<i32: 32, 1, 1>} {
    %from = arith.constant 8 : index
    %to = arith.constant 4 : index
    %0 = nvgpu.device_async_copy %x[%from], %y[%to], 4 {bypassL1} : memref<64xf32> to memref<32xf32, #gpu.address_space<workgroup>>
    %1 = nvgpu.device_async_create_group %0
    nvgpu.device_async_wait %1
    gpu.return
  }

  // Of a number in 16 bits one instruction, that for two.
  // CHECK-LABEL: llvm.func @round
  // CHECK: %[[PAIR:.*]] = nvvm.convert.f32x2.to.bf16x2 %{{.*}}, %[[NUMBER:.*]] {rnd = #nvvm.fp_rnd_mode<rn>} : vector<2xbf16>
  // CHECK: llvm.extractelement %[[PAIR]][%{{.*}} : i32] : vector<2xbf16>
  // CHECK: llvm.fptrunc %{{.*}} : f32 to f16
  gpu.func @round(%x: memref<64xf32>, %y: memref<64xbf16>, %z: memref<64xf16>) kernel
      attributes {known_block_size = array<i32: 32, 1, 1>} {
    %first = arith.constant 0 : index
    %0 = memref.load %x[%first] : memref<64xf32>
    %1 = arith.truncf %0 : f32 to bf16
    memref.store %1, %y[%first] : memref<64xbf16>
    %2 = arith.truncf %0 : f32 to f16
    memref.store %2, %z[%first] : memref<64xf16>
    gpu.return
  }
}
