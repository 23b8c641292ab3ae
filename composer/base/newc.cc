#include "composer/base/newc.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

#include "composer/error.h"
#include "composer/units.h"

namespace composer {

std::string_view newc_padding(std::uint64_t size) {
  return std::string_view("\0\0\0", (4 - size % 4) % 4);
}

std::string newc_entry(std::string_view name, const NewcHeader& header) {
  constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
  if (header.size > kMost) {
    throw Error(ErrorKind::build,
                fmt::format("cannot archive '/{}': it has {}, and cpio ends at 4 GiB", name,
                            to_text(Bytes{header.size})),
                "write 'format: tar'");
  }
  const auto time = static_cast<std::uint32_t>(std::clamp<std::int64_t>(header.time, 0, kMost));
  // Thirteen numbers of eight digits; a checksum of none.
  std::string text = fmt::format(
      "070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
      header.inode, header.mode, header.uid, header.gid, header.links, time, header.size, 0, 0,
      header.device_major, header.device_minor, name.size() + 1, 0);
  text += name;
  text += '\0';
  // Header and name together end at a multiple of 4.
  text += newc_padding(text.size());
  return text;
}

}  // namespace composer
