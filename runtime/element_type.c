#include "runtime/element_type.h"
#include "runtime/toeplitz.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum kind { FLOAT, SIGNED, UNSIGNED } kind;

typedef struct element_type {
  int32_t type;
  const char *name;
  kind kind;
  int32_t size;
} element_type;

static const element_type types[] = {
    {TOEPLITZ_FLOAT32, "float32", FLOAT, 4},
    {TOEPLITZ_UINT8, "uint8", UNSIGNED, 1},
    {TOEPLITZ_INT8, "int8", SIGNED, 1},
    {TOEPLITZ_UINT16, "uint16", UNSIGNED, 2},
    {TOEPLITZ_INT16, "int16", SIGNED, 2},
    {TOEPLITZ_INT32, "int32", SIGNED, 4},
    {TOEPLITZ_INT64, "int64", SIGNED, 8},
    {TOEPLITZ_BOOL, "bool", UNSIGNED, 1},
    {TOEPLITZ_FLOAT16, "float16", FLOAT, 2},
    {TOEPLITZ_FLOAT64, "float64", FLOAT, 8},
    {TOEPLITZ_UINT32, "uint32", UNSIGNED, 4},
    {TOEPLITZ_UINT64, "uint64", UNSIGNED, 8},
    {TOEPLITZ_BFLOAT16, "bfloat16", FLOAT, 2},
};
enum { TYPE_COUNT = sizeof types / sizeof *types };

static const element_type *find(int32_t type) {
  for (int index = 0; index < TYPE_COUNT; ++index)
    if (types[index].type == type)
      return &types[index];
  return NULL;
}

const char *toeplitz_element_type_name(int32_t type) {
  const element_type *found = find(type);
  return found ? found->name : NULL;
}

int32_t toeplitz_element_type_of_name(const char *name, size_t length) {
  for (int index = 0; index < TYPE_COUNT; ++index)
    if (strlen(types[index].name) == length &&
        memcmp(types[index].name, name, length) == 0)
      return types[index].type;
  return 0;
}

int32_t toeplitz_element_size(int32_t type) {
  const element_type *found = find(type);
  return found ? found->size : 0;
}

int toeplitz_is_float(int32_t type) {
  const element_type *found = find(type);
  return found && found->kind == FLOAT;
}

int toeplitz_is_signed(int32_t type) {
  const element_type *found = find(type);
  return found && found->kind == SIGNED;
}

/* ---- Floats of 16 bits ---- */

/* IEEE 754 half to single precision; exact. */
static float float_of_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1f;
  uint32_t fraction = half & 0x3ff;
  uint32_t bits;
  float value;
  if (exponent == 0) { /* zero, or a multiple of 2^-24 */
    value = (float)fraction * (1.0f / 16777216.0f);
    return sign ? -value : value;
  }
  if (exponent == 31)
    bits = sign | 0x7f800000u | fraction << 13;
  else
    bits = sign | (exponent + 112) << 23 | fraction << 13;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* A bfloat16 is the upper half of a float. */
