/* Elements of one type as those of another, where no meaning is lost. */

#ifndef TOEPLITZ_RUNTIME_ELEMENT_CONVERSION_H
#define TOEPLITZ_RUNTIME_ELEMENT_CONVERSION_H

#include <stddef.h>
#include <stdint.h>

/* Whether toeplitz_convert_elements takes `from` to `to`: between floats of any
 * width, rounding to nearest; between integers and bools of any width, as long
 * as the numbers fit; and from uint16 to bfloat16, which are its bits, because
 * NumPy has no bfloat16 of its own. */
int toeplitz_is_convertible(int32_t from, int32_t to);

/* Converts `count` elements. Returns the place of the first one that isn't a
 * number of the other type, or `count` when all are. */
int64_t toeplitz_convert_elements(int32_t from, const void *source, int32_t to,
                                  void *target, int64_t count);

#endif /* TOEPLITZ_RUNTIME_ELEMENT_CONVERSION_H */
