#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/root.h"

// Small reads and writes that several configure steps share, in terms of Root alone.

namespace composer::tree {

/// `/etc` for `/etc/fstab`, `/` for `/etc`.
std::string_view parent_of(std::string_view path);

/// Writes a file; its missing parents become directories of mode 0755, owned by root.
void write_with_parents(Root& root, std::string_view path, std::string_view content,
                        FileAttributes attributes = {});

/// Makes a symbolic link, and its missing parents as above.
void link_with_parents(Root& root, std::string_view target, std::string_view path);

/// The owner and mode of `path`, or `otherwise` when it is not there yet.
FileAttributes attributes_of(const Root& root, std::string_view path, FileAttributes otherwise);

/// Removes what is at `path`, a directory with all that is in it. Links are removed, not followed.
/// @throws Error  for a directory tree deeper than 128 levels.
void remove_tree(Root& root, std::string_view path);

/// Removes what is in a directory, not the directory itself; nothing for a link to one.
void empty_directory(Root& root, std::string_view path);

/// The name in `directory` that equals `name` but for the case of its letters, as a vfat filesystem
/// would find it, or an empty string.
std::string find_ignoring_case(const Root& root, std::string_view directory, std::string_view name);

/// Runs a command in the root. @throws Error with the end of its output when it fails.
std::string run_checked(Root& root, const RootCommand& command);

/// `text` itself, for a line of a configuration file: a plan need not come from a blueprint.
/// @throws Error  when it holds a line break or another control character.
const std::string& one_line(const std::string& text);

/// `text` cut at newlines; a last line without newline counts.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace composer::tree
