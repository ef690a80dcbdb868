/* What the test programs of this folder check with. */

#ifndef TOEPLITZ_TEST_RUNTIME_CHECK_H
#define TOEPLITZ_TEST_RUNTIME_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Ends the program, with its status 1, where the condition doesn't hold. */
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("FAILED at %s:%d: %s\n", __FILE__, __LINE__, #condition);         \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

#endif /* TOEPLITZ_TEST_RUNTIME_CHECK_H */
