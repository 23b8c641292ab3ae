#include "composer/disk/mkfs_options.h"

#include <algorithm>
#include <string_view>

namespace composer::disk {
namespace {

bool takes_list(FilesystemType type, std::string_view option) {
  if (type == FilesystemType::ext4) return option == "-O" || option == "-E";
  constexpr std::string_view kXfs[] = {"-b", "-d", "-i", "-l", "-m", "-n", "-r", "-s"};
  return type == FilesystemType::xfs &&
         std::find(std::begin(kXfs), std::end(kXfs), option) != std::end(kXfs);
}

std::vector<std::string_view> parts_of(std::string_view list) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = list.find(',');
    parts.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

std::string_view key_of(std::string_view part) {
  return part.substr(0, part.find('='));
}

/// `ours` without the settings that `theirs` names, then `theirs`. Features of mke2fs (`none,a,^b`)
/// are taken in order by mke2fs itself, which comes to the same.
std::string merged(std::string_view ours, std::string_view theirs) {
  const std::vector<std::string_view> named = parts_of(theirs);
  std::string out;
  for (const std::string_view part : parts_of(ours)) {
    const bool replaced = std::any_of(named.begin(), named.end(), [&](std::string_view other) {
      return key_of(other) == key_of(part);
    });
    if (!replaced) out.append(part).append(",");
  }
  return out.append(theirs);
}

}  // namespace

std::vector<std::string> with_own_options(FilesystemType type, std::vector<std::string> arguments,
                                          const std::vector<std::string>& own) {
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::string option = own[i].substr(0, 2);
    const bool attached = own[i].size() > 2;
    const auto ours = std::find(arguments.begin(), arguments.end(), option);
    const bool has_value = attached || i + 1 < own.size();
    if (!takes_list(type, option) || ours == arguments.end() || !has_value) {
      arguments.push_back(own[i]);
      continue;
    }
    // A list of ours is always followed by its value.
    std::string& list = *(ours + 1);
    list = merged(list, attached ? std::string_view(own[i]).substr(2) : own[++i]);
  }
  return arguments;
}

}  // namespace composer::disk
