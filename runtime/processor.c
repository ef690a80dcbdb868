/* Whether this processor can run what a network is compiled for; on x86 also
 * the request for the tile registers that a process must make before it uses
 * them. */

#define _GNU_SOURCE /* syscall */

#include "runtime/processor_features.h"
#include "runtime/toeplitz.h"

#include <stddef.h>

#if defined(__x86_64__)

#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* The bits of XCR0 that say what the system saves when it switches threads.
 * Source: Software Developer's Manual, volume 1, section 13.1. */
enum {
  STATE_NONE = 0,
  STATE_AVX = 0x6,
  STATE_AVX512 = 0xe6,
  STATE_TILES = 0x60000
};

typedef struct feature {
  const char *name;
  unsigned leaf, subleaf, place, bit, state;
} feature;

static const feature features[] = {
#define X(name, leaf, subleaf, place, bit, state)                              \
  {name, leaf, subleaf, place, bit, STATE_##state},
    TOEPLITZ_X86_FEATURES(X)
#undef X
};

static unsigned saved_state(void) {
  unsigned registers[4];
  /* OSXSAVE: XGETBV exists. */
  if (!__get_cpuid(1, &registers[0], &registers[1], &registers[2],
                   &registers[3]) ||
      !(registers[2] >> 27 & 1))
    return 0;
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static int has_feature(const feature *wanted, unsigned state) {
  unsigned registers[4];
  return __get_cpuid_count(wanted->leaf, wanted->subleaf, &registers[0],
                           &registers[1], &registers[2], &registers[3]) &&
         registers[wanted->place] >> wanted->bit & 1 &&
         (state & wanted->state) == wanted->state;
}

/* Linux gives tile registers to a process that asks for them; its threads share
 * the permission. Source: the kernel's Documentation/arch/x86/xstate.rst. */
static int request_tiles(void) {
#if defined(__linux__)
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
  return 0;
#endif
}

const char *toeplitz_missing_feature(const toeplitz_network *network) {
  uint64_t needed = network->processor_features;
  if (needed == 0)
    return NULL;
  unsigned state = saved_state();
  const char *tiles = NULL;
  for (size_t index = 0; index < sizeof features / sizeof *features; ++index) {
    if (!(needed >> index & 1))
      continue;
    if (!has_feature(&features[index], state))
      return features[index].name;
    if (features[index].state == STATE_TILES)
      tiles = features[index].name;
  }
  return tiles && !request_tiles() ? tiles : NULL;
}

#elif defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>

const char *toeplitz_missing_feature(const toeplitz_network *network) {
  static const struct {
    const char *name;
    unsigned word, bit;
  } features[] = {
#define X(name, word, bit) {name, word, bit},
      TOEPLITZ_AARCH64_FEATURES(X)
#undef X
  };
  uint64_t words[] = {0, getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};
  uint64_t needed = network->processor_features;
  for (size_t index = 0; index < sizeof features / sizeof *features; ++index)
    if (needed >> index & 1 &&
        !(words[features[index].word] >> features[index].bit & 1))
      return features[index].name;
  return NULL;
}

#else

const char *toeplitz_missing_feature(const toeplitz_network *network) {
  (void)network;
  return NULL;
}

#endif

int toeplitz_check_processor(const toeplitz_network *network) {
  /* CPUID takes tens of microseconds on a virtual machine: features that were
   * found are remembered. All threads find the same. */
  static uint64_t found = 0;
  uint64_t needed = network->processor_features;
  if ((needed & ~__atomic_load_n(&found, __ATOMIC_RELAXED)) == 0)
    return TOEPLITZ_SUCCESS;
  if (network->missing_feature(network))
    return TOEPLITZ_UNSUPPORTED_PROCESSOR;
  __atomic_fetch_or(&found, needed, __ATOMIC_RELAXED);
  return TOEPLITZ_SUCCESS;
}
