// The file, front to back: ELF header, the weights, symbol table, symbol names,
// section names, section headers. Every offset is known before the first byte
// is written, so that the whole is one pass over the blobs.

#include "compiler/Target/WeightsObject.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
namespace ELF = llvm::ELF;

// Weights are copied as they are, and both targets are little-endian.
static_assert(llvm::endianness::native == llvm::endianness::little);

namespace {

/// Strings that end in a zero byte, one after the other; the first one is
/// empty.
class StringTable {
public:
  uint32_t add(llvm::StringRef string) {
    uint32_t offset = uint32_t(bytes.size());
    bytes.append(string.begin(), string.end());
    bytes.push_back('\0');
    return offset;
  }
  llvm::StringRef data() const { return bytes; }

private:
  std::string bytes = std::string(1, '\0');
};

/// The fields of a section header that differ from zero somewhere.
struct Section {
  uint32_t name = 0;
  uint32_t type = ELF::SHT_NULL;
  uint64_t flags = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint32_t link = 0;
  uint32_t info = 0;
  uint64_t alignment = 0;
  uint64_t entrySize = 0;
};

enum SectionIndex : uint16_t {
  nullSection,
  weightsSection,
  stackNoteSection,
  symbolSection,
  stringSection,
  sectionNameSection,
  sectionCount
};

constexpr uint64_t headerSize = sizeof(ELF::Elf64_Ehdr);
constexpr uint64_t symbolSize = sizeof(ELF::Elf64_Sym);

} // namespace

static void writeData(const NetworkWeights &weights,
                      llvm::raw_ostream &stream) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(weights.values)) {
    ArrayRef<char> data = resource.getRawHandle().getBlob()->getData();
    stream.write(data.data(), data.size());
    return;
  }
  auto dense = cast<DenseElementsAttr>(weights.values);
  ArrayRef<char> data = dense.getRawData();
  int64_t repetitions = dense.isSplat() ? dense.getNumElements() : 1;
  for (int64_t index = 0; index < repetitions; ++index)
    stream.write(data.data(), data.size());
}

static void writeFileHeader(uint16_t machine, uint64_t sectionHeaders,
                            llvm::raw_ostream &stream) {
  const unsigned char identification[ELF::EI_NIDENT] = {0x7f,
                                                        'E',
                                                        'L',
                                                        'F',
                                                        ELF::ELFCLASS64,
                                                        ELF::ELFDATA2LSB,
                                                        ELF::EV_CURRENT,
                                                        ELF::ELFOSABI_NONE};
  stream.write(reinterpret_cast<const char *>(identification),
               sizeof identification);
  llvm::support::endian::Writer writer(stream, llvm::endianness::little);
  writer.write<uint16_t>(ELF::ET_REL);
  writer.write<uint16_t>(machine);
  writer.write<uint32_t>(ELF::EV_CURRENT);
  writer.write<uint64_t>(0); // entry
  writer.write<uint64_t>(0); // program headers
  writer.write<uint64_t>(sectionHeaders);
  writer.write<uint32_t>(0); // flags
  writer.write<uint16_t>(headerSize);
  writer.write<uint16_t>(0); // size of a program header
  writer.write<uint16_t>(0); // their number
  writer.write<uint16_t>(sizeof(ELF::Elf64_Shdr));
  writer.write<uint16_t>(sectionCount);
  writer.write<uint16_t>(sectionNameSection);
}

static void writeSymbol(uint32_t name, unsigned char info, unsigned char other,
                        uint16_t section, uint64_t value, uint64_t size,
                        llvm::raw_ostream &stream) {
  llvm::support::endian::Writer writer(stream, llvm::endianness::little);
  writer.write<uint32_t>(name);
  writer.write<uint8_t>(info);
  writer.write<uint8_t>(other);
  writer.write<uint16_t>(section);
  writer.write<uint64_t>(value);
  writer.write<uint64_t>(size);
}

static void writeSection(const Section &section, llvm::raw_ostream &stream) {
  llvm::support::endian::Writer writer(stream, llvm::endianness::little);
  writer.write<uint32_t>(section.name);
  writer.write<uint32_t>(section.type);
  writer.write<uint64_t>(section.flags);
  writer.write<uint64_t>(0); // address
  writer.write<uint64_t>(section.offset);
  writer.write<uint64_t>(section.size);
  writer.write<uint32_t>(section.link);
  writer.write<uint32_t>(section.info);
  writer.write<uint64_t>(section.alignment);
  writer.write<uint64_t>(section.entrySize);
}

