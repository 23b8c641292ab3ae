#include "composer/inspect/fstab.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace composer::inspect {
namespace {

constexpr std::string_view kSpaces = " \t\r";

/// Spaces and the like are written as \040, three octal digits.
std::string unescape(std::string_view field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const std::string_view digits = field.substr(i, 4);
    const bool octal = digits.size() == 4 && digits[0] == '\\' &&
                       digits.find_first_not_of("01234567", 1) == std::string_view::npos;
    if (octal) {
      text += static_cast<char>((digits[1] - '0') * 64 + (digits[2] - '0') * 8 + digits[3] - '0');
      i += 3;
    } else {
      text += field[i];
    }
  }
  return text;
}

/// The number in the name that Linux gives a partition of its first disk (`/dev/sda2`,
/// `/dev/nvme0n1p2`), or 0: an image is the first disk of the machine that it is for.
int partition_number(std::string_view source) {
  for (const std::string_view disk :
       {"/dev/sda", "/dev/vda", "/dev/hda", "/dev/xvda", "/dev/nvme0n1p", "/dev/mmcblk0p"}) {
    if (!source.starts_with(disk)) continue;
    source.remove_prefix(disk.size());
    int number = 0;
    const auto [end, error] = std::from_chars(source.data(), source.data() + source.size(), number);
    const bool whole = error == std::errc() && end == source.data() + source.size();
    return whole && number > 0 ? number : 0;
  }
  return 0;
}

std::string lower(std::string_view text) {
  std::string turned(text);
  for (char& c : turned) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return turned;
}

}  // namespace

std::vector<FstabMount> parse_fstab(std::string_view text) {
  std::vector<FstabMount> mounts;
  int number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    std::array<std::string, 4> fields;
    std::size_t count = 0;
    while (count < fields.size()) {
      line.remove_prefix(std::min(line.find_first_not_of(kSpaces), line.size()));
      if (line.empty() || (count == 0 && line.front() == '#')) break;
      const std::size_t width = std::min(line.find_first_of(kSpaces), line.size());
      fields[count++] = unescape(line.substr(0, width));
      line.remove_prefix(width);
    }
    if (count < 2) continue;
    mounts.push_back({number, fields[0], fields[1], fields[2], fields[3], std::nullopt});
  }
  return mounts;
}

std::optional<std::size_t> find_source(std::string_view source,
                                       std::span<const FilesystemFacts> filesystems,
                                       std::span<const PartitionFacts> partitions) {
  enum class What { uuid, label, partition_uuid, partition_label };
  struct Form {
    std::string_view prefix;
    What what;
  };
  constexpr std::array kForms{Form{"UUID=", What::uuid},
                              Form{"LABEL=", What::label},
                              Form{"PARTUUID=", What::partition_uuid},
                              Form{"PARTLABEL=", What::partition_label},
                              Form{"/dev/disk/by-uuid/", What::uuid},
                              Form{"/dev/disk/by-label/", What::label},
                              Form{"/dev/disk/by-partuuid/", What::partition_uuid},
                              Form{"/dev/disk/by-partlabel/", What::partition_label}};
  if (const int number = partition_number(source); number > 0) {
    for (std::size_t i = 0; i < filesystems.size(); ++i) {
      if (filesystems[i].partition == number) return i;
    }
    return std::nullopt;
  }
  const auto form = std::find_if(kForms.begin(), kForms.end(),
                                 [&](const Form& f) { return source.starts_with(f.prefix); });
  if (form == kForms.end()) return std::nullopt;
  std::string_view value = source.substr(form->prefix.size());
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (value.empty()) return std::nullopt;
  for (std::size_t i = 0; i < filesystems.size(); ++i) {
    const FilesystemFacts& filesystem = filesystems[i];
    const auto partition = std::find_if(partitions.begin(), partitions.end(), [&](const auto& p) {
      return p.number == filesystem.partition;
    });
    const bool has_partition = partition != partitions.end();
    const bool fits = form->what == What::uuid    ? lower(filesystem.uuid) == lower(value)
                      : form->what == What::label ? filesystem.label == value
                      : form->what == What::partition_uuid
                          ? has_partition && lower(partition->guid) == lower(value)
                          : has_partition && partition->name == value;
    if (fits) return i;
  }
  return std::nullopt;
}

}  // namespace composer::inspect
