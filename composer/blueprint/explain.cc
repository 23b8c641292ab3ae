#include "composer/blueprint/explain.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/composition.h"
#include "composer/blueprint/findings.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/secrets.h"
#include "composer/blueprint/source_text.h"

namespace composer::blueprint {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kConcealed = "********";
constexpr std::string_view kCommandLine = "--set";

/// A line of YAML and where its value comes from; empty for what holds values.
struct Line {
  std::string text;
  std::string origin;
};

std::string place_of(const Span& at) {
  return at ? fmt::format("{}:{}", at.source->name, at.line) : std::string(kCommandLine);
}

std::string origin_of(const Node& node) {
  std::string out = place_of(node.at);
  for (const Use& use : node.uses) {
    out += fmt::format(", {} from {}", use.variable, place_of(use.set_at));
  }
  return out;
}

std::string in_double_quotes(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Character c = first_character(text);
    const std::size_t bytes = std::max<std::size_t>(c.bytes, 1);
    if (c.code == '"' || c.code == '\\') {
      out += fmt::format("\\{}", text[0]);
    } else if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '\t') {
      out += "\\t";
    } else if (is_control(c.code) || misleads_the_eye(c.code)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c.code));
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out + '"';
}

/// Whether a text means itself where it stands without quotes, in a block.
bool is_plain(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return false;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (!is_alphanumeric(text.front()) && text.front() != '/' && text.front() != '_' &&
      text.front() != '.' && text.front() != '$' && text.front() != '(') {
    return false;
  }
  if (text.starts_with("...")) return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == ' ' || (is_visible(c) && is_ascii(c)); });
}

/// Whether a text can be written as a block: lines that YAML gives back as they are.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n' ||
      !text.ends_with('\n') || text.ends_with("\n\n")) {
    return false;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const Character c = first_character(rest);
    if (c.bytes == 0 || is_control(c.code) || misleads_the_eye(c.code)) return false;
    rest.remove_prefix(c.bytes);
  }
  return true;
}

/// `$${{` for `${{`, which would be a variable when it is read again.
std::string without_variables(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${{")) out += '$';
    out += text[i];
  }
  return out;
}

std::string scalar_text(const Node& node) {
  const std::string text = without_variables(node.text);
  // What a variable stands for may be a number, or a file mode, which is in quotes.
  const bool mode = text.size() > 1 && text.starts_with('0');
  const bool plain =
      node.style == Node::Style::plain || (node.style == Node::Style::variable && !mode);
  return plain && is_plain(text) ? text : in_double_quotes(text);
}

/// The entries of a mapping in the order in which docs/blueprint.md tells of them, whatever the
/// order in which files gave them; what the language does not know comes last.
std::vector<const Entry*> in_order(const Node& node, const Mapping* mapping) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : node.entries) entries.push_back(&entry);
  if (mapping == nullptr) return entries;
  const auto rank = [&](const Entry* entry) {
    const Key* key = mapping->find(entry->key);
    return key == nullptr ? mapping->keys.size()
                          : static_cast<std::size_t>(key - mapping->keys.data());
  };
  std::stable_sort(entries.begin(), entries.end(),
                   [&](const Entry* a, const Entry* b) { return rank(a) < rank(b); });
  return entries;
}

class YamlWriter {
 public:
  void write_mapping(const Node& node, const Mapping* mapping, const std::string& indent,
                     std::string first_indent);
  std::string text() const;

 private:
  void write_value(const std::string& head, const Node& node, const Key* key, bool secret,
                   const std::string& indent);

  std::vector<Line> lines_;
};

void YamlWriter::write_mapping(const Node& node, const Mapping* mapping, const std::string& indent,
                               std::string first_indent) {
  for (const Entry* entry : in_order(node, mapping)) {
    const Key* key = mapping == nullptr ? nullptr : mapping->find(entry->key);
    const bool secret = mapping != nullptr && is_secret(*mapping, entry->key);
    const std::string name = is_plain(entry->key) ? entry->key : in_double_quotes(entry->key);
    write_value(first_indent + name + ":", entry->value, key, secret, indent);
    first_indent = indent;
  }
}

