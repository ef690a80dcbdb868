/* The memory that a network works in.
 *
 * The first touch of a page costs more than all that a layer does with it: 0.2
 * microseconds where the kernel is next to the hardware, several times that in
 * a virtual machine. A page of 2 MiB costs little more than one of 4 KiB, so
 * large workspaces begin with one, and the kernel is asked for such pages.
 * (Measured in a virtual machine: 1.1 ms for each MiB of small pages, 0.2 to
 * 0.4 of large ones.) Where there are none nothing else changes. */

#define _DEFAULT_SOURCE /* madvise, posix_memalign */

#include "runtime/toeplitz.h"

#include <stddef.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { HUGE_PAGE = 2 << 20 };

void *toeplitz_workspace_create(uint64_t size) {
  void *workspace = NULL;
  if (size > SIZE_MAX - HUGE_PAGE)
    return NULL;
  if (size < 2 * HUGE_PAGE) {
    int error =
        posix_memalign(&workspace, TOEPLITZ_ALIGNMENT, size ? (size_t)size : 1);
    return error ? NULL : workspace;
  }
  /* The last page is whole, too. */
  size_t whole = ((size_t)size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  if (posix_memalign(&workspace, HUGE_PAGE, whole) != 0)
    return NULL;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  /* It is advice: a kernel that can't follow it says so, and that's all. */
  (void)madvise(workspace, whole, MADV_HUGEPAGE);
#endif
  return workspace;
}

void toeplitz_workspace_destroy(void *workspace) { free(workspace); }
