#include "composer/solve/repomd.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/solve/xml.h"

namespace composer::solve {
namespace {

/// No real metadata file is larger (Fedora's filelists: 60 MB compressed, 1 GB open).
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostOpenBytes = std::uint64_t{4} << 30;
/// Groups are read as a whole; Fedora's are 3 MB.
constexpr std::uint64_t kMostGroupBytes = std::uint64_t{64} << 20;

bool is_read(std::string_view type) {
  return type == "primary" || type == "filelists" || type == "group" || type == "group_gz";
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A <data> element as it stands there.
struct RawFile {
  std::string type, location, base, checksum_type, checksum, size, open_size;
};

MetadataFile check(const RawFile& raw, std::string_view what) {
  const auto refuse = [&](std::string_view cause) {
    throw Error(ErrorKind::build,
                fmt::format("cannot use '{}': its entry '{}' {}", what, raw.type, cause));
  };
  if (!is_safe_location(raw.location) || !raw.base.empty()) {
    refuse("has a location outside of the repository");
  }
  const auto algorithm = host::strong_algorithm(raw.checksum_type);
  if (!algorithm) {
    refuse(
        raw.checksum_type.empty()
            ? std::string("has no checksum")
            : fmt::format("has only a {} checksum, which is too weak to trust", raw.checksum_type));
  }
  if (!host::is_digest(*algorithm, raw.checksum)) refuse("has a malformed checksum");
  const auto size = parse_number(raw.size);
  if (!size || *size > kMostBytes) refuse("has no size that could be true");
  // Only a compressed file has an open-size of its own.
  const std::uint64_t most = raw.type.starts_with("group") ? kMostGroupBytes : kMostOpenBytes;
  const auto without = raw.location.ends_with(".xml") ? size : std::optional(most);
  const auto open_size = raw.open_size.empty() ? without : parse_number(raw.open_size);
  if (!open_size || *open_size > most) refuse("has no open-size that could be true");
  return {raw.type, raw.location, {*algorithm, raw.checksum}, *size, *open_size};
}

}  // namespace

const MetadataFile* Repomd::find(std::string_view type) const {
  const MetadataFile* found = nullptr;
  for (const MetadataFile& file : files) {
    if (file.type == type) found = &file;
    if (type == "group" && file.type == "group_gz") return &file;
  }
  return found;
}

Repomd parse_repomd(std::string_view document, std::string_view what) {
  Repomd repomd;
  RawFile raw;
  bool is_repomd = false, in_data = false;
  XmlEvents events;
  events.begin = [&](std::string_view element, const XmlEvents::Attributes& attributes) {
    const auto value = [&](std::string_view name) {
      const auto it = attributes.find(name);
      return it == attributes.end() ? std::string() : it->second;
    };
    if (element == "repomd") is_repomd = true;
    if (element == "data") {
      raw = {};
      raw.type = value("type");
      in_data = true;
    } else if (element == "location") {
      raw.location = value("href");
      raw.base = value("xml:base");
    } else if (element == "checksum") {
      raw.checksum_type = value("type");
    }
  };
  events.end = [&](std::string_view element, std::string_view text) {
    if (!in_data) return;
    if (element == "checksum") raw.checksum = text;
    if (element == "size") raw.size = text;
    if (element == "open-size") raw.open_size = text;
    if (element != "data") return;
    in_data = false;
    if (raw.type == "modules") repomd.modular = true;
    if (is_read(raw.type)) repomd.files.push_back(check(raw, what));
  };
  read_xml(document, what, events);
  if (!is_repomd) throw Error(ErrorKind::build, fmt::format("'{}' is not a repomd.xml", what));
  if (!repomd.find("primary")) {
    throw Error(ErrorKind::build, fmt::format("'{}' names no primary metadata", what));
  }
  return repomd;
}

bool is_safe_location(std::string_view location) {
  if (location.empty() || location.size() > 1024 || location.starts_with('/')) return false;
  if (std::any_of(location.begin(), location.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || c == '\\' || c == '?' || c == '#';
      })) {
    return false;
  }
  while (true) {
    const auto slash = location.find('/');
    const std::string_view part = location.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    location.remove_prefix(slash + 1);
  }
}

}  // namespace composer::solve
