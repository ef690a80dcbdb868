#include "runtime/element_conversion.h"
#include "runtime/element_type.h"
#include "runtime/toeplitz.h"

#include <string.h>

static int are_bits_of_bfloats(int32_t from, int32_t to) {
  return from == TOEPLITZ_UINT16 && to == TOEPLITZ_BFLOAT16;
}

int toeplitz_is_convertible(int32_t from, int32_t to) {
  return toeplitz_is_float(from) == toeplitz_is_float(to) ||
         are_bits_of_bfloats(from, to);
}

/* Whether the integer, loaded from an element of type `from`, is one of `to`.
 */
static int fits(int32_t from, int32_t to, int64_t value) {
  int is_huge = from == TOEPLITZ_UINT64 && value < 0; /* above INT64_MAX */
  int bits = to == TOEPLITZ_BOOL ? 1 : 8 * toeplitz_element_size(to);
  if (is_huge)
    return to == TOEPLITZ_UINT64;
  if (toeplitz_is_signed(to)) {
    int64_t highest = (int64_t)(UINT64_MAX >> (65 - bits));
    return value >= -highest - 1 && value <= highest;
  }
  return value >= 0 && (uint64_t)value <= UINT64_MAX >> (64 - bits);
}

int64_t toeplitz_convert_elements(int32_t from, const void *source, int32_t to,
                                  void *target, int64_t count) {
  int32_t from_size = toeplitz_element_size(from);
  int32_t to_size = toeplitz_element_size(to);
  /* The bits of NaNs stay too. Bools are the exception: a file may hold bytes
   * that are neither 0 nor 1. */
  if ((from == to && from != TOEPLITZ_BOOL) || are_bits_of_bfloats(from, to)) {
    if (count > 0)
      memcpy(target, source, (size_t)count * (size_t)from_size);
    return count;
  }
  const char *input = source;
  char *output = target;
  for (int64_t index = 0; index < count;
       ++index, input += from_size, output += to_size) {
    if (toeplitz_is_float(from)) {
      toeplitz_store_float(to, output, toeplitz_load_float(from, input));
      continue;
    }
    int64_t value = toeplitz_load_integer(from, input);
    if (!fits(from, to, value))
      return index;
    toeplitz_store_integer(to, output, value);
  }
  return count;
}
