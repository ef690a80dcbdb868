#include "runtime/npy_header.h"
#include "runtime/element_type.h"
#include "runtime/toeplitz.h"

#include <stdio.h>
#include <string.h>

typedef struct cursor {
  const char *at;
  const char *end;
} cursor;

typedef struct text_range {
  const char *start;
  size_t length;
} text_range;

static int peek(cursor *position) {
  while (position->at < position->end &&
         (*position->at == ' ' || *position->at == '\t' ||
          *position->at == '\n' || *position->at == '\r'))
    ++position->at;
  return position->at < position->end ? (unsigned char)*position->at : -1;
}

static int accept(cursor *position, char expected) {
  if (peek(position) != expected)
    return 0;
  ++position->at;
  return 1;
}

static int accept_word(cursor *position, const char *word) {
  size_t length = strlen(word);
  peek(position);
  if ((size_t)(position->end - position->at) < length ||
      memcmp(position->at, word, length) != 0)
    return 0;
  position->at += length;
  return 1;
}

static int accept_string(cursor *position, text_range *string) {
  int quote = peek(position);
  if (quote != '\'' && quote != '"')
    return 0;
  string->start = ++position->at;
  const char *close =
      memchr(position->at, quote, (size_t)(position->end - position->at));
  if (!close)
    return 0;
  string->length = (size_t)(close - string->start);
  position->at = close + 1;
  return 1;
}

static int text_is(text_range range, const char *text) {
  return range.length == strlen(text) &&
         memcmp(range.start, text, range.length) == 0;
}

static int accept_dimension(cursor *position, int64_t *dimension) {
  int digit = peek(position);
  if (digit < '0' || digit > '9')
    return 0;
  int64_t value = 0;
  for (; position->at < position->end && *position->at >= '0' &&
         *position->at <= '9';
       ++position->at) {
    if (value > (INT64_MAX - 9) / 10)
      return 0;
    value = value * 10 + (*position->at - '0');
  }
  accept(position, 'L'); /* Python 2 wrote long integers so */
  *dimension = value;
  return 1;
}

static int fail(char *reason, size_t reason_size, const char *text) {
  snprintf(reason, reason_size, "%s", text);
  return 1;
}

/* A type as NumPy describes it: byte order, kind, bytes. */
typedef struct description {
  char text[4];
  int32_t type;
} description;

static const description descriptions[] = {
    {"<f2", TOEPLITZ_FLOAT16},  {"<f4", TOEPLITZ_FLOAT32},
    {"<f8", TOEPLITZ_FLOAT64},  {"|i1", TOEPLITZ_INT8},
    {"<i2", TOEPLITZ_INT16},    {"<i4", TOEPLITZ_INT32},
    {"<i8", TOEPLITZ_INT64},    {"|u1", TOEPLITZ_UINT8},
    {"<u2", TOEPLITZ_UINT16},   {"<u4", TOEPLITZ_UINT32},
    {"<u8", TOEPLITZ_UINT64},   {"|b1", TOEPLITZ_BOOL},
    {"|V2", TOEPLITZ_BFLOAT16}, /* opaque bytes; so ml_dtypes saves them */
};
enum { DESCRIPTION_COUNT = sizeof descriptions / sizeof *descriptions };

const char *npy_description(int32_t type) {
  for (int index = 0; index < DESCRIPTION_COUNT; ++index)
    if (descriptions[index].type == type)
      return descriptions[index].text;
  return NULL;
}

static int parse_element_type(cursor *position, npy_header *header,
                              char *reason, size_t reason_size) {
  text_range text;
  if (!accept_string(position, &text))
    return fail(reason, reason_size,
                "holds records of several fields, but a plain array of "
                "numbers is needed");
  if (text.length == 3 && strchr("<>=|", text.start[0]))
    for (int index = 0; index < DESCRIPTION_COUNT; ++index)
      if (memcmp(descriptions[index].text + 1, text.start + 1, 2) == 0) {
        header->big_endian = text.start[0] == '>';
        header->type = descriptions[index].type;
        header->element_size = toeplitz_element_size(header->type);
        return 0;
      }
  snprintf(reason, reason_size,
           "has elements of type '%.*s', which no network takes; convert the "
           "array with .astype('float32')",
           (int)(text.length < 40 ? text.length : 40), text.start);
  return 1;
}

static int parse_shape(cursor *position, npy_header *header, char *reason,
                       size_t reason_size) {
  const char *const broken = "has a broken shape in its header";
  if (!accept(position, '('))
    return fail(reason, reason_size, broken);
  header->rank = 0;
  while (!accept(position, ')')) {
    if (header->rank == TOEPLITZ_NPY_MAXIMUM_RANK)
      return fail(reason, reason_size, "has more than 32 dimensions");
    if (!accept_dimension(position, &header->shape[header->rank++]))
      return fail(reason, reason_size, broken);
    if (!accept(position, ',') && peek(position) != ')')
      return fail(reason, reason_size, broken);
  }
  /* A dimension of zero makes the array empty, whatever the others are. */
  header->count = 1;
  for (int32_t index = 0; index < header->rank; ++index)
    if (header->shape[index] == 0)
      header->count = 0;
  for (int32_t index = 0; index < header->rank && header->count; ++index) {
    if (header->count > INT64_MAX / 16 / header->shape[index])
      return fail(reason, reason_size, "is larger than any memory");
    header->count *= header->shape[index];
  }
  return 0;
}

int npy_parse_header(const char *text, size_t length, npy_header *header,
                     char *reason, size_t reason_size) {
  const char *const broken =
      "has a broken header (a Python dictionary is expected)";
  cursor position = {text, text + length};
  int has_type = 0, has_order = 0, has_shape = 0;
  memset(header, 0, sizeof *header);
  if (!accept(&position, '{'))
    return fail(reason, reason_size, broken);
  while (!accept(&position, '}')) {
    text_range key;
    if (!accept_string(&position, &key) || !accept(&position, ':'))
      return fail(reason, reason_size, broken);
    if (text_is(key, "descr")) {
      if (parse_element_type(&position, header, reason, reason_size))
        return 1;
      has_type = 1;
    } else if (text_is(key, "fortran_order")) {
      header->fortran_order = accept_word(&position, "True");
      if (!header->fortran_order && !accept_word(&position, "False"))
        return fail(reason, reason_size, broken);
      has_order = 1;
    } else if (text_is(key, "shape")) {
      if (parse_shape(&position, header, reason, reason_size))
        return 1;
      has_shape = 1;
    } else {
      return fail(reason, reason_size, "has an unknown key in its header");
    }
    if (!accept(&position, ',') && peek(&position) != '}')
      return fail(reason, reason_size, broken);
  }
  if (!has_type || !has_order || !has_shape)
    return fail(reason, reason_size,
                "has a header without 'descr', 'fortran_order' or 'shape'");
  return 0;
}
