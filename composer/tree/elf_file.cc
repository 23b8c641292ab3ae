#include "composer/tree/elf_file.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "composer/error.h"

namespace composer::tree {
namespace {

using Json = nlohmann::json;

// The file's and the program's headers of 64-bit files, by offset. Source: gABI, chapters 4 and 5.
constexpr std::string_view kStart("\177ELF\2\1\1", 7);  ///< 64 bits, little-endian, version 1.
constexpr std::size_t kFileHeader = 64;
constexpr std::size_t kMachine = 18, kHeadersAt = 32, kHeaderSize = 54, kHeaderCount = 56;
constexpr std::size_t kProgramHeader = 56;
constexpr std::size_t kOffset = 8, kAddress = 16, kFileSize = 32;
constexpr std::uint64_t kLoad = 1, kDynamic = 2, kInterpreter = 3, kNote = 4;
constexpr std::uint64_t kNeeded = 1, kStringTable = 5, kStringSize = 10, kRpath = 15, kRunpath = 29;
constexpr std::uint64_t kDlopenNote = 0x407c0c0a;
constexpr std::size_t kLongestName = 4096;

class File {
 public:
  File(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(ErrorKind::build,
                fmt::format("'{}' is not a program that can run: {}", name_, why));
  }

  std::string_view part(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) refuse("it is cut off");
    return bytes_.substr(at, size);
  }

  std::uint64_t number(std::uint64_t at, std::size_t width) const {
    const std::string_view digits = part(at, width);
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(digits[i]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  std::string_view name_;
};

struct Segment {
  std::uint64_t type, offset, address, size;
};

std::vector<Segment> segments_of(const File& file) {
  const std::uint64_t at = file.number(kHeadersAt, 8);
  const std::uint64_t size = file.number(kHeaderSize, 2);
  const std::uint64_t count = file.number(kHeaderCount, 2);
  if (count != 0 && size != kProgramHeader) file.refuse("its program headers have a wrong size");
  file.part(at, count * kProgramHeader);
  std::vector<Segment> segments;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t header = at + i * kProgramHeader;
    segments.push_back({file.number(header, 4), file.number(header + kOffset, 8),
                        file.number(header + kAddress, 8), file.number(header + kFileSize, 8)});
  }
  return segments;
}

/// The text up to its zero byte.
std::string text_at(const File& file, std::string_view table, std::uint64_t at) {
  if (at >= table.size()) file.refuse("a name is outside of its table");
  const std::string_view rest = table.substr(at);
  const std::size_t end = rest.substr(0, kLongestName).find('\0');
  if (end == std::string_view::npos) file.refuse("a name has no end");
  return std::string(rest.substr(0, end));
}

std::vector<std::string> cut(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end != 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// Where the file has what is at an address once it is loaded.
std::uint64_t offset_of(const File& file, const std::vector<Segment>& segments,
                        std::uint64_t address) {
  for (const Segment& segment : segments) {
    if (segment.type == kLoad && address >= segment.address &&
        address - segment.address < segment.size) {
      const std::uint64_t within = address - segment.address;
      if (segment.offset > UINT64_MAX - within) break;
      return segment.offset + within;
    }
  }
  file.refuse("its table of names is in no segment");
}

void read_dynamic(const File& file, const std::vector<Segment>& segments, const Segment& dynamic,
                  ElfNeeds& needs) {
  std::vector<std::uint64_t> needed;
  std::optional<std::uint64_t> table, table_size, rpath, runpath;
  file.part(dynamic.offset, dynamic.size);
  for (std::uint64_t at = 0; at + 16 <= dynamic.size; at += 16) {
    const std::uint64_t tag = file.number(dynamic.offset + at, 8);
    const std::uint64_t value = file.number(dynamic.offset + at + 8, 8);
    if (tag == 0) break;
    if (tag == kNeeded) needed.push_back(value);
    if (tag == kStringTable) table = value;
    if (tag == kStringSize) table_size = value;
    if (tag == kRpath) rpath = value;
    if (tag == kRunpath) runpath = value;
  }
  if (needed.empty() && !rpath && !runpath) return;
  if (!table || !table_size) file.refuse("it has no table of names");
  const std::string_view names = file.part(offset_of(file, segments, *table), *table_size);
  for (const std::uint64_t at : needed) needs.libraries.push_back(text_at(file, names, at));
  if (!runpath) runpath = rpath;
  if (runpath) needs.folders = cut(text_at(file, names, *runpath), ':');
}

/// The notes of libraries that are loaded at run time, an array of JSON objects each.
void read_loaded(std::string_view text, ElfNeeds& needs) {
  while (text.ends_with('\0')) text.remove_suffix(1);
  const Json notes = Json::parse(text, nullptr, false);
  if (!notes.is_array()) return;  // Of a later version, perhaps: they are advice.
  for (const Json& note : notes) {
    if (!note.is_object() || !note.contains("soname") || !note["soname"].is_array()) continue;
    const Json priority = note.value("priority", Json("recommended"));
    if (priority != "required" && priority != "recommended") continue;
    std::vector<std::string> names;
    for (const Json& name : note["soname"]) {
      if (name.is_string()) names.push_back(name.get<std::string>());
    }
    if (!names.empty()) needs.loaded.push_back(std::move(names));
  }
}

void read_notes(const File& file, const Segment& segment, ElfNeeds& needs) {
  file.part(segment.offset, segment.size);
  const auto aligned = [](std::uint64_t size) { return (size + 3) / 4 * 4; };
  for (std::uint64_t at = 0; at + 12 <= segment.size;) {
    const std::uint64_t name_size = file.number(segment.offset + at, 4);
    const std::uint64_t size = file.number(segment.offset + at + 4, 4);
    const std::uint64_t type = file.number(segment.offset + at + 8, 4);
    const std::uint64_t content = at + 12 + aligned(name_size);
    if (content > segment.size || size > segment.size - content) return;  // Aligned to 8, not ours.
    if (type == kDlopenNote) read_loaded(file.part(segment.offset + content, size), needs);
    at = content + aligned(size);
  }
}

}  // namespace

std::optional<ElfNeeds> read_elf(std::string_view bytes, std::string_view name) {
  if (!bytes.starts_with(kStart)) return std::nullopt;
  const File file(bytes, name);
  file.part(0, kFileHeader);
  ElfNeeds needs;
  needs.machine = static_cast<unsigned>(file.number(kMachine, 2));
  const std::vector<Segment> segments = segments_of(file);
  for (const Segment& segment : segments) {
    if (segment.type == kDynamic) read_dynamic(file, segments, segment, needs);
    if (segment.type == kNote) read_notes(file, segment, needs);
    if (segment.type == kInterpreter) {
      needs.interpreter = text_at(file, file.part(segment.offset, segment.size), 0);
    }
  }
  return needs;
}

}  // namespace composer::tree
