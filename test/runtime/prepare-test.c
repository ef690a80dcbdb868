/* What prepare does to memory: the page faults of the weights and of the
 * workspace are taken by it, not by whoever touches them next; with a kernel
 * that knows no call for it, too, or with one whose call does nothing; and
 * where there is no memory, nothing is touched. Linked with
 * `-Wl,--wrap=madvise`, so that it can fail. */

#define _GNU_SOURCE /* MAP_ANONYMOUS, madvise */

#include "check.h"
#include "runtime/toeplitz.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1024, SIZE = PAGES * PAGE, FEW = PAGES / 64 };

static int failure; /* what madvise fails with, 0 where it doesn't */
static int idle;    /* whether it does nothing where it doesn't fail */
int __real_madvise(void *start, size_t size, int advice);
int __wrap_madvise(void *start, size_t size, int advice);
int __wrap_madvise(void *start, size_t size, int advice) {
  if (!failure)
    return idle ? 0 : __real_madvise(start, size, advice);
  errno = failure;
  return -1;
}

static long count_faults(void) {
  struct rusage usage;
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  return usage.ru_minflt + usage.ru_majflt;
}

/* Pages of their own, small ones, that nobody has touched. */
static unsigned char *map(int protection, int file) {
  int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE;
  unsigned char *memory = mmap(NULL, SIZE, protection, flags, file, 0);
  CHECK(memory != MAP_FAILED);
#ifdef MADV_NOHUGEPAGE
  (void)__real_madvise(memory, SIZE, MADV_NOHUGEPAGE);
#endif
  return memory;
}

static long faults_of_reading(const volatile unsigned char *memory) {
  long before = count_faults();
  for (int page = 0; page < PAGES; ++page)
    (void)memory[page * PAGE];
  return count_faults() - before;
}

static long faults_of_writing(volatile unsigned char *memory) {
  long before = count_faults();
  for (int page = 0; page < PAGES; ++page)
    memory[page * PAGE] = 1;
  return count_faults() - before;
}

static void check_faults(int file) {
  /* What is counted below does occur. */
  unsigned char *untouched = map(PROT_READ, file);
  CHECK(faults_of_reading(untouched) >= FEW);
  munmap(untouched, SIZE);
  untouched = map(PROT_READ | PROT_WRITE, -1);
  CHECK(faults_of_writing(untouched) >= FEW);
  munmap(untouched, SIZE);

  unsigned char *weights = map(PROT_READ, file);
  unsigned char *workspace = map(PROT_READ | PROT_WRITE, -1);
  /* Neither begins or ends with a page. */
  toeplitz_network network = {0};
  network.weights = weights + 64;
  network.weights_size = SIZE - 128;
  toeplitz_prepare(&network, workspace + 64, SIZE - 128);
  CHECK(faults_of_reading(weights) < FEW);
  CHECK(faults_of_writing(workspace) < FEW);
  munmap(weights, SIZE);
  munmap(workspace, SIZE);
}

int main(void) {
  FILE *file = tmpfile();
  CHECK(file && ftruncate(fileno(file), SIZE) == 0);
  check_faults(fileno(file));
  puts("no faults are left");

  failure = EINVAL; /* an old kernel doesn't know the advice */
  check_faults(fileno(file));
  puts("nor with an old kernel");

  /* The faults that a hypervisor takes don't show here. A call that does
   * nothing leaves the pages as such a machine does after one that did all it
   * could. */
  failure = 0;
  idle = 1;
  check_faults(fileno(file));
  puts("nor where the call does nothing");

  failure = ENOMEM;
  toeplitz_network network = {0};
  toeplitz_prepare(&network, NULL, SIZE);
  unsigned char *forbidden = map(PROT_NONE, -1);
  network.weights = forbidden;
  network.weights_size = SIZE;
  toeplitz_prepare(&network, forbidden, 0);
  toeplitz_prepare(&network, forbidden, SIZE);
  puts("what can't be had is left alone");
  fclose(file);
  return 0;
}
