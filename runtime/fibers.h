/* Functions that stop in their middle and go on later, all in one thread. */

#ifndef TOEPLITZ_RUNTIME_FIBERS_H
#define TOEPLITZ_RUNTIME_FIBERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct toeplitz_fibers toeplitz_fibers;

/* Stacks for `count` of them, 64 KiB each, whose overflow is a fault. Returns
 * NULL when there is no memory. The caller owns the result. */
toeplitz_fibers *toeplitz_fibers_create(uint32_t count);

/* No fiber may be running; those that are in the middle are dropped. NULL is
 * allowed. */
void toeplitz_fibers_destroy(toeplitz_fibers *fibers);

/* Lets a fiber begin with function(argument) when it is resumed. One that was
 * in the middle of something is dropped where it stands. */
void toeplitz_fibers_start(toeplitz_fibers *fibers, uint32_t index,
                           void (*function)(const void *argument),
                           const void *argument);

/* Runs a fiber that was started until it yields or ends. Returns whether it has
 * ended. */
int toeplitz_fibers_resume(toeplitz_fibers *fibers, uint32_t index);

/* Within a fiber: goes back to who resumed it. */
void toeplitz_fibers_yield(toeplitz_fibers *fibers);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_FIBERS_H */
