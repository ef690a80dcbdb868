/* What makes a first run slower than later ones, done before it.
 *
 * A page that is touched for the first time is a page fault: of the weights,
 * which the system maps from the file and reads when they are wanted, and of
 * the workspace. Since Linux 5.14 one call takes the faults of a whole range;
 * elsewhere each page is touched.
 *
 * Pages are touched after that call, too. It maps what a device has put into
 * memory, and the kernel itself never looks at it; where a hypervisor has
 * tables of its own behind the kernel's, their faults are still to come.
 * (Measured in a virtual machine, on a library that nobody had read: no fault
 * of its own kernel was left, and up to 20,000 of 47,000 pages took 7
 * microseconds each at the first touch; the first run took 50 to 400
 * milliseconds instead of 36. Touching a page that is there takes 0.05
 * microseconds.) And QEMU's emulation of Linux says that the call succeeded,
 * having done nothing. */

#define _DEFAULT_SOURCE /* madvise */

#include "runtime/toeplitz.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

/* No system has smaller ones. */
enum { SMALLEST_PAGE = 4096 };

#if defined(__linux__) && defined(MADV_POPULATE_READ) &&                       \
    defined(MADV_POPULATE_WRITE)
enum { FOR_READING = MADV_POPULATE_READ, FOR_WRITING = MADV_POPULATE_WRITE };

/* Whether the pages may be touched: they are there, or the kernel doesn't know
 * how. What else may go wrong (no memory, a file that became shorter) is for
 * the run to meet, if it ever does. */
static int populate(const void *start, uint64_t size, int advice) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t begin = (uintptr_t)start / page * page;
  size_t length = (size_t)((uintptr_t)start + size - begin);
  return madvise((void *)begin, length, advice) == 0 || errno == EINVAL;
}
#else
enum { FOR_READING, FOR_WRITING };

static int populate(const void *start, uint64_t size, int advice) {
  (void)start, (void)size, (void)advice;
  return 1;
}
#endif

static void populate_for_reading(const void *start, uint64_t size) {
  const volatile unsigned char *bytes = start;
  if (size == 0 || !populate(start, size, FOR_READING))
    return;
  for (uint64_t place = 0; place < size; place += SMALLEST_PAGE)
    (void)bytes[place];
  (void)bytes[size - 1];
}

static void populate_for_writing(void *start, uint64_t size) {
  volatile unsigned char *bytes = start;
  if (size == 0 || !populate(start, size, FOR_WRITING))
    return;
  for (uint64_t place = 0; place < size; place += SMALLEST_PAGE)
    bytes[place] = 0;
  bytes[size - 1] = 0;
}

void toeplitz_prepare(const toeplitz_network *network, void *workspace,
                      uint64_t size) {
  populate_for_reading(network->weights, network->weights_size);
  if (workspace)
    populate_for_writing(workspace, size);
}
