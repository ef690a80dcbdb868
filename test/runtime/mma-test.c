/* Exercises the emulated products of matrices: fragments are cut out of
 * matrices as the figures of the PTX ISA show them ("Matrix fragments for
 * mma.m16n8k8", "... for mma.m16n8k16 with floating point type"), and what
 * comes out is compared with the plain product. Prints one line for each
 * property that holds and ends with status 1 at the first that doesn't. */

#include "check.h"
#include "runtime/element_type.h"
#include "runtime/emulated_mma.h"
#include "runtime/gpu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LANES = 32, M = 16, N = 8, MOST_K = 16 };

typedef struct product {
  int32_t type;
  int32_t element; /* TOEPLITZ_FLOAT16, or 0 for TF32 */
  int k;
  float a[M][MOST_K], b[MOST_K][N], c[M][N];
} product;

static uint32_t bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Puts number `index` of a fragment into its word. */
static void put(const product *all, uint32_t *fragment, int index,
                float value) {
  uint16_t half = 0;
  if (!all->element) {
    fragment[index] = bits_of_float(value);
    return;
  }
  toeplitz_store_float(all->element, &half, value);
  fragment[index / 2] |= (uint32_t)half << (index % 2 ? 16 : 0);
}

/* m16n8k8 with .tf32: a0 to a3, b0 and b1. */
static void cut_tf32(const product *all, int lane, uint32_t *words) {
  int group = lane >> 2, thread = lane % 4;
  for (int i = 0; i < 4; ++i) {
    int row = i == 0 || i == 2 ? group : group + 8;
    int column = i == 0 || i == 1 ? thread : thread + 4;
    put(all, words, i, all->a[row][column]);
  }
  for (int i = 0; i < 2; ++i)
    put(all, words + TOEPLITZ_MMA_LEFT, i,
        all->b[i == 0 ? thread : thread + 4][group]);
}

/* m16n8k16 with .f16 or .bf16: a0 to a7, b0 to b3, two to a word. */
static void cut_halves(const product *all, int lane, uint32_t *words) {
  int group = lane >> 2, thread = lane % 4;
  for (int i = 0; i < 8; ++i) {
    int row = (0 <= i && i < 2) || (4 <= i && i < 6) ? group : group + 8;
    int column = thread * 2 + (i & 1) + (i >= 4 ? 8 : 0);
    put(all, words, i, all->a[row][column]);
  }
  for (int i = 0; i < 4; ++i)
    put(all, words + TOEPLITZ_MMA_LEFT, i,
        all->b[thread * 2 + (i & 1) + (i >= 2 ? 8 : 0)][group]);
}

/* Where c0 to c3 of a lane lie. */
static int row_of_sum(int lane, int i) {
  return i < 2 ? lane >> 2 : (lane >> 2) + 8;
}
static int column_of_sum(int lane, int i) { return lane % 4 * 2 + (i & 1); }

static void multiply(const product *all, float result[M][N]) {
  static uint32_t words[LANES][TOEPLITZ_MMA_WORDS];
  uint32_t *lanes[LANES];
  memset(words, 0, sizeof words);
  for (int lane = 0; lane < LANES; ++lane) {
    uint32_t *sums = words[lane] + TOEPLITZ_MMA_LEFT + TOEPLITZ_MMA_RIGHT;
    lanes[lane] = words[lane];
    (all->element ? cut_halves : cut_tf32)(all, lane, words[lane]);
    for (int i = 0; i < TOEPLITZ_MMA_SUMS; ++i)
      sums[i] =
          bits_of_float(all->c[row_of_sum(lane, i)][column_of_sum(lane, i)]);
  }
  toeplitz_multiply_fragments(all->type, lanes);
  for (int lane = 0; lane < LANES; ++lane)
    for (int i = 0; i < TOEPLITZ_MMA_SUMS; ++i)
      result[row_of_sum(lane, i)][column_of_sum(lane, i)] = float_of_bits(
          words[lane][TOEPLITZ_MMA_LEFT + TOEPLITZ_MMA_RIGHT + i]);
}

/* Whole numbers, each element another one: a wrong place makes a wrong sum. */
static void fill(product *all) {
  for (int i = 0; i < M; ++i)
    for (int k = 0; k < all->k; ++k)
      all->a[i][k] = (float)((i * 37 + k * 11) % 101 - 50);
  for (int k = 0; k < all->k; ++k)
    for (int j = 0; j < N; ++j)
      all->b[k][j] = (float)((k * 29 + j * 53) % 97 - 48);
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j)
      all->c[i][j] = (float)(1000 * i + 7 * j);
}

static void check_product(product all, const char *name) {
  float result[M][N];
  fill(&all);
  multiply(&all, result);
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j) {
      double expected = all.c[i][j];
      for (int k = 0; k < all.k; ++k)
        expected += (double)all.a[i][k] * all.b[k][j];
      CHECK(result[i][j] == expected);
    }
  printf("%s: the plain product\n", name);
}

