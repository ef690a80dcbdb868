// The operations of the device dialect.

#ifndef TOEPLITZ_DIALECTS_DEVICE_DEVICEOPS_TD
#define TOEPLITZ_DIALECTS_DEVICE_DEVICEOPS_TD

include "dialects/Device/DeviceDialect.td"
include "mlir/Dialect/LLVMIR/LLVMOpBase.td"

// Barriers in the memory of a block, 8 bytes each, which nothing else may touch.
def Device_Mbarriers : MemRefRankOf<[I64], [1]>;

// A row of elements.
def Device_Row : MemRefRankOf<[AnyType], [1]>;

// What a box is taken from: a tensor, or its map.
def Device_Tensor : AnyTypeOf<[AnyMemRef, LLVM_PointerInAddressSpace<0>]>;

class Device_Op<string mnemonic, list<Trait> traits = []> : Op<Device_Dialect, mnemonic, traits> {
  let hasVerifier = 1;
}

def Device_InitMbarrierOp : Device_Op<"init_mbarrier"> {
  let summary = "makes a barrier for one arrival in each phase";
  let description = [{
    One thread does it (`mbarrier.init`, count 1), publishes it (`nvvm.fence.proxy` of kind `async.shared`), and meets the others before any of them
    uses the barrier. Its phases are numbered from 0 on.

    Constraints:
    1. The barriers are a buffer in the memory of a block.

    ```mlir
    device.init_mbarrier %barriers[%stage] : memref<3xi64, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins Device_Mbarriers:$barriers, Index:$place);
  let assemblyFormat = "$barriers `[` $place `]` attr-dict `:` type($barriers)";
}

def Device_ExpectBytesOp : Device_Op<"expect_bytes"> {
  let summary = "the arrival at a barrier whose phase ends when so many bytes have been copied";
  let description = [{
    One thread does it once in each phase (`mbarrier.arrive.expect_tx`), before it begins the copies that bring these bytes.

    Constraints:
    1. The barriers are a buffer in the memory of a block.
    2. There are 1 to 2²⁰ - 1 bytes.

    ```mlir
    device.expect_bytes %barriers[%stage], 24576 : memref<3xi64, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins Device_Mbarriers:$barriers, Index:$place, I64Attr:$bytes);
  let assemblyFormat = "$barriers `[` $place `]` `,` $bytes attr-dict `:` type($barriers)";
}

def Device_TryWaitOp : Device_Op<"try_wait"> {
  let summary = "whether a barrier's phase of this parity has ended";
  let description = [{
    Waits for some time, which the hardware chooses, and says whether the last phase whose number is odd (parity 1) or even (0) has ended
    (`mbarrier.try_wait.parity`). What was copied in it can then be read by the thread that asked and by the tensor cores that it gives work to.

    Constraints:
    1. The barriers are a buffer in the memory of a block.

    ```mlir
    %there = device.try_wait %barriers[%stage], %parity : memref<3xi64, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins Device_Mbarriers:$barriers, Index:$place, Index:$parity);
  let results = (outs I1:$ended);
  let assemblyFormat = "$barriers `[` $place `]` `,` $parity attr-dict `:` type($barriers)";
}

def Device_BulkCopyOp : Device_Op<"bulk_copy"> {
  let summary = "begins to copy bytes that lie together to the memory of the block";
  let description = [{
    `cp.async.bulk`. The bytes count for the phase that the barrier is in. Both places are multiples of 16 bytes.

    Constraints:
    1. Destination and barriers are buffers in the memory of a block, the source isn't.
    2. Source and destination have elements of the same size.
    3. The number of bytes is a multiple of 16, from 16 to less than 2²⁰.

    ```mlir
    device.bulk_copy %filter[%from], %tiles[%to], %barriers[%stage], 8192
      : memref<65536xf32>, memref<6144xf32, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins Device_Row:$source, Index:$from, Device_Row:$destination, Index:$to, Device_Mbarriers:$barriers,
    Index:$place, I64Attr:$bytes);
  let assemblyFormat = [{
    $source `[` $from `]` `,` $destination `[` $to `]` `,` $barriers `[` $place `]` `,` $bytes attr-dict
    `:` type($source) `,` type($destination) `,` type($barriers)
  }];
}

def Device_TensorCopyOp : Device_Op<"tensor_copy"> {
  let summary = "begins to copy a box of a tensor to the memory of the block";
  let description = [{
    `cp.async.bulk.tensor` in tiled mode. The box begins at `coordinates`, which may be beyond the tensor's end, and has `box` elements along each dimension, the
    last one fastest; zeros come in the place of elements that the tensor doesn't have. In the destination a row of the box, its last dimension, is 128 bytes, and
    rows lie behind each other, from a multiple of 1024 bytes on. Of row r, piece p of 16 bytes lies at place p XOR r mod 8 (swizzling of 128 bytes). All bytes
    of the box, also zeros, count for the phase that the barrier is in.

    The source is a buffer of static sizes and strides, which begins at a multiple of 16 bytes; `create-tensor-maps` puts a map of it in its place, an argument of
    the kernel's.

    Constraints:
    1. Destination and barriers are buffers in the memory of a block, the source isn't.
    2. Source and destination have elements of the same size.
    3. The source has 1 to 5 dimensions of 1 to 2³² elements, and there are as many coordinates and sizes of the box. (A map's aren't known.)
    4. The elements along its last dimension lie together; its other strides are multiples of 16 bytes and less than 2⁴⁰.
    5. The box has 1 to 256 elements along each dimension, and 128 bytes along the last one.
    6. It has less than 2²⁰ bytes.

    ```mlir
    device.tensor_copy %input[%position, %channel], %tiles[%to], %barriers[%stage], box = [128, 64]
      : memref<3136x256xbf16>, memref<24576xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins Device_Tensor:$source, Variadic<Index>:$coordinates, Device_Row:$destination, Index:$to,
    Device_Mbarriers:$barriers, Index:$place, DenseI64ArrayAttr:$box);
  let assemblyFormat = [{
    $source `[` $coordinates `]` `,` $destination `[` $to `]` `,` $barriers `[` $place `]` `,` `box` `=` $box attr-dict
    `:` type($source) `,` type($destination) `,` type($barriers)
  }];
  let extraClassDeclaration = [{
    /// Bytes of the box in the block's memory.
    int64_t countBytes();
  }];
}

#endif
