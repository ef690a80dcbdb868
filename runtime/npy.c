/* Every length of the file is distrusted: nothing is allocated before the file
 * is known to be long enough, where it has a length at all (a pipe has none).
 */

#define _POSIX_C_SOURCE 200809L /* posix_memalign, fileno, getpid */

#include "runtime/npy.h"
#include "runtime/element_conversion.h"
#include "runtime/element_type.h"
#include "runtime/npy_header.h"
#include "runtime/toeplitz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALIGNMENT = 64, MAXIMUM_HEADER = 1 << 20 };

/* Where the sentence about a failure goes. */
typedef struct report {
  const char *path;
  char *message;
  size_t size;
} report;

__attribute__((format(printf, 2, 3))) static int fail(const report *where,
                                                      const char *format, ...) {
  char reason[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  snprintf(where->message, where->size, "%s: %s", where->path, reason);
  return 1;
}

const char *toeplitz_shape_text(const int64_t *shape, int32_t rank, char *text,
                                size_t text_size) {
  size_t used = 0;
  for (int32_t index = 0; index < rank && used < text_size; ++index) {
    const char *separator = index ? ", " : "(";
    used += (size_t)(shape[index] < 0
                         ? snprintf(text + used, text_size - used, "%sbatch",
                                    separator)
                         : snprintf(text + used, text_size - used, "%s%" PRId64,
                                    separator, shape[index]));
  }
  if (used < text_size)
    snprintf(text + used, text_size - used, "%s",
             rank == 0 ? "()" : (rank == 1 ? ",)" : ")"));
  return text;
}

/* ---- The elements ---- */

static int host_is_big_endian(void) {
  const uint16_t probe = 1;
  uint8_t first;
  memcpy(&first, &probe, 1);
  return first == 0;
}

static void swap_bytes(unsigned char *bytes, int element_size, int64_t count) {
  for (int64_t index = 0; index < count; ++index, bytes += element_size)
    for (int low = 0, high = element_size - 1; low < high; ++low, --high) {
      unsigned char kept = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = kept;
    }
}

static int fail_truncated(const report *where, const npy_header *header,
                          int64_t available) {
  return fail(where,
              "is truncated: its header announces %" PRId64
              " elements of %d bytes, the file ends after %" PRId64,
              header->count, header->element_size, available);
}

/* The piece's element `index` doesn't fit `type`. */
static int fail_range(const report *where, const npy_header *header,
                      const unsigned char *piece, int64_t index, int64_t done,
                      int32_t type) {
  char number[64];
  toeplitz_element_text(header->type, piece + index * header->element_size,
                        number, sizeof number);
  return fail(where, "holds %s (element %" PRId64 "), which is no %s", number,
              done + index, toeplitz_element_type_name(type));
}

/* Reads header->count elements into `values`, a piece at a time, as elements of
 * `type`. */
static int read_elements(FILE *file, const npy_header *header, int32_t type,
                         char *values, const report *where) {
  unsigned char piece[1 << 14];
  int swap = header->big_endian != host_is_big_endian();
  int64_t capacity = (int64_t)sizeof piece / header->element_size;
  int32_t size = toeplitz_element_size(type);
  for (int64_t done = 0; done < header->count;) {
    int64_t wanted = header->count - done;
    if (wanted > capacity)
      wanted = capacity;
    size_t got =
        fread(piece, (size_t)header->element_size, (size_t)wanted, file);
    if (got != (size_t)wanted)
      return ferror(file) ? fail(where, "can't be read: %s", strerror(errno))
                          : fail_truncated(where, header, done + (int64_t)got);
    if (swap)
      swap_bytes(piece, header->element_size, wanted);
    int64_t converted = toeplitz_convert_elements(header->type, piece, type,
                                                  values + done * size, wanted);
    if (converted < wanted)
      return fail_range(where, header, piece, converted, done, type);
    done += wanted;
  }
  return 0;
}

/* Copies from Fortran order (the first index runs fastest) to C order. */
static void reorder(const char *source, char *target, size_t size,
                    const npy_header *header) {
  int64_t index[TOEPLITZ_NPY_MAXIMUM_RANK] = {0};
  int64_t stride[TOEPLITZ_NPY_MAXIMUM_RANK];
  int64_t offset = 0, product = 1;
  for (int32_t dimension = 0; dimension < header->rank; ++dimension) {
    stride[dimension] = product;
    product *= header->shape[dimension];
  }
  for (int64_t position = 0; position < header->count; ++position) {
    memcpy(target + (size_t)position * size, source + (size_t)offset * size,
           size);
    for (int32_t dimension = header->rank - 1; dimension >= 0; --dimension) {
      offset += stride[dimension];
      if (++index[dimension] < header->shape[dimension])
        break;
      offset -= stride[dimension] * header->shape[dimension];
      index[dimension] = 0;
    }
  }
}

/* At least one byte, so that NULL always means failure. */
static char *allocate_elements(int64_t count, size_t size) {
  void *memory = NULL;
  size_t bytes = count > 0 ? (size_t)count * size : 1;
  return posix_memalign(&memory, ALIGNMENT, bytes) == 0 ? memory : NULL;
}

/* ---- Reading ---- */

static int read_header(FILE *file, npy_header *header, const report *where) {
  unsigned char start[12];
  if (fread(start, 1, 10, file) != 10 || memcmp(start, "\x93NUMPY", 6) != 0)
    return ferror(file) ? fail(where, "can't be read: %s", strerror(errno))
                        : fail(where, "is not a .npy file");
  int version = start[6];
  if (version < 1 || version > 3)
    return fail(where, "has version %d of the .npy format; 1 to 3 are known",
                version);
  size_t length = start[8] | (size_t)start[9] << 8;
  if (version >= 2) {
    if (fread(start + 10, 1, 2, file) != 2)
      return fail(where, "is truncated within its header");
    length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
  }
  if (length > MAXIMUM_HEADER)
    return fail(where, "has a header of %zu bytes; at most %d make sense",
                length, (int)MAXIMUM_HEADER);
  char *text = malloc(length + 1);
  if (!text)
    return fail(where, "can't be read: out of memory");
  char reason[256];
  int failed;
  if (fread(text, 1, length, file) != length)
    failed = fail(where, "is truncated within its header");
  else if ((failed =
                npy_parse_header(text, length, header, reason, sizeof reason)))
    fail(where, "%s", reason);
  free(text);
  return failed;
}

/* Refuses a regular file that is too short before memory is taken for what it
 * promises. */
static int check_length(FILE *file, const npy_header *header,
                        const report *where) {
  struct stat status;
  long position = ftell(file);
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode) ||
      position < 0)
    return 0;
  int64_t available =
      ((int64_t)status.st_size - position) / header->element_size;
  if (available >= header->count)
    return 0;
  return fail_truncated(where, header, available);
}