static float float_of_bfloat(uint16_t upper) {
  uint32_t bits = (uint32_t)upper << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The nearest float with that many bits of exponent and of fraction, 15 in all.
 * Directly from double precision: by way of a float it would be rounded twice.
 */
static uint16_t narrow(double value, int exponent_bits, int fraction_bits) {
  uint16_t sign = signbit(value) ? 0x8000 : 0;
  uint16_t infinity = (uint16_t)(((1 << exponent_bits) - 1) << fraction_bits);
  int lowest = 2 - (1 << (exponent_bits - 1)); /* of normal numbers */
  if (isnan(value))
    return (uint16_t)(sign | infinity | 1 << (fraction_bits - 1));
  value = fabs(value);
  if (isinf(value))
    return sign | infinity;
  int exponent;
  frexp(value, &exponent);
  exponent -= 1; /* now value = 1.f * 2^exponent, but for denormals */
  if (exponent < lowest || value == 0)
    exponent = lowest;
  if (exponent >= 1 << (exponent_bits - 1))
    return sign | infinity;
  long units = lrint(ldexp(value, fraction_bits - exponent));
  /* The leading one adds 1 to the exponent's field, which is 0 for denormals;
   * rounding up to the next power of two does it once more. */
  long bits = ((long)(exponent - lowest) << fraction_bits) + units;
  return (uint16_t)(sign | (bits < infinity ? bits : infinity));
}

/* ---- Elements ---- */

double toeplitz_load_float(int32_t type, const void *element) {
  uint16_t bits;
  float single;
  double value = 0;
  switch (type) {
  case TOEPLITZ_FLOAT16:
    memcpy(&bits, element, sizeof bits);
    return (double)float_of_half(bits);
  case TOEPLITZ_BFLOAT16:
    memcpy(&bits, element, sizeof bits);
    return (double)float_of_bfloat(bits);
  case TOEPLITZ_FLOAT32:
    memcpy(&single, element, sizeof single);
    return (double)single;
  default:
    memcpy(&value, element, sizeof value);
    return value;
  }
}

void toeplitz_store_float(int32_t type, void *element, double value) {
  uint16_t bits;
  float single = (float)value;
  switch (type) {
  case TOEPLITZ_FLOAT16:
    bits = narrow(value, 5, 10);
    memcpy(element, &bits, sizeof bits);
    return;
  case TOEPLITZ_BFLOAT16:
    bits = narrow(value, 8, 7);
    memcpy(element, &bits, sizeof bits);
    return;
  case TOEPLITZ_FLOAT32:
    memcpy(element, &single, sizeof single);
    return;
  default:
    memcpy(element, &value, sizeof value);
  }
}

int64_t toeplitz_load_integer(int32_t type, const void *element) {
  const element_type *found = find(type);
  uint8_t byte;
  uint16_t two;
  uint32_t four;
  uint64_t eight = 0;
  int is_signed = found->kind == SIGNED;
  switch (found->size) {
  case 1:
    memcpy(&byte, element, sizeof byte);
    return is_signed ? (int64_t)(int8_t)byte : (int64_t)byte;
  case 2:
    memcpy(&two, element, sizeof two);
    return is_signed ? (int64_t)(int16_t)two : (int64_t)two;
  case 4:
    memcpy(&four, element, sizeof four);
    return is_signed ? (int64_t)(int32_t)four : (int64_t)four;
  default:
    memcpy(&eight, element, sizeof eight);
    return (int64_t)eight;
  }
}

void toeplitz_store_integer(int32_t type, void *element, int64_t value) {
  uint8_t byte = (uint8_t)value;
  uint16_t two = (uint16_t)value;
  uint32_t four = (uint32_t)value;
  uint64_t eight = (uint64_t)value;
  switch (toeplitz_element_size(type)) {
  case 1:
    memcpy(element, &byte, sizeof byte);
    return;
  case 2:
    memcpy(element, &two, sizeof two);
    return;
  case 4:
    memcpy(element, &four, sizeof four);
    return;
  default:
    memcpy(element, &eight, sizeof eight);
  }
}

const char *toeplitz_element_text(int32_t type, const void *element, char *text,
                                  size_t text_size) {
  if (toeplitz_is_float(type))
    snprintf(text, text_size, "%.*g", type == TOEPLITZ_FLOAT64 ? 17 : 9,
             toeplitz_load_float(type, element));
  else if (type == TOEPLITZ_UINT64)
    snprintf(text, text_size, "%" PRIu64,
             (uint64_t)toeplitz_load_integer(type, element));
  else
    snprintf(text, text_size, "%" PRId64, toeplitz_load_integer(type, element));
  return text;
}

void toeplitz_fill_random(int32_t type, void *elements, int64_t count,
                          uint64_t seed) {
  const element_type *found = find(type);
  char *element = elements;
  uint64_t state = seed;
  for (int64_t index = 0; index < count; ++index, element += found->size) {
    state += 0x9E3779B97F4A7C15u; /* splitmix64 */
    uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    bits ^= bits >> 31;
    if (found->kind == FLOAT) /* 24 bits are what a float holds exactly */
      toeplitz_store_float(type, element,
                           (double)(bits >> 40) / 8388608.0 - 1.0);
    else if (found->size == 1 && type != TOEPLITZ_BOOL)
      toeplitz_store_integer(type, element, (int64_t)(bits >> 56));
    else
      toeplitz_store_integer(type, element, (int64_t)(bits >> 63));
  }
}
