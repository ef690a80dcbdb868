/* The types of elements (TOEPLITZ_FLOAT32 and its kin of toeplitz.h): names,
 * sizes, single elements as numbers. */

#ifndef TOEPLITZ_RUNTIME_ELEMENT_TYPE_H
#define TOEPLITZ_RUNTIME_ELEMENT_TYPE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NumPy's name, such as "float32", "uint8" or "bool" ("bfloat16" is that of
 * ml_dtypes); NULL for a number that is no type. */
const char *toeplitz_element_type_name(int32_t type);

/* The type of that name; 0 when there is none. */
int32_t toeplitz_element_type_of_name(const char *name, size_t length);

/* Bytes of an element; 0 for a number that is no type. */
int32_t toeplitz_element_size(int32_t type);

/* Whether elements are floating point numbers; else they are integers, of which
 * bools are those from 0 to 1. */
int toeplitz_is_float(int32_t type);

/* Whether integers have a sign. */
int toeplitz_is_signed(int32_t type);

/* The value of an element that is a floating point number. */
double toeplitz_load_float(int32_t type, const void *element);

/* The value of an element that is an integer, in two's complement of 64 bits:
 * a uint64 above INT64_MAX is a negative number here. */
int64_t toeplitz_load_integer(int32_t type, const void *element);

/* Rounds to the nearest number that the type holds, ties to even. */
void toeplitz_store_float(int32_t type, void *element, double value);

/* The number must be one that the type holds. */
void toeplitz_store_integer(int32_t type, void *element, int64_t value);

/* Writes an element as text with as many digits as tell it apart from all
 * others of its type, always terminated, and returns `text`. */
const char *toeplitz_element_text(int32_t type, const void *element, char *text,
                                  size_t text_size);

/* Fills a tensor with the same values at each call for one seed: floats in
 * [-1, 1), 8-bit integers of their whole range, all other integers and bools 0
 * or 1, because wider integers are most often indices. */
void toeplitz_fill_random(int32_t type, void *elements, int64_t count,
                          uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_ELEMENT_TYPE_H */
