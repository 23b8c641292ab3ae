#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace composer::tree {

/// Whether a text can be a label: `user:role:type`, with a level or without, of printable ASCII.
bool is_label(std::string_view text);

/// Sets the label (security.selinux) of every file below `root` as its `file_contexts` say, a path
/// inside the root; files that they give no label keep what they have. Returns how many have one.
/// See label_files.
/// @throws Error  when no file has a label by them, too: libselinux skips what it cannot parse.
std::size_t set_labels(const std::filesystem::path& root, const std::string& file_contexts);

}  // namespace composer::tree