/* Sums are in float32, one product after another: 2^24 + 1 + 1 stays 2^24. */
static void check_order(product all) {
  float result[M][N];
  for (int k = 1; k < 3; ++k)
    all.a[3][k] = all.b[k][5] = 1;
  all.c[3][5] = 16777216.0f;
  multiply(&all, result);
  CHECK(result[3][5] == 16777216.0f);
  all.c[3][5] = 0;
  all.a[3][0] = 4096;
  all.b[0][5] = 4096;
  all.a[3][3] = -4096;
  all.b[3][5] = 4096;
  multiply(&all, result);
  CHECK(result[3][5] == 0);
  puts("sums are rounded to float32 in the order of the products");
}

static void check_tf32(void) {
  product all = {TOEPLITZ_MMA_TF32, 0, 8, {{0}}, {{0}}, {{0}}};
  float result[M][N];
  all.a[0][0] = float_of_bits(0x3f801fff); /* 1 and bits that don't count */
  all.b[0][0] = 3;
  multiply(&all, result);
  CHECK(result[0][0] == 3);
  puts("the lower bits of a TF32 number don't count");

  static const uint32_t rounded[][2] = {
      {0x3f800000, 0x3f800000}, {0x3f800fff, 0x3f800000},
      {0x3f801000, 0x3f802000}, {0x3f803000, 0x3f804000},
      {0x3f802fff, 0x3f802000}, {0xbf801000, 0xbf802000},
      {0x3ffff000, 0x40000000}, {0x00001000, 0x00002000},
      {0x00000fff, 0x00000000}, {0x80000000, 0x80000000},
      {0x7f7fffff, 0x7f800000}, {0x7f800000, 0x7f800000},
      {0xff800000, 0xff800000}, {0x7fc00000, 0x7fffffff},
      {0xffffffff, 0x7fffffff},
  };
  for (size_t i = 0; i < sizeof rounded / sizeof *rounded; ++i)
    CHECK(toeplitz_emulated_tf32(float_of_bits(rounded[i][0])) ==
          rounded[i][1]);
  puts("rounding to TF32: the nearest, ties away from zero");
}

static void check_bf16x2(void) {
  static const uint32_t rounded[][2] = {
      {0x3f800000, 0x3f80}, {0x3f807fff, 0x3f80}, {0x3f808000, 0x3f80},
      {0x3f808001, 0x3f81}, {0x3f818000, 0x3f82}, {0xbf818000, 0xbf82},
      {0x3fff8000, 0x4000}, {0x00008000, 0x0000}, {0x00008001, 0x0001},
      {0x007f8000, 0x0080}, {0x80000000, 0x8000}, {0x7f7f7fff, 0x7f7f},
      {0x7f7f8000, 0x7f80}, {0x7f800000, 0x7f80}, {0xff800000, 0xff80},
      {0x7fc00000, 0x7fc0}, {0x7f800001, 0x7fc0}, {0xffffffff, 0xffc0},
  };
  for (size_t i = 0; i < sizeof rounded / sizeof *rounded; ++i) {
    float value = float_of_bits(rounded[i][0]);
    CHECK(toeplitz_emulated_bf16x2(value, 1) == (rounded[i][1] << 16 | 0x3f80));
    CHECK(toeplitz_emulated_bf16x2(1, value) == (0x3f800000 | rounded[i][1]));
  }
  puts("rounding to bfloat16: the nearest, ties to even");
}

/* "ldmatrix": the registers of a thread, each of a matrix of its own, and the
 * threads that hold the rows' addresses. */
static void check_load(void) {
  static uint16_t matrices[4][8][8];
  const void *rows[LANES];
  uint32_t words[LANES][4], *lanes[LANES];
  for (int lane = 0; lane < LANES; ++lane) {
    lanes[lane] = words[lane];
    rows[lane] = matrices[lane / 8][lane % 8];
    for (int column = 0; column < 8; ++column)
      matrices[lane / 8][lane % 8][column] =
          (uint16_t)(1000 + lane * 8 + column);
  }
  toeplitz_load_matrices(rows, lanes);
  for (int matrix = 0; matrix < 4; ++matrix)
    for (int row = 0; row < 8; ++row)
      for (int column = 0; column < 8; ++column) {
        int lane = row * 4 + column / 2;
        uint32_t word = words[lane][matrix];
        CHECK((column % 2 ? word >> 16 : word & 0xffff) ==
              matrices[matrix][row][column]);
      }
  puts("ldmatrix: two numbers of each of four matrices");
}

int main(void) {
  product tf32 = {TOEPLITZ_MMA_TF32, 0, 8, {{0}}, {{0}}, {{0}}};
  product bf16 = {
      TOEPLITZ_MMA_BF16, TOEPLITZ_BFLOAT16, 16, {{0}}, {{0}}, {{0}}};
  product f16 = {TOEPLITZ_MMA_F16, TOEPLITZ_FLOAT16, 16, {{0}}, {{0}}, {{0}}};
  check_product(tf32, "m16n8k8, tf32");
  check_product(bf16, "m16n8k16, bf16");
  check_product(f16, "m16n8k16, f16");
  check_order(tf32);
  check_order(f16);
  check_tf32();
  check_bf16x2();
  check_load();
  return 0;
}
