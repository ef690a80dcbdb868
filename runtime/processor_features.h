/* The features of processors that compiled code may need: what the compiler
 * asks of LLVM, and where a running program learns whether the processor has
 * them. Feature number n of toeplitz_network.processor_features is the n-th
 * line of the list of the network's architecture. Lines are only ever added at
 * the end. */

#ifndef TOEPLITZ_RUNTIME_PROCESSOR_FEATURES_H
#define TOEPLITZ_RUNTIME_PROCESSOR_FEATURES_H

/* X(name of LLVM, leaf, subleaf, register, bit, state): what CPUID says. The
 * register is the place of EAX, EBX, ECX, EDX; the state is what the system
 * must save for it: see STATE_ in processor.c. Source: Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 2A, CPUID. */
#define TOEPLITZ_X86_FEATURES(X)                                               \
  X("sse3", 1, 0, 2, 0, NONE)                                                  \
  X("ssse3", 1, 0, 2, 9, NONE)                                                 \
  X("sse4.1", 1, 0, 2, 19, NONE)                                               \
  X("sse4.2", 1, 0, 2, 20, NONE)                                               \
  X("popcnt", 1, 0, 2, 23, NONE)                                               \
  X("movbe", 1, 0, 2, 22, NONE)                                                \
  X("lzcnt", 0x80000001, 0, 2, 5, NONE)                                        \
  X("bmi", 7, 0, 1, 3, NONE)                                                   \
  X("bmi2", 7, 0, 1, 8, NONE)                                                  \
  X("avx", 1, 0, 2, 28, AVX)                                                   \
  X("f16c", 1, 0, 2, 29, AVX)                                                  \
  X("fma", 1, 0, 2, 12, AVX)                                                   \
  X("fma4", 0x80000001, 0, 2, 16, AVX)                                         \
  X("avx2", 7, 0, 1, 5, AVX)                                                   \
  X("avxvnni", 7, 1, 0, 4, AVX)                                                \
  X("gfni", 7, 0, 2, 8, NONE)                                                  \
  X("avx512f", 7, 0, 1, 16, AVX512)                                            \
  X("avx512cd", 7, 0, 1, 28, AVX512)                                           \
  X("avx512bw", 7, 0, 1, 30, AVX512)                                           \
  X("avx512dq", 7, 0, 1, 17, AVX512)                                           \
  X("avx512vl", 7, 0, 1, 31, AVX512)                                           \
  X("avx512ifma", 7, 0, 1, 21, AVX512)                                         \
  X("avx512vbmi", 7, 0, 2, 1, AVX512)                                          \
  X("avx512vbmi2", 7, 0, 2, 6, AVX512)                                         \
  X("avx512vnni", 7, 0, 2, 11, AVX512)                                         \
  X("avx512bitalg", 7, 0, 2, 12, AVX512)                                       \
  X("avx512vpopcntdq", 7, 0, 2, 14, AVX512)                                    \
  X("avx512bf16", 7, 1, 0, 5, AVX512)                                          \
  X("avx512fp16", 7, 0, 3, 23, AVX512)                                         \
  X("amx-tile", 7, 0, 3, 24, TILES)                                            \
  X("amx-int8", 7, 0, 3, 25, TILES)                                            \
  X("amx-bf16", 7, 0, 3, 22, TILES)

/* X(name of LLVM, word, bit): what Linux says in the auxiliary vector, word 1
 * being AT_HWCAP and word 2 AT_HWCAP2. These are the extensions of the base
 * architecture (which has NEON and fused multiply-add) that LLVM uses for
 * ordinary code; those that only intrinsics reach (cryptography, pointer
 * authentication, SME, ...) aren't asked for. Source: the kernel's
 * arch/arm64/include/uapi/asm/hwcap.h. */
#define TOEPLITZ_AARCH64_FEATURES(X)                                           \
  X("lse", 1, 8)                                                               \
  X("fullfp16", 1, 10)                                                         \
  X("rdm", 1, 12)                                                              \
  X("complxnum", 1, 14)                                                        \
  X("rcpc", 1, 15)                                                             \
  X("sha3", 1, 17)                                                             \
  X("dotprod", 1, 20)                                                          \
  X("sve", 1, 22)                                                              \
  X("fp16fml", 1, 23)                                                          \
  X("sve2", 2, 1)                                                              \
  X("fptoint", 2, 8)                                                           \
  X("f32mm", 2, 10)                                                            \
  X("f64mm", 2, 11)                                                            \
  X("i8mm", 2, 13)                                                             \
  X("bf16", 2, 14)                                                             \
  X("cssc", 2, 34)                                                             \
  X("sve2p1", 2, 36)                                                           \
  X("mops", 2, 43)                                                             \
  X("faminmax", 2, 50)

#endif
