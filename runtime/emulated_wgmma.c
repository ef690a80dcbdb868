/* Sources: PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions": "Shared
 * Memory Matrix Layout", "Matrix Descriptor Format" and "Register Fragments for
 * wgmma.mma_async.m64nNk8" and "...m64nNk16". */

#include "runtime/emulated_wgmma.h"

#include "runtime/element_type.h"
#include "runtime/gpu.h"

#include <stddef.h>
#include <string.h>

enum { MOST_DEPTH = 16, GROUP = 8 /* rows that a pattern has */ };

/* ---- Descriptors ---- */

/* Bits of a descriptor, from `first` on. */
static uint32_t field(uint64_t descriptor, int first, int bits) {
  return (uint32_t)(descriptor >> first & ((UINT64_C(1) << bits) - 1));
}

/* In units of 16 bytes. */
static uint32_t bytes_of_field(uint64_t descriptor, int first) {
  return field(descriptor, first, 14) * 16;
}

/* Bytes of a row of a pattern: as many as are swizzled, or one piece where none
 * are. */
static uint32_t row_bytes(uint64_t descriptor) {
  static const uint32_t bytes[] = {16, 128, 64, 32};
  return bytes[field(descriptor, 62, 2)];
}

static const char *refuse_descriptor(uint64_t descriptor) {
  uint32_t start = bytes_of_field(descriptor, 0), row = row_bytes(descriptor);
  if (field(descriptor, 49, 3) != 0)
    return "a base offset";
  if (row > TOEPLITZ_WGMMA_PIECE &&
      (start % (GROUP * row) >= row ||
       start % row > row - TOEPLITZ_WGMMA_ROW_BYTES))
    return "a factor that doesn't begin in the first row of a pattern, as far "
           "before its end as a row is long";
  return NULL;
}

int toeplitz_wgmma_equal(const toeplitz_wgmma *left,
                         const toeplitz_wgmma *right) {
  return left->type == right->type && left->columns == right->columns &&
         left->left == right->left && left->right == right->right;
}

const char *toeplitz_wgmma_refuse(const toeplitz_wgmma *product) {
  if (product->columns < 8 || product->columns % 8 != 0 ||
      product->columns > TOEPLITZ_WGMMA_MOST_COLUMNS)
    return "no multiple of 8 up to 256 for columns";
  const char *reason = refuse_descriptor(product->left);
  return reason ? reason : refuse_descriptor(product->right);
}

/* Eight rows lie behind each other, and those of the next eight a "stride"
 * further. Without swizzling the second piece lies a "leading" distance behind
 * the first. With it, the address's bits from 4 on are XORed with those from 7
 * on, as many as say which piece of a row it is. */
uint32_t toeplitz_wgmma_address(uint64_t descriptor, uint32_t row,
                                uint32_t piece) {
  uint32_t length = row_bytes(descriptor);
  uint32_t leading = length > TOEPLITZ_WGMMA_PIECE
                         ? TOEPLITZ_WGMMA_PIECE
                         : bytes_of_field(descriptor, 16);
  uint32_t address = bytes_of_field(descriptor, 0) +
                     row / GROUP * bytes_of_field(descriptor, 32) +
                     row % GROUP * length + piece * leading;
  uint32_t pieces = length / TOEPLITZ_WGMMA_PIECE;
  return address ^ (address >> 7 & (pieces - 1)) << 4;
}

/* ---- Products ---- */

/* Of a TF32 number the lower 13 bits don't count. */
static float number_of_row(int32_t type, const char *row, int place) {
  if (type == TOEPLITZ_MMA_TF32) {
    uint32_t bits;
    float value;
    memcpy(&bits, row + 4 * place, sizeof bits);
    bits &= ~UINT32_C(0x1fff);
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  uint16_t bits;
  memcpy(&bits, row + 2 * place, sizeof bits);
  return (float)toeplitz_load_float(
      type == TOEPLITZ_MMA_BF16 ? TOEPLITZ_BFLOAT16 : TOEPLITZ_FLOAT16, &bits);
}

/* Where sum `index` of a thread lies. */
static uint32_t row_of_sum(uint32_t thread, uint32_t index) {
  return thread / 32 * 16 + thread % 32 / 4 + index / 2 % 2 * 8;
}

static uint32_t column_of_sum(uint32_t thread, uint32_t index) {
  return index / 4 * 8 + thread % 4 * 2 + index % 2;
}

void toeplitz_multiply_warpgroup(
    const toeplitz_wgmma *product,
    const char left[TOEPLITZ_WGMMA_ROWS][TOEPLITZ_WGMMA_ROW_BYTES],
    const char right[TOEPLITZ_WGMMA_MOST_COLUMNS][TOEPLITZ_WGMMA_ROW_BYTES],
    float *const *sums) {
  float columns[MOST_DEPTH][TOEPLITZ_WGMMA_MOST_COLUMNS];
  float all[TOEPLITZ_WGMMA_ROWS][TOEPLITZ_WGMMA_MOST_COLUMNS];
  int depth = product->type == TOEPLITZ_MMA_TF32 ? 8 : 16;
  uint32_t count = product->columns;
  for (uint32_t column = 0; column < count; ++column)
    for (int k = 0; k < depth; ++k)
      columns[k][column] = number_of_row(product->type, right[column], k);
  for (uint32_t thread = 0; thread < TOEPLITZ_WARPGROUP; ++thread)
    for (uint32_t index = 0; index < count / 2; ++index)
      all[row_of_sum(thread, index)][column_of_sum(thread, index)] =
          sums[thread][index];
  for (uint32_t row = 0; row < TOEPLITZ_WGMMA_ROWS; ++row)
    for (int k = 0; k < depth; ++k) {
      float factor = number_of_row(product->type, left[row], k);
      for (uint32_t column = 0; column < count; ++column)
        all[row][column] += factor * columns[k][column];
    }
  for (uint32_t thread = 0; thread < TOEPLITZ_WARPGROUP; ++thread)
    for (uint32_t index = 0; index < count / 2; ++index)
      sums[thread][index] =
          all[row_of_sum(thread, index)][column_of_sum(thread, index)];
}
