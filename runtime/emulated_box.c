/* Sources: PTX ISA, "Tensors": "Tiled Mode", "Swizzling Modes"; CUDA driver
 * API, cuTensorMapEncodeTiled. */

#include "runtime/emulated_bulk_copies.h"

#include <string.h>

enum { ROW = 128, PIECE = 16, MOST_BOX = 256 };

uint64_t toeplitz_box_bytes(const toeplitz_gpu_tensor *tensor) {
  uint64_t bytes = tensor->element_bytes;
  for (uint32_t d = 0; d < tensor->dimensions; ++d)
    bytes *= tensor->box[d];
  return bytes;
}

const char *toeplitz_tensor_refuse(const toeplitz_gpu_tensor *tensor) {
  if (tensor->dimensions < 1 ||
      tensor->dimensions > TOEPLITZ_GPU_MOST_DIMENSIONS)
    return "a number of dimensions that isn't 1 to 5";
  if (tensor->address % PIECE != 0)
    return "an address that is no multiple of 16 bytes";
  for (uint32_t d = 0; d < tensor->dimensions; ++d) {
    if (tensor->sizes[d] < 1 || tensor->sizes[d] > UINT64_C(1) << 32)
      return "a size that isn't 1 to 2^32 elements";
    if (d > 0 && (tensor->strides[d] % PIECE != 0 ||
                  tensor->strides[d] >= UINT64_C(1) << 40))
      return "a stride that is no multiple of 16 bytes below 2^40";
    if (tensor->box[d] < 1 || tensor->box[d] > MOST_BOX)
      return "a box that hasn't 1 to 256 elements along a dimension";
  }
  if ((uint64_t)tensor->box[0] * tensor->element_bytes != ROW)
    return "a box whose rows aren't 128 bytes";
  return NULL;
}

/* A row of the box, of which the other dimensions' coordinates are known; zeros
 * of what the tensor doesn't have. */
static void copy_row(const toeplitz_gpu_tensor *tensor, int64_t first,
                     const char *from, int exists, char *row) {
  uint32_t bytes = tensor->element_bytes;
  memset(row, 0, ROW);
  for (uint32_t element = 0; exists && element < tensor->box[0]; ++element) {
    int64_t place = first + element;
    if (place >= 0 && (uint64_t)place < tensor->sizes[0])
      memcpy(row + element * bytes, from + place * bytes, bytes);
  }
}

/* With swizzling, bits 4 to 6 of an address are XORed with bits 7 to 9. */
static void store_row(const char *row, char *shared, uint64_t offset) {
  for (uint64_t piece = 0; piece < ROW; piece += PIECE) {
    uint64_t address = offset + piece;
    memcpy(shared + (address ^ (address >> 7 & 7) << 4), row + piece, PIECE);
  }
}

void toeplitz_copy_box(const toeplitz_gpu_tensor *tensor,
                       const int32_t *coordinates, char *shared,
                       uint64_t offset) {
  uint64_t rows = toeplitz_box_bytes(tensor) / ROW;
  for (uint64_t row = 0; row < rows; ++row) {
    const char *from = (const char *)(uintptr_t)tensor->address;
    char elements[ROW];
    uint64_t rest = row;
    int exists = 1;
    for (uint32_t d = 1; d < tensor->dimensions; ++d) {
      int64_t place = coordinates[d] + (int64_t)(rest % tensor->box[d]);
      rest /= tensor->box[d];
      exists = exists && place >= 0 && (uint64_t)place < tensor->sizes[d];
      if (exists)
        from += (uint64_t)place * tensor->strides[d];
    }
    copy_row(tensor, coordinates[0], from, exists, elements);
    store_row(elements, shared, offset + row * ROW);
  }
}
