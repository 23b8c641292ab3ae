#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint/findings.h"

// The terms in which the blueprint language is declared: each mapping is a table of its keys, each
// key said once: its name, what it holds, whether it must be there, what it means. Reading,
// suggestions for unknown keys and docs/blueprint.md all come from these tables.

namespace composer::blueprint {

class Reader;

/// How the scalars of a type look in YAML; what a JSON Schema calls its type.
enum class Shape { text, boolean, integer, word };

/// One of a fixed set of words.
struct WordDescription {
  std::string_view word;
  std::string_view meaning;
};

/// Which characters a text may hold, beside its own rule: escapes in double quotes can write any.
enum class Characters { printable, any };

/// What is known of a type of scalars without its C++ type.
struct ScalarDescription {
  std::string_view name;  ///< With its article: `a size`.
  std::string_view rule;  ///< What is accepted, one sentence for the docs; may be empty.
  Shape shape = Shape::text;
  std::span<const WordDescription> words = {};
  std::int64_t least = 0, most = 0;  ///< Of integers.
  Secrecy secrecy = Secrecy::shown;
  Characters characters = Characters::printable;
};

/// A type of scalars. `read` is called with scalar nodes only, and returns why it refuses.
template <typename T>
struct Scalar : ScalarDescription {
  std::optional<Refusal> (*read)(const Node& node, T& value) = nullptr;
};

/// A scalar of text whose rule looks at the text alone.
template <std::optional<Refusal> (*check)(std::string_view text)>
std::optional<Refusal> checked_text(const Node& node, std::string& value) {
  value = node.text;
  return check(value);
}

/// `without_base`: required, but of a blueprint that changes an image which is there.
enum class Presence { optional, required, without_base };
enum class Arity { one, list, one_or_list };

struct Mapping;

/// What is told of every key.
struct KeyFacts {
  std::string_view name;
  Presence presence = Presence::optional;
  std::string_view fallback = {};  ///< What holds without it, for the docs.
  std::string_view meaning;        ///< For the docs.
  Arity arity = Arity::one;        ///< Derived from the member where there is one.
};

struct Key : KeyFacts {
  const ScalarDescription* scalar = nullptr;  ///< Either this,
  const Mapping& (*mapping)() = nullptr;      ///< or this.
  void (*read)(Reader&, const Key&, const Node&, void* target) = nullptr;
  /// What the keys may be where the value is a mapping with keys of the author's own choice, whose
  /// values are as `scalar` says; null for all other keys.
  const ScalarDescription* free_key = nullptr;
};

/// A key that is not ours but is often tried: which of ours it means, or what to say.
struct Stranger {
  std::string_view key;
  std::string_view ours;  ///< Empty where there is none; then the next two say why.
  std::string_view message = {};
  std::string_view hint = {};
  Secrecy secrecy = Secrecy::shown;  ///< Of its value.
};

struct Mapping {
  std::string_view title;  ///< With its article: `a partition`.
  std::string_view path;   ///< Where it stands: `disk.partitions[]`; empty for the top level.
  std::string_view meaning;
  std::span<const Key> keys = {};
  std::span<const Stranger> strangers = {};

  const Key* find(std::string_view name) const;
  std::vector<std::string> names() const;
};

/// A key of a mapping that is read into a `T`; what makes a table of the wrong keys not compile.
template <typename T>
struct KeyOf : Key {};

/// The storage of a Mapping that is read into a `T`.
template <typename T, std::size_t count>
struct Table : Mapping {
  constexpr Table(const Mapping& facts, const KeyOf<T> (&all)[count]) : Mapping(facts) {
    for (std::size_t i = 0; i < count; ++i) storage[i] = all[i];
    keys = storage;
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  std::array<Key, count> storage{};
};

}  // namespace composer::blueprint