namespace {

/// Where everything stands in the file.
struct Layout {
  Layout(const Network &network, bool large);

  /// Of each tensor: its place in the section of the weights, and its name in
  /// the table of symbol names.
  std::vector<uint64_t> offsets;
  std::vector<uint32_t> names;
  StringTable symbolNames, sectionNames;
  Section sections[sectionCount];
  uint64_t sectionHeaders = 0;
};

} // namespace

Layout::Layout(const Network &network, bool large) {
  uint64_t end = 0;
  for (const NetworkWeights &weights : network.weights) {
    offsets.push_back(llvm::alignTo(end, weightsAlignment));
    end = offsets.back() + weights.bytes;
    names.push_back(symbolNames.add(weights.objectSymbol));
  }

  Section &data = sections[weightsSection];
  data.name = sectionNames.add(large ? ".lrodata" : ".rodata");
  data.type = ELF::SHT_PROGBITS;
  data.flags = ELF::SHF_ALLOC | (large ? uint64_t(ELF::SHF_X86_64_LARGE) : 0);
  data.offset = llvm::alignTo(headerSize, weightsAlignment);
  data.size = end;
  data.alignment = weightsAlignment;
  // Without this note linkers make the stack of the whole program executable.
  Section &note = sections[stackNoteSection];
  note.name = sectionNames.add(".note.GNU-stack");
  note.type = ELF::SHT_PROGBITS;
  note.offset = data.offset + data.size;
  note.alignment = 1;
  Section &symbols = sections[symbolSection];
  symbols.name = sectionNames.add(".symtab");
  symbols.type = ELF::SHT_SYMTAB;
  symbols.offset = llvm::alignTo(note.offset, 8);
  symbols.size = (network.weights.size() + 1) * symbolSize;
  symbols.link = stringSection;
  symbols.info = 1; // the first symbol that isn't local
  symbols.alignment = 8;
  symbols.entrySize = symbolSize;
  Section &strings = sections[stringSection];
  strings.name = sectionNames.add(".strtab");
  strings.type = ELF::SHT_STRTAB;
  strings.offset = symbols.offset + symbols.size;
  strings.size = symbolNames.data().size();
  strings.alignment = 1;
  Section &nameStrings = sections[sectionNameSection];
  nameStrings.name = sectionNames.add(".shstrtab");
  nameStrings.type = ELF::SHT_STRTAB;
  nameStrings.offset = strings.offset + strings.size;
  nameStrings.size = sectionNames.data().size();
  nameStrings.alignment = 1;
  sectionHeaders = llvm::alignTo(nameStrings.offset + nameStrings.size, 8);
}

uint64_t toeplitz::getWeightsSectionSize(const Network &network) {
  return Layout(network, /*large=*/false).sections[weightsSection].size;
}

uint64_t toeplitz::getWeightsObjectSize(const Network &network, bool large) {
  return Layout(network, large).sectionHeaders +
         sectionCount * sizeof(ELF::Elf64_Shdr);
}

void toeplitz::writeWeightsObject(const Network &network,
                                  const llvm::Triple &triple, bool large,
                                  llvm::raw_ostream &stream) {
  Layout layout(network, large);
  uint64_t position = 0;
  auto padTo = [&](uint64_t offset) {
    stream.write_zeros(unsigned(offset - position));
    position = offset;
  };
  writeFileHeader(triple.getArch() == llvm::Triple::aarch64 ? ELF::EM_AARCH64
                                                            : ELF::EM_X86_64,
                  layout.sectionHeaders, stream);
  position = headerSize;
  for (auto [weights, offset] : llvm::zip(network.weights, layout.offsets)) {
    padTo(layout.sections[weightsSection].offset + offset);
    writeData(weights, stream);
    position += weights.bytes;
  }
  padTo(layout.sections[symbolSection].offset);
  writeSymbol(0, 0, 0, ELF::SHN_UNDEF, 0, 0, stream);
  for (auto [weights, name, offset] :
       llvm::zip(network.weights, layout.names, layout.offsets))
    writeSymbol(name, ELF::STB_GLOBAL << 4 | ELF::STT_OBJECT, ELF::STV_HIDDEN,
                weightsSection, offset, weights.bytes, stream);
  stream << layout.symbolNames.data() << layout.sectionNames.data();
  const Section &last = layout.sections[sectionNameSection];
  position = last.offset + last.size;
  padTo(layout.sectionHeaders);
  for (const Section &section : layout.sections)
    writeSection(section, stream);
}
