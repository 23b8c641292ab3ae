#include "elf_sample.h"

#include <cstdint>
#include <utility>

namespace composer::test {
namespace {

std::string number(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::string padded(std::string text) {
  while (text.size() % 4 != 0) text += '\0';
  return text;
}

}  // namespace

std::string elf_file(const ElfSample& sample) {
  constexpr std::uint64_t kAddress = 0x400000;  // Of the file's first byte.
  const std::uint64_t headers = 4;
  const std::uint64_t start = 64 + headers * 56;

  std::string names(1, '\0');
  const auto name = [&](const std::string& text) {
    names += text + '\0';
    return names.size() - text.size() - 1;
  };
  std::vector<std::pair<std::uint64_t, std::uint64_t>> entries;
  for (const std::string& library : sample.libraries) entries.emplace_back(1, name(library));
  if (!sample.rpath.empty()) entries.emplace_back(15, name(sample.rpath));
  if (!sample.runpath.empty()) entries.emplace_back(29, name(sample.runpath));
  entries.emplace_back(5, kAddress + start);
  entries.emplace_back(10, names.size());
  entries.emplace_back(0, 0);
  std::string dynamic;
  for (const auto& [tag, value] : entries) dynamic += number(tag, 8) + number(value, 8);
  std::string notes;
  for (std::string text : sample.notes) {
    text += '\0';
    notes += number(4, 4) + number(text.size(), 4) + number(0x407c0c0a, 4) +
             std::string("FDO\0", 4) + padded(text);
  }
  const std::string interpreter = sample.interpreter + '\0';

  std::string body, table;
  const auto segment = [&](std::uint64_t type, const std::string& content) {
    const std::uint64_t at = start + body.size();
    table += number(type, 4) + number(4, 4) + number(at, 8) + number(kAddress + at, 8) +
             number(kAddress + at, 8) + number(content.size(), 8) + number(content.size(), 8) +
             number(4, 8);
    body += content;
  };
  segment(1, padded(names));  // Loaded: the names are where their address says.
  segment(2, dynamic);
  segment(4, notes);
  segment(sample.interpreter.empty() ? 0 : 3, interpreter);

  std::string file("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
  file += number(3, 2) + number(sample.machine, 2) + number(1, 4) + number(0, 8) + number(64, 8) +
          number(0, 8) + number(0, 4) + number(64, 2) + number(56, 2) + number(headers, 2) +
          number(0, 6);
  return file + table + body;
}

}  // namespace composer::test
