#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "composer/error.h"

namespace composer::blueprint {

/// A blueprint is written by people; what is larger is something else.
inline constexpr std::size_t kLargestBlueprint = std::size_t{1} << 20;

/// The text of a blueprint, and where its lines begin: byte offsets become spans.
class Text {
 public:
  /// A byte order mark at the beginning is dropped.
  Text(std::string text, std::string name);

  std::string_view view() const { return source_->text; }

  /// The span of `length` bytes at `offset`, cut at the end of its line.
  Span span(std::size_t offset, std::size_t length) const;

  /// The byte offset of a line and column that both count from 0, at most the text's size.
  std::size_t offset_of(int line, int column) const;

  /// The line, without its end, that `offset` is in.
  std::string_view line_at(std::size_t offset) const;

 private:
  std::size_t line_index(std::size_t offset) const;

  std::shared_ptr<const SourceText> source_;
  std::vector<std::size_t> line_starts_;
};

/// One character of UTF-8 text: its code point and how many bytes it takes; 0 bytes when what is
/// there is not UTF-8 (cut short, overlong, a surrogate, past U+10FFFF).
struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;
};

/// The character that `text`, which is not empty, begins with.
Character first_character(std::string_view text);

/// Whether a character is a control character other than tab and line feed.
bool is_control(char32_t code);

/// Marks that reorder what follows, so that a reviewer sees another text than the parser does
/// (CVE-2021-42574), and the byte order mark inside a text.
bool misleads_the_eye(char32_t code);

/// The first thing about the bytes themselves that makes them no blueprint: too large, not UTF-8,
/// control characters, characters that make a text look other than it is.
std::optional<Problem> unreadable_bytes(const Text& text);

}  // namespace composer::blueprint
