// What the compiler knows of the machine that it compiles for.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_TARGETDESCRIPTION_H
#define TOEPLITZ_COMPILER_ANALYSIS_TARGETDESCRIPTION_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace toeplitz {

/// A target machine: what LLVM needs to know to select instructions, and what
/// the schedules need to know to choose tiles.
struct TargetDescription {
  /// LLVM's names, for example "x86_64-unknown-linux-gnu", "znver3",
  /// "+avx2,+fma".
  std::string triple;
  std::string cpu;
  std::string features;
  /// f32 elements in a vector register: 16 with AVX-512, 8 with AVX2, 4 with
  /// SSE and NEON.
  int64_t vectorLanes = 4;
  /// Architectural vector registers: 32 with AVX-512 and NEON, else 16.
  int64_t vectorRegisters = 16;
  /// Whether a fused multiply-add is one instruction.
  bool hasFusedMultiplyAdd = false;
  /// Whether there are tile registers and products of bfloat16 tiles (x86's
  /// AMX), beside vectors of 16 lanes that are converted to bfloat16.
  bool hasTileProducts = false;
  /// Whether a multiply-add can take one lane of a register for a whole factor
  /// (NEON's FMLA by element), so that nothing has to be broadcast.
  bool hasProductsByElement = false;
  /// Whether a core mostly computes on while it reads what lies beyond its
  /// second-level cache (AMD's Zen).
  bool hidesMemory = false;
  /// Data cache sizes of one core, in bytes. Fixed by the vector width (x86) or
  /// the name of the CPU (AArch64), not read from the machine that compiles, so
  /// that the same options give the same code everywhere.
  int64_t level1CacheBytes = 32 * 1024;
  int64_t level2CacheBytes = 512 * 1024;

  /// The GPU that kernels run on: "sm_80"; "emulated" for one that the CPU
  /// plays, "emulated-sm_90a" for that one; empty where they run on the CPU.
  std::string gpuArchitecture;
  /// The GPU's compute capability, 80 for sm_80; 0 without a GPU.
  int64_t gpuCapability = 0;
  /// Whether its warpgroups multiply matrices in a block's memory (wgmma), as
  /// those of sm_90a and of no other GPU do.
  bool hasWarpgroupProducts = false;

  bool isGpu() const { return gpuCapability != 0; }
  bool isEmulated() const {
    return llvm::StringRef(gpuArchitecture).starts_with("emulated");
  }
  /// Whether emulation looks for races.
  bool isChecked() const {
    return llvm::StringRef(gpuArchitecture).starts_with("emulated-checked");
  }

  /// Empty where the architecture is that of the machine that compiles, else
  /// the name under which systems keep what belongs to the target, for example
  /// "aarch64-linux-gnu".
  std::string getForeignSystem() const;
};

/// Describes the machine of `triple` and `cpu`; empty strings and the cpu
/// "native" mean the machine that runs the compiler. Returns nothing and says
/// why in `error` when LLVM knows no such target or cpu.
std::optional<TargetDescription>
describeTarget(llvm::StringRef triple, llvm::StringRef cpu, std::string &error);

/// Makes the kernels of a described machine a GPU's: "sm_80" or a newer
/// architecture by LLVM's name, "emulated", or "emulated-checked", which looks
/// for races too; the latter two play an sm_80, and an sm_90a with "-sm_90a"
/// behind. An empty name is sm_80, whose code every newer GPU takes.
/// Returns whether there is such a GPU, and says why not in `error`.
bool describeGpu(TargetDescription &target, llvm::StringRef architecture,
                 std::string &error);

} // namespace toeplitz

#endif
