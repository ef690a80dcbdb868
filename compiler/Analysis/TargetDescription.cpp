#include "compiler/Analysis/TargetDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>
#include <vector>

using namespace toeplitz;

namespace {

/// LLVM's registry is filled once for the process.
void registerTargets() {
  static const bool registered = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    return true;
  }();
  (void)registered;
}

/// The features that this machine has and those that it lacks, sorted: a host's
/// CPU name alone doesn't tell, because a hypervisor may hide what the CPU can
/// do.
std::string getHostFeatures() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> words;
  for (const auto &feature : features)
    words.push_back((feature.second ? "+" : "-") + feature.first().str());
  llvm::sort(words, [](const std::string &left, const std::string &right) {
    return llvm::StringRef(left).drop_front() <
           llvm::StringRef(right).drop_front();
  });
  return llvm::join(words, ",");
}

/// The triple to compile for, or nothing with the reason in `error`.
std::optional<llvm::Triple> chooseTriple(llvm::StringRef name,
                                         std::string &error) {
  if (name.empty() || name == "native")
    return llvm::Triple(llvm::sys::getDefaultTargetTriple());
  llvm::Triple triple(llvm::Triple::normalize(name));
  // Objects are written for these two, in ELF; LLVM knows more.
  bool known = triple.getArch() == llvm::Triple::x86_64 ||
               triple.getArch() == llvm::Triple::aarch64;
  if (known && triple.isOSLinux())
    return triple;
  error = "unknown target '" + name.str() +
          "': x86_64-unknown-linux-gnu and aarch64-unknown-linux-gnu are "
          "supported";
  return std::nullopt;
}

/// Fills in what the schedules ask, from the features that LLVM derives from
/// the name of the CPU and the list of features.
void describeRegisters(const llvm::MCSubtargetInfo &subtarget,
                       const llvm::Triple &triple,
                       TargetDescription &description) {
  auto has = [&](llvm::StringRef feature) {
    return subtarget.checkFeatures(feature);
  };
  if (triple.getArch() == llvm::Triple::aarch64) {
    description.vectorLanes = 4;
    description.vectorRegisters = 32;
    description.hasFusedMultiplyAdd = true;
    return;
  }
  // A vector of 512 bits needs nothing but the foundation; the kernels also use
  // 128- and 256-bit forms of it (VL).
  if (has("+avx512f") && has("+avx512vl") && has("+avx512dq")) {
    description.vectorLanes = 16;
    description.vectorRegisters = 32;
    description.level2CacheBytes = 1024 * 1024;
    description.hasTileProducts =
        has("+amx-tile") && has("+amx-bf16") && has("+avx512bf16");
    // Every processor with these has at least as much.
    if (description.hasTileProducts)
      description.level2CacheBytes = 2 * 1024 * 1024;
  } else if (has("+avx")) {
    description.vectorLanes = 8;
    description.vectorRegisters = 16;
  } else {
    description.vectorLanes = 4;
    description.vectorRegisters = 16;
  }
  description.hasFusedMultiplyAdd = has("+fma") || has("+avx512f");
}

} // namespace

std::optional<TargetDescription>
toeplitz::describeTarget(llvm::StringRef tripleName, llvm::StringRef cpuName,
                         std::string &error) {
  registerTargets();
  std::optional<llvm::Triple> triple = chooseTriple(tripleName, error);
  if (!triple)
    return std::nullopt;

  llvm::Triple host(llvm::sys::getDefaultTargetTriple());
  bool isHost = triple->getArch() == host.getArch();
  TargetDescription description;
  description.triple = triple->str();
  if (cpuName == "native" && !isHost) {
    error = "--mcpu=native is this machine's " + host.getArchName().str() +
            ", but the target is " + description.triple + ": name its CPU";
    return std::nullopt;
  }
  if (cpuName == "native" || (cpuName.empty() && isHost)) {
    description.cpu = llvm::sys::getHostCPUName().str();
    description.features = getHostFeatures();
  } else {
    description.cpu = cpuName.empty() ? "generic" : cpuName.str();
  }

  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(*triple, error);
  if (!target) {
    error = "unknown target '" + description.triple + "': " + error;
    return std::nullopt;
  }
  // The name is checked on a generic subtarget: making one for an unknown name
  // prints a warning of LLVM's own.
  std::unique_ptr<llvm::MCSubtargetInfo> generic(
      target->createMCSubtargetInfo(*triple, "", ""));
  if (!generic || !generic->isCPUStringValid(description.cpu)) {
    error = "unknown CPU '" + description.cpu + "' for " + description.triple +
            ": LLVM's names are expected, for example " +
            (triple->getArch() == llvm::Triple::x86_64
                 ? "x86-64-v3, znver4 or sapphirerapids"
                 : "neoverse-n1 or apple-m1");
    return std::nullopt;
  }
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(*triple, description.cpu,
                                    description.features));
  describeRegisters(*subtarget, *triple, description);
  return description;
}
