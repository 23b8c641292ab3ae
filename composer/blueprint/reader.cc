#include "composer/blueprint/reader.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/blueprint/composition_keys.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/source_text.h"

namespace composer::blueprint {
namespace {

/// `kernelArguments` and `kernel-arguments` as `kernel_arguments`: how the same key is spelled in
/// other languages' habits.
std::string in_snake_case(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty() && out.back() != '_') out += '_';
    out += upper ? static_cast<char>(c - 'A' + 'a') : c == '-' ? '_' : c;
  }
  return out;
}

/// Where else in the language a key of this name stands: `'mount' belongs in 'disk.partitions[]'`.
std::optional<std::string> home_of(std::string_view name, const Mapping& mapping) {
  for (const Key& key : mapping.keys) {
    if (key.name == name) {
      return mapping.path.empty() ? fmt::format("'{}' belongs at the top level", name)
                                  : fmt::format("'{}' belongs in '{}'", name, mapping.path);
    }
  }
  for (const Key& key : mapping.keys) {
    if (key.mapping == nullptr) continue;
    if (auto home = home_of(name, key.mapping())) return home;
  }
  return std::nullopt;
}

std::string all_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// What to do about a key without a value.
std::string how_to_fill(const Key& key, std::string_view wanted) {
  return key.presence != Presence::optional ? fmt::format("give it {}", wanted)
                                            : fmt::format("give it {}, or remove the key", wanted);
}

}  // namespace

const Key* Mapping::find(std::string_view name) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> Mapping::names() const {
  std::vector<std::string> out;
  for (const Key& key : keys) out.emplace_back(key.name);
  return out;
}

void Reader::read_mapping(const Node& node, const Mapping& mapping, void* target) {
  if (!expect_mapping(mapping, node)) return;
  std::vector<std::string_view> meant;  // keys that an unknown one was probably meant to be
  for (const Entry& entry : node.entries) {
    if (const Key* key = mapping.find(entry.key)) {
      key->read(*this, *key, entry.value, target);
    } else {
      findings_.spoil(node);
      report_unknown(mapping, entry, meant);
    }
  }
  for (const Key& key : mapping.keys) {
    if (key.presence == Presence::optional || node.has(key.name)) continue;
    if (key.presence == Presence::without_base && has_base_) continue;
    if (std::find(meant.begin(), meant.end(), key.name) != meant.end()) continue;
    const std::string_view wanted = key.mapping != nullptr ? key.mapping().title : key.scalar->name;
    findings_.report(
        node, {fmt::format("{} needs the key '{}'", mapping.title, key.name),
               key.arity == Arity::list ? fmt::format("add '{}:' and a list", key.name)
                                        : fmt::format("add '{}:' and {}", key.name, wanted)});
  }
}

void Reader::check_keys(const Node& node, const Mapping& mapping) {
  std::vector<std::string_view> meant;
  for (const Entry& entry : node.entries) {
    if (mapping.path.empty() && entry.key == kVariables) continue;
    const Key* key = mapping.find(entry.key);
    if (key == nullptr) {
      report_unknown(mapping, entry, meant);
    } else if (key->mapping != nullptr) {
      check_keys(entry.value, key->mapping());
      for (const Node& item : entry.value.items) check_keys(item, key->mapping());
    }
  }
}

void Reader::report_unknown(const Mapping& mapping, const Entry& entry,
                            std::vector<std::string_view>& meant) {
  const auto stranger = std::find_if(mapping.strangers.begin(), mapping.strangers.end(),
                                     [&](const Stranger& known) { return known.key == entry.key; });
  const bool known = stranger != mapping.strangers.end();
  if (known && stranger->ours.empty()) {
    findings_.report(
        entry.value, entry.key_at,
        {std::string(stranger->message), std::string(stranger->hint), stranger->secrecy});
    return;
  }
  Refusal refusal{fmt::format("unknown key '{}' in {}", entry.key, mapping.title)};
  const Key* near = mapping.find(known ? stranger->ours : in_snake_case(entry.key));
  if (near == nullptr) {
    if (auto home = home_of(entry.key, blueprint_mapping())) {
      refusal.hint = std::move(*home);
      findings_.report(entry.value, entry.key_at, std::move(refusal));
      return;
    }
    std::vector<std::string> names = mapping.names();
    if (mapping.path.empty()) {
      for (const std::string_view name : kCompositionKeys) names.emplace_back(name);
    }
    if (const auto word = nearest(entry.key, names)) {
      near = mapping.find(*word);
      refusal.hint = fmt::format("did you mean '{}'?", *word);
    }
  }
  if (near != nullptr) {
    meant.push_back(near->name);
    refusal.hint = fmt::format("did you mean '{}'?", near->name);
  } else if (refusal.hint.empty()) {
    refusal.hint = fmt::format("its keys are {}", all_of(mapping.names()));
  }
  findings_.report(entry.value, entry.key_at, std::move(refusal));
}