static int fail_memory(const report *where, const npy_header *header) {
  return fail(where, "can't be read: out of memory for %" PRId64 " elements",
              header->count);
}

static int read_array(FILE *file, int32_t type, toeplitz_npy_array *array,
                      const report *where) {
  npy_header header;
  if (read_header(file, &header, where))
    return 1;
  if (type == 0)
    type = header.type;
  const char *name = toeplitz_element_type_name(type);
  if (!toeplitz_is_convertible(header.type, type))
    return fail(where,
                "has elements of type %s, but %s is needed; convert the array "
                "with .astype('%s')",
                toeplitz_element_type_name(header.type), name,
                type == TOEPLITZ_BFLOAT16 ? "float32" : name);
  if (check_length(file, &header, where))
    return 1;
  size_t size = (size_t)toeplitz_element_size(type);
  char *values = allocate_elements(header.count, size);
  if (!values)
    return fail_memory(where, &header);
  if (read_elements(file, &header, type, values, where)) {
    free(values);
    return 1;
  }
  if (header.fortran_order && header.rank > 1 && header.count > 0) {
    char *ordered = allocate_elements(header.count, size);
    if (ordered)
      reorder(values, ordered, size, &header);
    free(values);
    values = ordered;
    if (!values)
      return fail_memory(where, &header);
  }
  array->type = type;
  array->data = values;
  array->count = header.count;
  array->rank = header.rank;
  memcpy(array->shape, header.shape, sizeof header.shape);
  return 0;
}