void YamlWriter::write_value(const std::string& head, const Node& node, const Key* key, bool secret,
                             const std::string& indent) {
  const Mapping* mapping = key != nullptr && key->mapping != nullptr ? &key->mapping() : nullptr;
  if (secret) {
    lines_.push_back({fmt::format("{} \"{}\"", head, kConcealed), origin_of(node)});
  } else if (node.kind == Node::Kind::mapping && !node.entries.empty()) {
    lines_.push_back({head, {}});
    write_mapping(node, mapping, indent + "  ", indent + "  ");
  } else if (node.kind == Node::Kind::sequence && !node.items.empty()) {
    lines_.push_back({head, {}});
    for (const Node& item : node.items) {
      if (item.kind == Node::Kind::mapping && !item.entries.empty()) {
        write_mapping(item, mapping, indent + "    ", indent + "  - ");
      } else {
        write_value(indent + "  -", item, key, false, indent + "    ");
      }
    }
  } else if (node.kind == Node::Kind::scalar && is_block(node.text)) {
    lines_.push_back({head + " |", origin_of(node)});
    const std::string text = without_variables(node.text);
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = rest.find('\n');
      lines_.push_back(
          {end == 0 ? std::string() : fmt::format("{}  {}", indent, rest.substr(0, end)), {}});
      rest.remove_prefix(end + 1);
    }
  } else {
    const std::string value = node.kind == Node::Kind::scalar     ? " " + scalar_text(node)
                              : node.kind == Node::Kind::mapping  ? " {}"
                              : node.kind == Node::Kind::sequence ? " []"
                                                                  : "";
    lines_.push_back({head + value, origin_of(node)});
  }
}

std::string YamlWriter::text() const {
  constexpr std::size_t kWidest = 56;  // What is longer has its place right behind it.
  std::size_t width = 0;
  for (const Line& line : lines_) {
    if (!line.origin.empty() && line.text.size() <= kWidest)
      width = std::max(width, line.text.size());
  }
  std::string out;
  for (const Line& line : lines_) {
    out += line.origin.empty() ? line.text
                               : fmt::format("{:<{}}  # {}", line.text, width, line.origin);
    out += '\n';
  }
  return out;
}

Json to_json(const Node& node, const Key* key, bool secret);

Json mapping_json(const Node& node, const Mapping* mapping) {
  Json out = Json::object();
  for (const Entry* entry : in_order(node, mapping)) {
    const Key* key = mapping == nullptr ? nullptr : mapping->find(entry->key);
    const bool secret = mapping != nullptr && is_secret(*mapping, entry->key);
    out[entry->key] = to_json(entry->value, key, secret);
  }
  return out;
}

Json to_json(const Node& node, const Key* key, bool secret) {
  const Mapping* mapping = key != nullptr && key->mapping != nullptr ? &key->mapping() : nullptr;
  if (node.kind == Node::Kind::mapping && !secret) return mapping_json(node, mapping);
  if (node.kind == Node::Kind::sequence && !secret) {
    Json out = Json::array();
    for (const Node& item : node.items) {
      out.push_back(item.kind == Node::Kind::mapping ? mapping_json(item, mapping)
                                                     : to_json(item, key, false));
    }
    return out;
  }
  Json out = Json::object();
  if (secret) {
    out["value"] = kConcealed;
  } else if (node.kind == Node::Kind::scalar) {
    out["value"] = node.text;
  } else {
    out["value"] = nullptr;
  }
  out["file"] = node.at ? node.at.source->name : std::string(kCommandLine);
  out["line"] = node.at.line;
  for (const Use& use : node.uses) {
    Json from = Json::object();
    from["name"] = use.variable;
    from["file"] = use.set_at ? use.set_at.source->name : std::string(kCommandLine);
    from["line"] = use.set_at.line;
    out["variables"].push_back(std::move(from));
  }
  return out;
}

}  // namespace

std::string explain_blueprint(std::string text, const std::filesystem::path& path,
                              const BlueprintOptions& options, ExplainFormat format,
                              const Files& files) {
  Findings findings;
  const Text source(std::move(text), path.string());
  Composed composed;
  try {
    composed = compose(source, path, options, files, findings);
  } catch (const TooManyProblems&) {
  }
  findings.throw_if_any();
  if (format == ExplainFormat::yaml) {
    YamlWriter writer;
    writer.write_mapping(composed.root, &blueprint_mapping(), "", "");
    return writer.text();
  }
  Json out = Json::object();
  out["files"] = composed.sources->names();
  out["profiles"] = composed.profiles;
  out["blueprint"] = mapping_json(composed.root, &blueprint_mapping());
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string explain_blueprint(std::string text, const std::filesystem::path& path,
                              const BlueprintOptions& options, ExplainFormat format) {
  return explain_blueprint(std::move(text), path, options, format, files_on_disk());
}

}  // namespace composer::blueprint
