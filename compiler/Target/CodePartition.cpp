#include "compiler/Target/CodePartition.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace toeplitz;

namespace {

/// More parts than this serve no machine: the largest kernel takes as long.
constexpr uint64_t maximumParts = 16;
/// Below this number of instructions a part isn't worth its copy of the
/// declarations.
constexpr uint64_t minimumInstructions = 1500;

/// Functions that stay together.
struct Group {
  std::vector<const llvm::Function *> functions;
  uint64_t instructions = 0;
};

/// Which part each function is in.
using Assignment = llvm::DenseMap<const llvm::Function *, uint64_t>;

} // namespace

/// Puts functions that call each other into one group, in the order of the
/// module.
static std::vector<Group> groupFunctions(const llvm::Module &module,
                                         llvm::StringRef root) {
  llvm::EquivalenceClasses<const llvm::Function *> together;
  const llvm::Function *exported = nullptr;
  for (const llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    together.insert(&function);
    // The interface stays in one part, so that there is one descriptor of the
    // network.
    if (function.hasLocalLinkage())
      continue;
    if (exported)
      together.unionSets(exported, &function);
    exported = &function;
  }
  for (const llvm::Function &function : module) {
    if (function.getName() == root)
      continue;
    for (const llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction))
        if (const llvm::Function *callee = call->getCalledFunction();
            callee && !callee->isDeclaration())
          together.unionSets(&function, callee);
  }
  llvm::MapVector<const llvm::Function *, Group> groups;
  for (const llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    Group &group = groups[together.getLeaderValue(&function)];
    group.functions.push_back(&function);
    group.instructions += function.getInstructionCount();
  }
  std::vector<Group> result;
  for (auto &entry : groups)
    result.push_back(std::move(entry.second));
  return result;
}

/// Deals the groups out, the largest first, each to the part that has least.
/// Returns the number of parts.
static uint64_t assignParts(const std::vector<Group> &groups,
                            Assignment &partOf) {
  uint64_t total = 0;
  for (const Group &group : groups)
    total += group.instructions;
  uint64_t parts = std::clamp<uint64_t>(total / minimumInstructions, 1,
                                        std::min(maximumParts, groups.size()));
  std::vector<const Group *> order;
  for (const Group &group : groups)
    order.push_back(&group);
  // Equal ones in the order of the module.
  llvm::sort(order, [](const Group *left, const Group *right) {
    return left->instructions != right->instructions
               ? left->instructions > right->instructions
               : left < right;
  });
  std::vector<uint64_t> loads(parts, 0);
  for (const Group *group : order) {
    uint64_t part = llvm::min_element(loads) - loads.begin();
    loads[part] += group->instructions;
    for (const llvm::Function *function : group->functions)
      partOf[function] = part;
  }
  return parts;
}

/// The functions in which a value is used, through constants such as the
/// network's descriptor.
static bool isUsedOutside(const llvm::Value &value, uint64_t part,
                          const Assignment &partOf) {
  return llvm::any_of(value.users(), [&](const llvm::User *user) {
    if (auto *instruction = llvm::dyn_cast<llvm::Instruction>(user))
      return partOf.lookup(instruction->getFunction()) != part;
    return isUsedOutside(*user, part, partOf);
  });
}

std::vector<Bitcode> toeplitz::partitionCode(llvm::Module &module,
                                             const std::string &root) {
  Assignment partOf;
  uint64_t parts = assignParts(groupFunctions(module, root), partOf);
  for (llvm::Function &function : module)
    if (function.hasLocalLinkage() &&
        isUsedOutside(function, partOf.lookup(&function), partOf)) {
      function.setLinkage(llvm::GlobalValue::ExternalLinkage);
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
      function.setDSOLocal(true);
    }
  std::vector<Bitcode> result(parts);
  for (uint64_t part = 0; part < parts; ++part) {
    llvm::ValueToValueMapTy values;
    std::unique_ptr<llvm::Module> clone =
        llvm::CloneModule(module, values, [&](const llvm::GlobalValue *global) {
          // Each part has its own copy of the constants; those that it doesn't
          // use are dropped when it's optimised.
          auto *function = llvm::dyn_cast<llvm::Function>(global);
          return !function || partOf.lookup(function) == part;
        });
    llvm::raw_svector_ostream stream(result[part]);
    llvm::WriteBitcodeToFile(*clone, stream);
  }
  return result;
}
