/* A stack is made by makecontext, once; from then on _setjmp and _longjmp
 * switch between the stacks, which unlike swapcontext don't ask the kernel for
 * the mask of signals and take nanoseconds. */

#define _GNU_SOURCE /* MAP_STACK */
/* What the checks of glibc take for an error is the point here. */
#undef _FORTIFY_SOURCE

#include "runtime/fibers.h"

#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK_SIZE = 64 << 10 };

typedef struct fiber {
  jmp_buf place;  /* where it goes on */
  int has_frames; /* whether there is such a place */
  int has_ended;
  void (*function)(const void *argument);
  const void *argument;
} fiber;

struct toeplitz_fibers {
  uint32_t count;
  uint32_t current;
  jmp_buf resumer;
  ucontext_t entered; /* the last stack that was made, until it runs */
  /* Each stack has a page below it that faults. */
  char *stacks;
  size_t distance; /* from one to the next, the page counted */
  size_t page;
  fiber fibers[];
};

toeplitz_fibers *toeplitz_fibers_create(uint32_t count) {
  toeplitz_fibers *fibers =
      calloc(1, sizeof *fibers + count * sizeof *fibers->fibers);
  if (!fibers)
    return NULL;
  fibers->count = count;
  fibers->page = (size_t)sysconf(_SC_PAGESIZE);
  fibers->distance = STACK_SIZE + fibers->page;
  /* Pages cost nothing until they are touched. */
  fibers->stacks =
      mmap(NULL, count * fibers->distance, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (fibers->stacks == MAP_FAILED) {
    free(fibers);
    return NULL;
  }
  for (uint32_t index = 0; index < count; ++index)
    if (mprotect(fibers->stacks + index * fibers->distance, fibers->page,
                 PROT_NONE) != 0) {
      toeplitz_fibers_destroy(fibers);
      return NULL;
    }
  return fibers;
}

void toeplitz_fibers_destroy(toeplitz_fibers *fibers) {
  if (!fibers)
    return;
  munmap(fibers->stacks, fibers->count * fibers->distance);
  free(fibers);
}

void toeplitz_fibers_start(toeplitz_fibers *fibers, uint32_t index,
                           void (*function)(const void *argument),
                           const void *argument) {
  fiber *started = &fibers->fibers[index];
  /* One that has ended waits at the end of its loop and can be used again. */
  if (!started->has_ended)
    started->has_frames = 0;
  started->has_ended = 0;
  started->function = function;
  started->argument = argument;
}

/* The first frame of a fiber. makecontext hands over ints, so that the address
 * comes in two. */
static void serve(unsigned high, unsigned low) {
  toeplitz_fibers *fibers =
      (toeplitz_fibers *)(uintptr_t)((uint64_t)high << 32 | low);
  fiber *served = &fibers->fibers[fibers->current];
  for (;;) {
    served->function(served->argument);
    served->has_ended = 1;
    toeplitz_fibers_yield(fibers);
  }
}

static void enter(toeplitz_fibers *fibers, uint32_t index) {
  ucontext_t *context = &fibers->entered;
  uint64_t address = (uint64_t)(uintptr_t)fibers;
  getcontext(context);
  context->uc_stack.ss_sp =
      fibers->stacks + index * fibers->distance + fibers->page;
  context->uc_stack.ss_size = STACK_SIZE;
  context->uc_link = NULL;
  makecontext(context, (void (*)(void))serve, 2, (unsigned)(address >> 32),
              (unsigned)address);
  setcontext(context);
}

int toeplitz_fibers_resume(toeplitz_fibers *fibers, uint32_t index) {
  fiber *resumed = &fibers->fibers[index];
  fibers->current = index;
  if (_setjmp(fibers->resumer) == 0) {
    if (resumed->has_frames)
      _longjmp(resumed->place, 1);
    resumed->has_frames = 1;
    enter(fibers, index);
  }
  return fibers->fibers[index].has_ended;
}

void toeplitz_fibers_yield(toeplitz_fibers *fibers) {
  if (_setjmp(fibers->fibers[fibers->current].place) == 0)
    _longjmp(fibers->resumer, 1);
}
