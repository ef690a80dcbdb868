// The file: a magic line; the index "/", which has for each symbol the offset
// of its member, big-endian, and then the names; the table "//" of the members'
// names, each ended by "/\n"; the members. Every part has a header of 60
// characters and begins at an even offset. Beyond four gigabytes the index is
// called "/SYM64/" and its numbers have 64 bits.

#include "compiler/Target/StaticLibrary.h"

#include "llvm/Support/EndianStream.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

using namespace toeplitz;

static constexpr llvm::StringLiteral magic = "!<arch>\n";
static constexpr uint64_t headerSize = 60;

static uint64_t paddedSize(uint64_t size) { return llvm::alignTo(size, 2); }

static void writeHeader(llvm::StringRef name, uint64_t size,
                        llvm::raw_ostream &stream) {
  // Name, time, owner, group, mode, size.
  stream << llvm::format("%-16s%-12d%-6d%-6d%-8s%-10llu`\n", name.str().c_str(),
                         0, 0, 0, "644", (unsigned long long)size);
}

static void pad(uint64_t size, llvm::raw_ostream &stream) {
  if (size % 2)
    stream << '\n';
}

void toeplitz::writeStaticLibrary(llvm::ArrayRef<ArchiveMember> members,
                                  llvm::raw_ostream &stream) {
  std::string memberNames;
  std::vector<uint64_t> nameOffsets;
  uint64_t symbolCount = 0, symbolNameBytes = 0, memberBytes = 0;
  for (const ArchiveMember &member : members) {
    nameOffsets.push_back(memberNames.size());
    memberNames += member.name + "/\n";
    symbolCount += member.symbols.size();
    for (const std::string &symbol : member.symbols)
      symbolNameBytes += symbol.size() + 1;
    memberBytes += headerSize + paddedSize(member.size);
  }

  // The offsets depend on the width of the numbers that say them: try the small
  // one first.
  uint64_t numberSize = 4, indexSize = 0, firstMember = 0;
  for (;;) {
    indexSize = numberSize * (1 + symbolCount) + symbolNameBytes;
    firstMember = magic.size() + headerSize + paddedSize(indexSize) +
                  headerSize + paddedSize(memberNames.size());
    if (numberSize == 8 || firstMember + memberBytes <= UINT32_MAX)
      break;
    numberSize = 8;
  }

  stream << magic;
  writeHeader(numberSize == 8 ? "/SYM64/" : "/", indexSize, stream);
  auto writeNumber = [&](uint64_t number) {
    llvm::support::endian::Writer writer(stream, llvm::endianness::big);
    if (numberSize == 8)
      writer.write<uint64_t>(number);
    else
      writer.write<uint32_t>(uint32_t(number));
  };
  writeNumber(symbolCount);
  uint64_t offset = firstMember;
  for (const ArchiveMember &member : members) {
    for (size_t symbol = 0; symbol < member.symbols.size(); ++symbol)
      writeNumber(offset);
    offset += headerSize + paddedSize(member.size);
  }
  for (const ArchiveMember &member : members)
    for (const std::string &symbol : member.symbols)
      stream << symbol << '\0';
  pad(indexSize, stream);

  writeHeader("//", memberNames.size(), stream);
  stream << memberNames;
  pad(memberNames.size(), stream);
  for (auto [member, nameOffset] : llvm::zip(members, nameOffsets)) {
    writeHeader("/" + std::to_string(nameOffset), member.size, stream);
    member.write(stream);
    pad(member.size, stream);
  }
}
