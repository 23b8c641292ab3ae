#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint/tags.h"
#include "composer/error.h"

namespace composer::blueprint {

class Findings;
class Text;
struct Entry;

/// A variable that is a part of a value's text.
struct Use {
  std::string variable;
  Span set_at;  ///< Nowhere: on the command line.
};

/// One value of a blueprint's text. All scalars are text; what they mean is the reader's business.
struct Node {
  enum class Kind {
    nothing,  ///< No value: `key:`, `~`, `null`.
    scalar,
    sequence,
    mapping,
    refused,  ///< Something that is no part of the language, already reported.
  };
  enum class Style {
    plain,
    quoted,
    block,
    variable,  ///< One variable alone was written: its text is what the key takes.
  };

  Kind kind = Kind::nothing;
  Style style = Style::plain;  ///< Of a scalar.
  Change change = Change::none;
  Span at;      ///< A block collection's place is the key that holds it.
  Span tag_at;  ///< Of `!replace`, `!remove` or `!merge`.
  std::string text;
  std::vector<Node> items;
  std::vector<Entry> entries;  ///< In the order of the text, no key twice.
  std::vector<Use> uses;       ///< Of a scalar whose variables were expanded.

  /// The value of a key of a mapping, or null.
  const Node* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
};

struct Entry {
  std::string key;
  Span key_at;
  Node value;
};

/// How deep values may nest; the language needs six.
inline constexpr int kDeepest = 32;

/// Reads the text as one YAML document: mappings, sequences and scalars, and before a value one of
/// the tags `!replace`, `!remove` and `!merge`. Aliases, anchors, other tags, merge keys, duplicate
/// keys and further documents are reported and left out, so the tree is never larger than the text.
/// After a mistake in the YAML itself the result is of kind `refused`.
Node read_document(const Text& text, Findings& findings);
}  // namespace composer::blueprint
