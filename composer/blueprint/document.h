#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/error.h"

namespace composer::blueprint {

class Findings;
class Text;
struct Entry;

/// One value of a blueprint's text. All scalars are text; what they mean is the reader's business.
struct Node {
  enum class Kind {
    nothing,  ///< No value: `key:`, `~`, `null`.
    scalar,
    sequence,
    mapping,
    refused,  ///< Something that is no part of the language, already reported.
  };
  enum class Style { plain, quoted, block };

  Kind kind = Kind::nothing;
  Style style = Style::plain;  ///< Of a scalar.
  Span at;                     ///< A block collection's place is the key that holds it.
  std::string text;
  std::vector<Node> items;
  std::vector<Entry> entries;  ///< In the order of the text, no key twice.

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

/// Reads the text as one YAML document: mappings, sequences and scalars. Aliases, anchors, tags,
/// merge keys, duplicate keys and further documents are reported and left out, so the tree is never
/// larger than the text. After a mistake in the YAML itself the result is of kind `refused`.
Node read_document(const Text& text, Findings& findings);

}  // namespace composer::blueprint
