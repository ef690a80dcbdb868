#include "runtime/shared_memory_shadow.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Of one byte. Of its readers two are enough: whoever writes differs from one
 * of them. */
typedef struct cell {
  uint64_t write_epoch; /* in which the writer counts */
  uint64_t read_epoch;
  int32_t writer;        /* or TOEPLITZ_SHADOW_COPY + the barrier of a copy */
  uint32_t publications; /* of the writer, before it wrote; or the phase */
  int32_t readers[2];    /* the same one twice when there is only one */
} cell;

enum { MOST_THREADS = TOEPLITZ_SHADOW_COPY /* of a block */ };

struct toeplitz_shadow {
  /* How often each thread has published what it wrote. */
  uint32_t publications[MOST_THREADS];
  /* How many phases of each barrier each thread has seen end. */
  uint32_t observed[MOST_THREADS][TOEPLITZ_SHADOW_BARRIERS];
  uint64_t first_epoch; /* of the block */
  uint64_t epoch;       /* counts barriers; cells begin with 0, which is none */
  cell cells[];
};

toeplitz_shadow *toeplitz_shadow_create(uint64_t size) {
  if (size > (SIZE_MAX - sizeof(toeplitz_shadow)) / sizeof(cell))
    return NULL;
  toeplitz_shadow *shadow =
      calloc(1, sizeof *shadow + (size_t)size * sizeof(cell));
  if (shadow)
    shadow->epoch = 1;
  return shadow;
}

void toeplitz_shadow_advance(toeplitz_shadow *shadow) { ++shadow->epoch; }

void toeplitz_shadow_begin_block(toeplitz_shadow *shadow) {
  shadow->first_epoch = ++shadow->epoch;
  memset(shadow->observed, 0, sizeof shadow->observed);
}

/* Whether a thread may touch what a copy has brought since the last barrier of
 * the block. */
static int has_observed(const toeplitz_shadow *shadow, const cell *touched,
                        int32_t thread) {
  int32_t barrier = touched->writer - TOEPLITZ_SHADOW_COPY;
  return barrier >= 0 && shadow->observed[thread % MOST_THREADS][barrier] >
                             touched->publications;
}

/* A thread other than `thread`, or a copy, that the access races with, or -1.
 */
static int32_t find_rival(const toeplitz_shadow *shadow, const cell *touched,
                          int32_t thread, int32_t write) {
  uint64_t epoch = shadow->epoch;
  if (touched->write_epoch == epoch && touched->writer != thread &&
      !has_observed(shadow, touched, thread))
    return touched->writer;
  if (!write || touched->read_epoch != epoch)
    return -1;
  for (int reader = 0; reader < 2; ++reader)
    if (touched->readers[reader] != thread)
      return touched->readers[reader];
  return -1;
}

static void note(const toeplitz_shadow *shadow, cell *touched, int32_t thread,
                 int32_t write) {
  uint64_t epoch = shadow->epoch;
  if (write) {
    touched->write_epoch = epoch;
    touched->writer = thread;
    touched->publications = shadow->publications[thread % MOST_THREADS];
    return;
  }
  if (touched->read_epoch != epoch)
    touched->readers[0] = thread;
  if (touched->read_epoch != epoch || touched->readers[0] != thread)
    touched->readers[1] = thread;
  touched->read_epoch = epoch;
}

int32_t toeplitz_shadow_touch(toeplitz_shadow *shadow, uint64_t offset,
                              uint64_t bytes, int32_t thread, int32_t write,
                              uint64_t *byte) {
  int32_t rival = -1;
  for (uint64_t index = offset; index < offset + bytes; ++index) {
    cell *touched = &shadow->cells[index];
    int32_t found = find_rival(shadow, touched, thread, write);
    if (found >= 0 && rival < 0) {
      rival = found;
      *byte = index;
    }
    note(shadow, touched, thread, write);
  }
  return rival;
}

void toeplitz_shadow_publish(toeplitz_shadow *shadow, int32_t thread) {
  ++shadow->publications[thread % MOST_THREADS];
}

void toeplitz_shadow_arrive(toeplitz_shadow *shadow, uint64_t offset,
                            uint64_t bytes, uint32_t barrier, uint32_t phase) {
  for (uint64_t index = offset; index < offset + bytes; ++index) {
    cell *touched = &shadow->cells[index];
    touched->write_epoch = shadow->epoch;
    touched->writer = TOEPLITZ_SHADOW_COPY + (int32_t)barrier;
    touched->publications = phase;
  }
}

void toeplitz_shadow_observe(toeplitz_shadow *shadow, int32_t thread,
                             uint32_t barrier, uint32_t phases) {
  shadow->observed[thread % MOST_THREADS][barrier] = phases;
}

int32_t toeplitz_shadow_find_unpublished(const toeplitz_shadow *shadow,
                                         uint64_t offset, uint64_t bytes,
                                         uint64_t *byte) {
  for (uint64_t index = offset; index < offset + bytes; ++index) {
    const cell *touched = &shadow->cells[index];
    if (touched->write_epoch > 0 &&
        touched->write_epoch >= shadow->first_epoch &&
        touched->writer < TOEPLITZ_SHADOW_COPY &&
        touched->publications ==
            shadow->publications[touched->writer % MOST_THREADS]) {
      *byte = index;
      return touched->writer;
    }
  }
  return -1;
}