int toeplitz_npy_read(const char *path, int32_t type, toeplitz_npy_array *array,
                      char *message, size_t message_size) {
  report where = {path, message, message_size};
  memset(array, 0, sizeof *array);
  FILE *file = fopen(path, "rb");
  if (!file)
    return fail(&where, "can't be opened: %s", strerror(errno));
  int failed = read_array(file, type, array, &where);
  fclose(file);
  return failed;
}

void toeplitz_npy_free(toeplitz_npy_array *array) {
  free(array->data);
  memset(array, 0, sizeof *array);
}

/* ---- Writing ---- */

/* What is written: the file's type differs from the data's for bfloat16. */
typedef struct contents {
  int32_t type;
  int32_t file_type;
  const char *data;
  int32_t rank;
  const int64_t *shape;
} contents;

static int write_header(FILE *file, const contents *what) {
  char shape_text[TOEPLITZ_NPY_MAXIMUM_RANK * 24];
  char header[1024];
  toeplitz_shape_text(what->shape, what->rank, shape_text, sizeof shape_text);
  int length = snprintf(header, sizeof header,
                        "{'descr': '%s', 'fortran_order': False, 'shape': "
                        "%s, }",
                        npy_description(what->file_type), shape_text);
  /* NumPy maps files into memory, so the elements begin at a multiple of 64;
   * the padding ends in a newline. */
  int padded = (10 + length + 1 + 63) / 64 * 64 - 10;
  memset(header + length, ' ', (size_t)(padded - length - 1));
  header[padded - 1] = '\n';
  unsigned char start[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  start[8] = (unsigned char)(padded & 0xff);
  start[9] = (unsigned char)(padded >> 8);
  return fwrite(start, 1, sizeof start, file) == sizeof start &&
         fwrite(header, 1, (size_t)padded, file) == (size_t)padded;
}

static int write_elements(FILE *file, const contents *what, int64_t count) {
  size_t size = (size_t)toeplitz_element_size(what->type);
  size_t file_size = (size_t)toeplitz_element_size(what->file_type);
  if (count == 0)
    return 1;
  if (!host_is_big_endian() && what->type == what->file_type)
    return fwrite(what->data, size, (size_t)count, file) == (size_t)count;
  for (int64_t index = 0; index < count; ++index) {
    unsigned char bytes[sizeof(double)];
    toeplitz_convert_elements(what->type, what->data + (size_t)index * size,
                              what->file_type, bytes, 1);
    if (host_is_big_endian())
      swap_bytes(bytes, (int)file_size, 1);
    if (fwrite(bytes, file_size, 1, file) != 1)
      return 0;
  }
  return 1;
}

/* Returns 0, or the errno of what failed. Closes the file. */
static int write_and_close(FILE *file, const contents *what) {
  int64_t count = 1;
  for (int32_t index = 0; index < what->rank; ++index)
    count *= what->shape[index];
  errno = 0;
  int complete = write_header(file, what) && write_elements(file, what, count);
  int error = complete ? 0 : (errno ? errno : EIO);
  if (fclose(file) != 0 && !error)
    error = errno;
  return error;
}

int toeplitz_npy_write(const char *path, int32_t type, const void *data,
                       int32_t rank, const int64_t *shape, char *message,
                       size_t message_size) {
  report where = {path, message, message_size};
  contents what = {type, type == TOEPLITZ_BFLOAT16 ? TOEPLITZ_FLOAT32 : type,
                   data, rank, shape};
  if (rank < 0 || rank > TOEPLITZ_NPY_MAXIMUM_RANK)
    return fail(&where, "can't be written: %d dimensions", (int)rank);
  struct stat status;
  /* What isn't a regular file (a pipe, /dev/stdout) is written to, never
   * replaced. */
  int replace = stat(path, &status) != 0 || S_ISREG(status.st_mode);
  char *beside = NULL;
  if (replace) {
    size_t size = strlen(path) + 32;
    beside = malloc(size);
    if (!beside)
      return fail(&where, "can't be written: out of memory");
    snprintf(beside, size, "%s.tmp%ld", path, (long)getpid());
  }
  const char *target = beside ? beside : path;
  FILE *file = fopen(target, "wb");
  int error = file ? write_and_close(file, &what) : errno;
  if (!error && beside && rename(beside, path) != 0)
    error = errno;
  if (error && beside && file)
    remove(beside);
  free(beside);
  return error ? fail(&where, "can't be written: %s", strerror(error)) : 0;
}