bool Reader::report_nothing(std::string_view subject, std::string hint, const Node& node) {
  if (node.kind == Node::Kind::refused) {
    findings_.spoil(node);
    return true;
  }
  if (node.kind != Node::Kind::nothing) return false;
  findings_.report(node, {fmt::format("{} has no value", subject), std::move(hint)});
  return true;
}

bool Reader::expect_mapping(const Mapping& mapping, const Node& node) {
  if (node.kind == Node::Kind::mapping) return true;
  const std::string keys = fmt::format("its keys are {}", all_of(mapping.names()));
  if (report_nothing(std::string(mapping.title), keys, node)) return false;
  const bool list = node.kind == Node::Kind::sequence;
  findings_.report(node, {fmt::format("{} is a mapping of keys to values, not {}", mapping.title,
                                      list ? "a list" : fmt::format("'{}'", node.text)),
                          keys});
  return false;
}

std::vector<const Node*> Reader::expect_list(const Key& key, const Node& node) {
  const std::string subject = fmt::format("'{}'", key.name);
  if (report_nothing(subject, how_to_fill(key, "a list"), node)) return {};
  if (node.kind == Node::Kind::sequence) {
    std::vector<const Node*> items;
    for (const Node& item : node.items) items.push_back(&item);
    return items;
  }
  if (key.arity == Arity::one_or_list && node.kind == Node::Kind::scalar) return {&node};
  Refusal refusal{fmt::format("'{}' takes a list", key.name), {}};
  if (node.kind == Node::Kind::scalar && key.mapping == nullptr) {
    refusal.hint = fmt::format("write '{}: [{}]'", key.name, node.text);
  } else {
    refusal.hint = "begin each entry with '- '";
  }
  findings_.report(node, std::move(refusal));
  return {};
}

void Reader::put_pairs(const Key& key, const Scalar<std::string>& free_key,
                       const Scalar<std::string>& type, const Node& node,
                       std::vector<PairRequest>& out) {
  if (report_nothing(fmt::format("'{}'", key.name), how_to_fill(key, "a mapping"), node)) return;
  if (node.kind != Node::Kind::mapping) {
    findings_.report(
        node,
        {fmt::format("'{}' is a mapping of keys to values, not {}", key.name,
                     node.kind == Node::Kind::sequence ? "a list" : fmt::format("'{}'", node.text)),
         fmt::format("give each entry {}, ': ' and {}", free_key.name, type.name)});
    return;
  }
  for (const Entry& entry : node.entries) {
    PairRequest& pair = out.emplace_back();
    pair.key.at = entry.key_at;
    Node name;
    name.kind = Node::Kind::scalar;
    name.text = entry.key;
    if (std::optional<Refusal> refusal = free_key.read(name, pair.key.value)) {
      findings_.report(entry.value, entry.key_at, std::move(*refusal));
    } else if (expect_printable(key, entry.value, entry.key, entry.key_at)) {
      // Messages name the entry that they are about.
      Key own = key;
      own.name = entry.key;
      put(own, type, entry.value, pair.value);
    }
  }
}

bool Reader::expect_printable(const Key& key, const Node& node) {
  return expect_printable(key, node, node.text, node.at);
}

bool Reader::expect_printable(const Key& key, const Node& node, std::string_view text,
                              const Span& at) {
  for (std::string_view rest = text; !rest.empty();) {
    const Character c = first_character(rest);
    if (c.bytes == 0 || is_control(c.code) || misleads_the_eye(c.code)) {
      findings_.report(node, at,
                       {fmt::format("invisible character U+{:04X} in '{}'",
                                    static_cast<unsigned>(c.code), key.name),
                        "remove it"});
      return false;
    }
    rest.remove_prefix(c.bytes);
  }
  return true;
}

bool Reader::expect_scalar(const Key& key, const ScalarDescription& type, const Node& node) {
  if (node.kind == Node::Kind::scalar) return true;
  const bool one = key.arity == Arity::one;
  if (report_nothing(
          one ? fmt::format("'{}'", key.name) : fmt::format("an entry of '{}'", key.name),
          one ? how_to_fill(key, type.name)
              : fmt::format("give {}, or remove the entry", type.name),
          node)) {
    return false;
  }
  const bool list = node.kind == Node::Kind::sequence;
  const std::string subject =
      one ? fmt::format("'{}' takes", key.name) : fmt::format("each entry of '{}' is", key.name);
  Refusal refusal{fmt::format("{} {}, not {}", subject, type.name, list ? "a list" : "a mapping"),
                  {}};
  // `- a: b` is how a value that holds ': ' goes wrong.
  refusal.hint = list ? "give one value" : "put a value that holds ': ' in quotes";
  findings_.report(node, std::move(refusal));
  return false;
}

}  // namespace composer::blueprint
