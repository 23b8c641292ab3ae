#include "composer/blueprint/reference.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <vector>

#include "composer/blueprint/mappings.h"

namespace composer::blueprint {
namespace {

std::string_view without_article(std::string_view name) {
  for (const std::string_view article : {"a ", "an ", "the "}) {
    if (name.starts_with(article)) return name.substr(article.size());
  }
  return name;
}

/// A cell of a Markdown table: a bar would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

std::string type_of(const Key& key) {
  std::string type;
  if (key.mapping != nullptr) {
    const Mapping& mapping = key.mapping();
    type = fmt::format("mapping: `{}`", mapping.path);
    return key.arity == Arity::list ? fmt::format("list of `{}`", mapping.path) : type;
  }
  if (key.free_key != nullptr) {
    return fmt::format("mapping of {} to {}", key.free_key->name, key.scalar->name);
  }
  type = without_article(key.scalar->name);
  if (key.arity == Arity::list) return fmt::format("list; each entry {}", key.scalar->name);
  if (key.arity == Arity::one_or_list) return fmt::format("{}, or a list of them", type);
  return type;
}

std::string fallback_of(const Key& key) {
  if (key.presence == Presence::required) return "**required**";
  if (key.presence == Presence::without_base) return "**required** without `base`";
  return key.fallback.empty() ? "none" : std::string(key.fallback);
}

std::string meaning_of(const Key& key) {
  std::string out(key.meaning);
  if (key.scalar == nullptr) return out;
  if (key.free_key != nullptr && !key.free_key->rule.empty()) {
    out += fmt::format(" {}", key.free_key->rule);
  }
  if (!key.scalar->rule.empty()) out += fmt::format(" {}", key.scalar->rule);
  for (const WordDescription& word : key.scalar->words) {
    out += fmt::format("<br>`{}`: {}", word.word, word.meaning);
  }
  return out;
}

/// @param told  What was appended before: a mapping may stand in two places.
void append(const Mapping& mapping, std::set<std::string_view>& told, std::string& out) {
  if (!told.insert(mapping.path).second) return;
  out += mapping.path.empty() ? "### The top level\n\n" : fmt::format("### `{}`\n\n", mapping.path);
  if (!mapping.meaning.empty()) out += fmt::format("{}\n\n", mapping.meaning);
  out += "| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Key& key : mapping.keys) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", key.name, cell(type_of(key)),
                       cell(fallback_of(key)), cell(meaning_of(key)));
  }
  out += "\n";
  for (const Key& key : mapping.keys) {
    if (key.mapping != nullptr) append(key.mapping(), told, out);
  }
}

}  // namespace

std::string language_reference() {
  std::string out;
  std::set<std::string_view> told;
  append(blueprint_mapping(), told, out);
  out.pop_back();
  return out;
}

}  // namespace composer::blueprint
