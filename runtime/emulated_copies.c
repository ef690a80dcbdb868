#include "runtime/emulated_copies.h"

#include <stdlib.h>
#include <string.h>

int toeplitz_copies_begin(toeplitz_copies *copies, toeplitz_copy copy) {
  if (copies->count == copies->capacity) {
    uint32_t capacity = copies->capacity ? 2 * copies->capacity : 16;
    toeplitz_copy *larger =
        realloc(copies->begun, capacity * sizeof *copies->begun);
    if (!larger)
      return 0;
    copies->begun = larger;
    copies->capacity = capacity;
  }
  copy.group = copies->groups;
  copies->begun[copies->count++] = copy;
  return 1;
}

void toeplitz_copies_commit(toeplitz_copies *copies) { ++copies->groups; }

int toeplitz_copies_take(toeplitz_copies *copies, uint32_t pending,
                         toeplitz_copy *arrived) {
  if (copies->count == 0 ||
      (uint64_t)copies->begun[0].group + pending >= copies->groups)
    return 0;
  *arrived = copies->begun[0];
  --copies->count;
  memmove(copies->begun, copies->begun + 1,
          copies->count * sizeof *copies->begun);
  return 1;
}

void toeplitz_copies_clear(toeplitz_copies *copies) {
  copies->count = 0;
  copies->groups = 0;
}
