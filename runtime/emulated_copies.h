/* Copies that a thread of a block has begun and not waited for, in emulation:
 * cp.async of PTX and its groups. */

#ifndef TOEPLITZ_RUNTIME_EMULATED_COPIES_H
#define TOEPLITZ_RUNTIME_EMULATED_COPIES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `bytes` at `to`, of which the first `given` come from `from`; the others are
 * zeros. */
typedef struct toeplitz_copy {
  void *to;
  const void *from;
  uint32_t bytes;
  uint32_t given;
  /* The group that it is, or will be, a part of. */
  uint32_t group;
} toeplitz_copy;

/* In the order in which they were begun. All zeros: none. */
typedef struct toeplitz_copies {
  toeplitz_copy *begun;
  uint32_t count;
  uint32_t capacity;
  /* How many groups there have been. */
  uint32_t groups;
} toeplitz_copies;

/* Returns 0 when there is no memory. */
int toeplitz_copies_begin(toeplitz_copies *copies, toeplitz_copy copy);

/* Makes a group of those that are in none yet (cp.async.commit_group). */
void toeplitz_copies_commit(toeplitz_copies *copies);

/* Takes the first copy that cp.async.wait_group waits for, where it lets the
 * `pending` last groups go on; returns 0 when there is none left. */
int toeplitz_copies_take(toeplitz_copies *copies, uint32_t pending,
                         toeplitz_copy *arrived);

/* Forgets all of them; their memory stays for the next ones. */
void toeplitz_copies_clear(toeplitz_copies *copies);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_EMULATED_COPIES_H */
