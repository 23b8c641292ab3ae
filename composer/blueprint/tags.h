#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace composer::blueprint {

/// What a tag says about what other files wrote under the same key, or as the same entry of a list.
enum class Change { none, replace, remove, merge };

/// The tag that says so: `!replace`; empty for none.
std::string_view to_text(Change change);

/// One of the tags, and where the value begins that it stands before.
struct Tag {
  Change change = Change::none;
  std::size_t value = 0;  ///< Byte offset; just past the tag where nothing comes after it.
};

/// The tag of ours that a text has at the offset `at`, if it is one.
std::optional<Tag> tag_at(std::string_view text, std::size_t at);

}  // namespace composer::blueprint
