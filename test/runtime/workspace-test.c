/* Workspaces of all sizes: aligned, writable as a whole, refused when there
 * can't be one. */

#include "check.h"
#include "runtime/toeplitz.h"

#include <stdio.h>
#include <string.h>

int main(void) {
  const uint64_t large = 4u << 20, page = 2u << 20;
  const uint64_t sizes[] = {0, 1, 63, 4096, large - 1, large, large + page + 1};
  for (size_t index = 0; index < sizeof sizes / sizeof *sizes; ++index) {
    uint64_t size = sizes[index];
    unsigned char *workspace = toeplitz_workspace_create(size);
    CHECK(workspace);
    CHECK((uintptr_t)workspace % TOEPLITZ_ALIGNMENT == 0);
    CHECK(size < large || (uintptr_t)workspace % page == 0);
    memset(workspace, 0xa5, (size_t)size);
    CHECK(size == 0 || workspace[size - 1] == 0xa5);
    toeplitz_workspace_destroy(workspace);
  }
  puts("all sizes");

  toeplitz_workspace_destroy(NULL);
  const uint64_t impossible[] = {UINT64_MAX, UINT64_MAX - page, UINT64_MAX / 2};
  for (size_t index = 0; index < sizeof impossible / sizeof *impossible;
       ++index)
    CHECK(!toeplitz_workspace_create(impossible[index]));
  puts("none that can't be");
  return 0;
}
