/* The layouts are those of the PTX ISA, "Matrix multiply-accumulate operation
 * using mma instruction", the figures of m16n8k8 with .tf32 and of m16n8k16
 * with .f16 and .bf16. In words of 32 bits, one number of TF32 or two of 16
 * bits, both have the same: lane l, with g = l / 4 and t = l % 4, has
 *
 *   a0 (g, t)  a1 (g + 8, t)  a2 (g, t + 4)  a3 (g + 8, t + 4)
 *   b0 (t, g)  b1 (t + 4, g)
 *   c0 (g, 2t)  c1 (g, 2t + 1)  c2 (g + 8, 2t)  c3 (g + 8, 2t + 1) */

#include "runtime/emulated_mma.h"

#include "runtime/element_type.h"
#include "runtime/gpu.h"
#include "runtime/gpu_emulator.h"

#include <string.h>

enum { ROWS = 16, COLUMNS = 8, MOST_DEPTH = 16 };

typedef struct factors {
  float left[ROWS][MOST_DEPTH];
  float right[MOST_DEPTH][COLUMNS];
} factors;

static float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* How many numbers a word holds. */
static int numbers_of_word(int32_t type) {
  return type == TOEPLITZ_MMA_TF32 ? 1 : 2;
}

/* Number `place` of a word. Of a TF32 number the lower 13 bits don't count. */
static float number_of_word(int32_t type, uint32_t word, int place) {
  if (type == TOEPLITZ_MMA_TF32)
    return float_of_bits(word & ~UINT32_C(0x1fff));
  uint16_t bits = (uint16_t)(word >> 16 * place);
  return (float)toeplitz_load_float(
      type == TOEPLITZ_MMA_BF16 ? TOEPLITZ_BFLOAT16 : TOEPLITZ_FLOAT16, &bits);
}

static void gather(int32_t type, uint32_t lane, const uint32_t *words,
                   factors *all) {
  int numbers = numbers_of_word(type);
  uint32_t group = lane / 4, in_group = lane % 4;
  for (int number = 0; number < numbers; ++number) {
    for (uint32_t i = 0; i < TOEPLITZ_MMA_LEFT; ++i) {
      uint32_t row = group + 8 * (i % 2), column = in_group + 4 * (i / 2);
      all->left[row][column * numbers + number] =
          number_of_word(type, words[i], number);
    }
    for (uint32_t i = 0; i < TOEPLITZ_MMA_RIGHT; ++i) {
      uint32_t row = in_group + 4 * i;
      all->right[row * numbers + number][group] =
          number_of_word(type, words[TOEPLITZ_MMA_LEFT + i], number);
    }
  }
}

static void add_products(int32_t type, uint32_t lane, const factors *all,
                         uint32_t *words) {
  uint32_t *sums = words + TOEPLITZ_MMA_LEFT + TOEPLITZ_MMA_RIGHT;
  int depth = 8 * numbers_of_word(type);
  for (uint32_t i = 0; i < TOEPLITZ_MMA_SUMS; ++i) {
    uint32_t row = lane / 4 + 8 * (i / 2), column = lane % 4 * 2 + i % 2;
    float sum = float_of_bits(sums[i]);
    for (int k = 0; k < depth; ++k)
      sum += all->left[row][k] * all->right[k][column];
    memcpy(&sums[i], &sum, sizeof sum);
  }
}

void toeplitz_multiply_fragments(int32_t type, uint32_t *const *lanes) {
  factors all;
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane)
    gather(type, lane, lanes[lane], &all);
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane)
    add_products(type, lane, &all, lanes[lane]);
}

/* PTX ISA, "Warp-level matrix load instruction: ldmatrix", the figure of a
 * fragment of .m8n8 with .b16. */
void toeplitz_load_matrices(const void *const *rows, uint32_t *const *lanes) {
  uint32_t loaded[TOEPLITZ_WARP][4];
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane)
    for (uint32_t matrix = 0; matrix < 4; ++matrix)
      memcpy(&loaded[lane][matrix],
             (const char *)rows[8 * matrix + lane / 4] + lane % 4 * 4, 4);
  for (uint32_t lane = 0; lane < TOEPLITZ_WARP; ++lane)
    memcpy(lanes[lane], loaded[lane], sizeof loaded[lane]);
}

uint32_t toeplitz_emulated_tf32(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value)
    return UINT32_C(0x7fffffff);
  /* Half of the 13 bits that go away, whatever the sign; a carry moves on into
   * the exponent. */
  return (bits + UINT32_C(0x1000)) & ~UINT32_C(0x1fff);
}

uint32_t toeplitz_emulated_bf16x2(float high, float low) {
  uint16_t halves[2];
  toeplitz_store_float(TOEPLITZ_BFLOAT16, &halves[0], (double)low);
  toeplitz_store_float(TOEPLITZ_BFLOAT16, &halves[1], (double)high);
  return (uint32_t)halves[1] << 16 | halves[0];
}
