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
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
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

/// The caches of AArch64's cores by the beginnings of their names, of which the
/// longest counts: sizes that such cores are commonly built with, and a core's
/// share where several have one second level.
void describeCaches(TargetDescription &description) {
  struct Caches {
    llvm::StringRef cpu;
    int64_t level1KiB, level2KiB;
  };
  static constexpr Caches known[] = {
      {"neoverse-v", 64, 1024}, {"neoverse-n", 64, 1024},
      {"neoverse-e", 32, 256},  {"grace", 64, 1024},
      {"cortex-x", 64, 512},    {"cortex-a7", 32, 512},
      {"cortex-a75", 64, 256},  {"cortex-a76", 64, 256},
      {"cortex-a77", 64, 256},  {"cortex-a78", 32, 256},
      {"cortex-a3", 32, 128},   {"cortex-a5", 32, 128},
      {"ampere1", 64, 2048},    {"a64fx", 64, 512},
      {"apple-m", 128, 3072},   {"oryon", 96, 3072},
      {"thunderx2", 32, 256},
  };
  size_t longest = 0;
  for (const Caches &caches : known)
    if (llvm::StringRef(description.cpu).starts_with(caches.cpu) &&
        caches.cpu.size() > longest) {
      longest = caches.cpu.size();
      description.level1CacheBytes = caches.level1KiB * 1024;
      description.level2CacheBytes = caches.level2KiB * 1024;
    }
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
    description.hasProductsByElement = true;
    describeCaches(description);
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
  description.hidesMemory =
      llvm::StringRef(description.cpu).starts_with("znver");
}

} // namespace

std::string TargetDescription::getForeignSystem() const {
  llvm::Triple target(triple), host(llvm::sys::getDefaultTargetTriple());
  if (target.getArch() == host.getArch())
    return "";
  return (target.getArchName() + "-" + target.getOSName() + "-" +
          target.getEnvironmentName())
      .str();
}

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

bool toeplitz::describeGpu(TargetDescription &target,
                           llvm::StringRef architecture, std::string &error) {
  registerTargets();
  if (architecture.empty())
    architecture = "sm_80";
  llvm::StringRef played = architecture;
  bool emulated = played.consume_front("emulated");
  int64_t capability = 80;
  if (emulated) {
    played.consume_front("-checked");
    if (played == "-sm_90a")
      capability = 90;
    else if (!played.empty()) {
      error = "unknown GPU '" + architecture.str() +
              "': expected emulated, emulated-checked, emulated-sm_90a or "
              "emulated-checked-sm_90a";
      return false;
    }
  } else {
    llvm::Triple triple("nvptx64-nvidia-cuda");
    const llvm::Target *backend =
        llvm::TargetRegistry::lookupTarget(triple, error);
    if (!backend)
      return false;
    std::unique_ptr<llvm::MCSubtargetInfo> generic(
        backend->createMCSubtargetInfo(triple, "", ""));
    llvm::StringRef number = architecture;
    bool isName = number.consume_front("sm_") &&
                  !number.rtrim("af").getAsInteger(10, capability);
    if (!isName || capability < 80 || !generic ||
        !generic->isCPUStringValid(architecture)) {
      error = "unknown GPU '" + architecture.str() +
              "': expected sm_80 or a newer one that LLVM knows, such as "
              "sm_90 or sm_90a, or emulated";
      return false;
    }
  }
  target.gpuArchitecture = architecture.str();
  target.gpuCapability = capability;
  target.hasWarpgroupProducts = architecture.ends_with("sm_90a");
  target.vectorLanes = 1;
  target.vectorRegisters = 255;
  target.hasFusedMultiplyAdd = true;
  target.hasTileProducts = false;
  target.hasProductsByElement = false;
  target.hidesMemory = false;
  // An A100's multiprocessor, and its second level; not the host's, so that the
  // same options give the same code everywhere.
  target.level1CacheBytes = 192 * 1024;
  target.level2CacheBytes = 40 * 1024 * 1024;
  return true;
}
