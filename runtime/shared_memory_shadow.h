/* Who has touched which byte of a block's shared memory since the last
 * barrier: finds races. */

#ifndef TOEPLITZ_RUNTIME_SHARED_MEMORY_SHADOW_H
#define TOEPLITZ_RUNTIME_SHARED_MEMORY_SHADOW_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct toeplitz_shadow toeplitz_shadow;

/* For `size` bytes that nobody has touched. Returns NULL when there is no
 * memory. The caller owns the result and frees it with free. */
toeplitz_shadow *toeplitz_shadow_create(uint64_t size);

/* A barrier: what was touched before doesn't count. */
void toeplitz_shadow_advance(toeplitz_shadow *shadow);

/* Another block: nor does what was written and not published, and barriers of
 * copies begin anew. */
void toeplitz_shadow_begin_block(toeplitz_shadow *shadow);

/* Notes that a thread touches the bytes from offset on, which are within the
 * shadow's. Returns another thread that has touched one of them since the last
 * barrier, where one of the two writes, with that byte's offset in *byte, or
 * TOEPLITZ_SHADOW_COPY + its barrier where it is a copy; -1 when there is none.
 */
int32_t toeplitz_shadow_touch(toeplitz_shadow *shadow, uint64_t offset,
                              uint64_t bytes, int32_t thread, int32_t write,
                              uint64_t *byte);

/* What the thread has written until now may be read by the tensor cores
 * (fence.proxy.async of PTX). */
void toeplitz_shadow_publish(toeplitz_shadow *shadow, int32_t thread);

/* A copy has arrived at these bytes in a phase of a barrier (mbarrier of PTX).
 * It races with threads that touch them before the next barrier of the block,
 * but for those that have observed the end of that phase. */
enum { TOEPLITZ_SHADOW_BARRIERS = 16, TOEPLITZ_SHADOW_COPY = 1024 };
void toeplitz_shadow_arrive(toeplitz_shadow *shadow, uint64_t offset,
                            uint64_t bytes, uint32_t barrier, uint32_t phase);

/* The thread has seen that this many phases of the barrier have ended. */
void toeplitz_shadow_observe(toeplitz_shadow *shadow, int32_t thread,
                             uint32_t barrier, uint32_t phases);

/* A thread of the block that wrote one of these bytes and has not published it
 * since, with that byte's offset in *byte; -1 when there is none. */
int32_t toeplitz_shadow_find_unpublished(const toeplitz_shadow *shadow,
                                         uint64_t offset, uint64_t bytes,
                                         uint64_t *byte);

#ifdef __cplusplus
}
#endif

#endif /* TOEPLITZ_RUNTIME_SHARED_MEMORY_SHADOW_H */
