#include "composer/blueprint/reader.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/blueprint/mappings.h"

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

/// A text for a message: one line, no control characters, not endless.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string out(text.substr(0, kMost));
  // A character of several bytes is not cut in half.
  if (text.size() > kMost) {
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
    if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0) out.pop_back();
    out += "…";
  }
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

}  // namespace

Span redacted(const Span& at, const Span& secret) {
  SourceText copy = *at.source;
  std::size_t begin = 0;
  for (int line = 1; line < secret.line; ++line) begin = copy.text.find('\n', begin) + 1;
  begin += static_cast<std::size_t>(secret.column - 1);
  const std::size_t end = std::min(copy.text.find('\n', begin), copy.text.size());
  std::fill(copy.text.begin() + static_cast<std::ptrdiff_t>(begin),
            copy.text.begin() + static_cast<std::ptrdiff_t>(end), '*');
  Span out = at;
  out.source = std::make_shared<const SourceText>(std::move(copy));
  return out;
}

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
    if (std::find(meant.begin(), meant.end(), key.name) != meant.end()) continue;
    const std::string_view wanted = key.mapping != nullptr ? key.mapping().title : key.scalar->name;
    findings_.report(
        node, {fmt::format("{} needs the key '{}'", mapping.title, key.name),
               key.arity == Arity::list ? fmt::format("add '{}:' and a list", key.name)
                                        : fmt::format("add '{}:' and {}", key.name, wanted)});
  }
}

void Reader::report_unknown(const Mapping& mapping, const Entry& entry,
                            std::vector<std::string_view>& meant) {
  for (const Stranger& stranger : mapping.strangers) {
    if (stranger.key == entry.key) {
      // Where the hint names a key of ours, that key is not missed as well.
      for (const Key& key : mapping.keys) {
        if (stranger.hint.find(fmt::format("'{}'", key.name)) != std::string_view::npos) {
          meant.push_back(key.name);
        }
      }
      const bool secret = stranger.secrecy == Secrecy::secret;
      findings_.report(entry.value, secret ? redacted(entry.key_at, entry.value.at) : entry.key_at,
                       {std::string(stranger.message), std::string(stranger.hint)});
      return;
    }
  }
  Refusal refusal{fmt::format("unknown key '{}' in {}", shown(entry.key), mapping.title), {}};
  const Key* near = mapping.find(in_snake_case(entry.key));
  if (near == nullptr) {
    if (auto home = home_of(entry.key, blueprint_mapping())) {
      refusal.hint = std::move(*home);
      findings_.report(entry.value, entry.key_at, std::move(refusal));
      return;
    }
    if (const auto word = nearest(entry.key, mapping.names())) near = mapping.find(*word);
  }
  if (near != nullptr) {
    meant.push_back(near->name);
    refusal.hint = fmt::format("did you mean '{}'?", near->name);
  } else {
    refusal.hint = fmt::format("its keys are {}", all_of(mapping.names()));
  }
  findings_.report(entry.value, entry.key_at, std::move(refusal));
}

bool Reader::report_nothing(std::string_view subject, std::string_view wanted, const Node& node) {
  if (node.kind == Node::Kind::refused) {
    findings_.spoil(node);
    return true;
  }
  if (node.kind != Node::Kind::nothing) return false;
  findings_.report(node, {fmt::format("{} has no value", subject),
                          fmt::format("give {}, or leave it out", wanted)});
  return true;
}

bool Reader::expect_mapping(const Mapping& mapping, const Node& node) {
  if (node.kind == Node::Kind::mapping) return true;
  if (report_nothing(mapping.title, "its keys", node)) return false;
  const bool list = node.kind == Node::Kind::sequence;
  findings_.report(node, {fmt::format("{} is a mapping of keys to values, not {}", mapping.title,
                                      list ? "a list" : fmt::format("'{}'", shown(node.text))),
                          fmt::format("its keys are {}", all_of(mapping.names()))});
  return false;
}

std::vector<const Node*> Reader::expect_list(const Key& key, const Node& node) {
  const std::string subject = fmt::format("'{}'", key.name);
  if (report_nothing(subject, "it a list", node)) return {};
  if (node.kind == Node::Kind::sequence) {
    std::vector<const Node*> items;
    for (const Node& item : node.items) items.push_back(&item);
    return items;
  }
  if (key.arity == Arity::one_or_list && node.kind == Node::Kind::scalar) return {&node};
  Refusal refusal{fmt::format("'{}' takes a list", key.name), {}};
  if (node.kind == Node::Kind::scalar) {
    refusal.hint = fmt::format("write '{}: [{}]'", key.name, shown(node.text));
  } else {
    refusal.hint = "begin each entry with '- '";
  }
  findings_.report(node, std::move(refusal));
  return {};
}

bool Reader::expect_scalar(const Key& key, const ScalarDescription& type, const Node& node) {
  if (node.kind == Node::Kind::scalar) return true;
  if (key.arity == Arity::one) {
    if (report_nothing(fmt::format("'{}'", key.name), fmt::format("it {}", type.name), node)) {
      return false;
    }
  } else if (report_nothing(fmt::format("an entry of '{}'", key.name),
                            fmt::format("it {}", type.name), node)) {
    return false;
  }
  const bool list = node.kind == Node::Kind::sequence;
  const std::string subject = key.arity == Arity::one
                                  ? fmt::format("'{}' takes", key.name)
                                  : fmt::format("each entry of '{}' is", key.name);
  Refusal refusal{fmt::format("{} {}, not {}", subject, type.name, list ? "a list" : "a mapping"),
                  {}};
  // `- a: b` is how a value that holds ': ' goes wrong.
  if (!list) refusal.hint = "put a value that holds ': ' in quotes";
  findings_.report(node, std::move(refusal));
  return false;
}

}  // namespace composer::blueprint
