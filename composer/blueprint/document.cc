#include "composer/blueprint/document.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "composer/blueprint/findings.h"
#include "composer/blueprint/source_text.h"
#include "composer/blueprint/tags.h"
#include "composer/blueprint/yaml_mistake.h"

// yaml-cpp 0.7 is used as a tokeniser: its events become a tree of our own that knows where each
// value was written. What was found by trying it: marks count from 0 and in bytes; duplicate keys
// pass silently; a quote that is never closed passes as a value that reaches the end of the file;
// text after the document's end comes as further documents; a 1 MiB text of brackets takes 0.4 s.

namespace composer::blueprint {
namespace {

/// Ends the parse after a problem that makes the rest of the text meaningless.
struct Stop {};

/// The offset just past a quoted scalar that begins at `begin`, or npos when it is never closed.
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != '\'') return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Text& text, Findings& findings) : text_(text), findings_(findings) {}

  Node take_root();
  std::optional<OpenBracket> innermost_open_bracket() const;

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

 private:
  /// A collection that is being read, and for a mapping the key whose value comes next.
  struct Open {
    Node node;
    std::size_t offset = 0;
    bool flow = false;
    bool placed_by_first_key = false;
    bool has_key = false;
    bool drop_value = false;  ///< The key was refused, and its value goes with it.
    std::string key = {};
    Span key_at = {};
    std::map<std::string, int, std::less<>> lines = {};  ///< Of each key so far.
  };

  std::size_t offset(const YAML::Mark& mark) const {
    const auto raw = static_cast<std::size_t>(std::max(mark.pos, 0));
    return std::min(raw, text_.view().size());
  }
  char character(std::size_t at) const {
    return at < text_.view().size() ? text_.view()[at] : '\0';
  }
  bool wants_key() const {
    return !open_.empty() && open_.back().node.kind == Node::Kind::mapping && !open_.back().has_key;
  }
  bool is_dropped() const {
    return std::any_of(open_.begin(), open_.end(), [](const Open& o) { return o.drop_value; });
  }
  /// What stands before a value: a tag of ours, and then the value's own offset.
  struct Properties {
    Change change = Change::none;
    Span tag_at;
    std::size_t value = 0;
  };
  void open(Node::Kind kind, const Properties& properties, YAML::EmitterStyle::value style);
  void close();
  void add(Node node);
  void take_key(const Node& node);
  Properties take_properties(std::size_t at, const std::string& tag, YAML::anchor_t anchor);
  std::size_t length_of_scalar(std::size_t at, const std::string& value);
  Span place_of_nothing(std::size_t at) const;

  const Text& text_;
  Findings& findings_;
  std::vector<Open> open_;
  std::optional<Node> root_;
  std::optional<Span> first_anchor_;
  bool alias_reported_ = false;
};

Node TreeBuilder::take_root() {
  if (first_anchor_ && !alias_reported_) {
    findings_.report(*first_anchor_,
                     {"anchors ('&name') are no part of the blueprint language", "remove it"});
  }
  if (!root_) {
    findings_.report(text_.span(0, 1),
                     {"the blueprint is empty", "docs/blueprint.md shows a complete one"});
    Node refused;
    refused.kind = Node::Kind::refused;
    return refused;
  }
  return std::move(*root_);
}

std::optional<OpenBracket> TreeBuilder::innermost_open_bracket() const {
  for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
    const char c = character(it->offset);
    if (it->flow && (c == '[' || c == '{')) return OpenBracket{c, it->offset};
  }
  return std::nullopt;
}

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (!root_) return;
  const std::size_t at = offset(mark);
  const bool marker = text_.view().substr(at).starts_with("---");
  findings_.report(text_.span(at, marker ? 3 : 1),
                   {marker ? "a second document begins here, and a blueprint is one document"
                           : "unexpected text after the end of the blueprint",
                    marker ? "put it into a file of its own" : "check the indentation above it"});
  throw Stop();
}

TreeBuilder::Properties TreeBuilder::take_properties(std::size_t at, const std::string& tag,
                                                     YAML::anchor_t anchor) {
  Properties properties;
  properties.value = at;
  if (const auto found = tag_at(text_.view(), at); found && tag == to_text(found->change)) {
    properties = {found->change, text_.span(at, tag.size()), found->value};
  }
  if (is_dropped()) return properties;
  if (anchor != YAML::NullAnchor && !first_anchor_) first_anchor_ = text_.span(at, 1);
  const bool plain_tag = tag.empty() || tag == "?" || tag == "!";
  if (properties.change == Change::none && (!plain_tag || character(at) == '!')) {
    findings_.report(text_.span(at, 1),
                     {"tags ('!name') other than '!replace', '!remove' and '!merge' are no part of "
                      "the blueprint language",
                      "remove it; put a value that begins with '!' in quotes"});
  }
  return properties;
}

Span TreeBuilder::place_of_nothing(std::size_t at) const {
  if (open_.empty()) return text_.span(at, 1);
  const Open& holder = open_.back();
  if (holder.node.kind == Node::Kind::mapping)
    return holder.has_key ? holder.key_at : holder.node.at;
  // The dash of an empty entry comes before the mark, which is at whatever follows it.
  const auto before = text_.view().substr(0, at).find_last_not_of(" \r\n");
  if (before != std::string_view::npos && character(before) == '-') return text_.span(before, 1);
  return holder.node.at;
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const std::size_t at = offset(mark);
  if (anchor != YAML::NullAnchor || character(at) == '!') take_properties(at, "?", anchor);
  Node node;
  constexpr std::string_view kWords[] = {"null", "Null", "NULL", "~"};
  for (const std::string_view word : kWords) {
    // An empty value's mark is at whatever comes next, which may be a key named `null`.
    const std::string_view rest = text_.view().substr(at);
    if (rest.starts_with(word) && !rest.substr(word.size()).starts_with(':')) {
      node.at = text_.span(at, word.size());
      break;
    }
  }
  if (!node.at) node.at = place_of_nothing(at);
  add(std::move(node));
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t) {
  Node node;
  node.kind = Node::Kind::refused;
  node.at = text_.span(offset(mark), 1);
  alias_reported_ = true;
  if (!is_dropped()) {
    findings_.report(node.at, {"aliases ('*name') are no part of the blueprint language",
                               "write the value out; put a value that begins with '*' in quotes"});
  }
  add(std::move(node));
}

std::size_t TreeBuilder::length_of_scalar(std::size_t at, const std::string& value) {
  const std::string_view rest = text_.view().substr(at);
  const char first = character(at);
  if (first == '"' || first == '\'') {
    const std::size_t end = end_of_quoted(text_.view(), at);
    if (end == std::string_view::npos) {
      findings_.report(
          text_.span(at, 1),
          {"this quote is never closed", "close it, or double a quote that belongs to the value"});
      throw Stop();
    }
    return end - at;
  }
  if (rest.starts_with(value)) return value.size();
  // Folded over lines, or a block: its first line is shown.
  const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
  return line.substr(0, line.find(" #")).size();
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  const std::size_t at = offset(mark);
  const Properties properties = take_properties(at, tag, anchor);
  const char first = character(properties.value);
  const std::string_view rest = text_.view().substr(properties.value);
  const bool tagged = properties.change != Change::none;
  Node node;
  node.change = properties.change;
  node.tag_at = properties.tag_at;
  const bool quoted = first == '"' || first == '\'';
  const bool block = tagged ? first == '|' || first == '>' : tag == "!" && !quoted;
  if (tagged && !block && !rest.starts_with("\"\"") && !rest.starts_with("''") &&
      (value.empty() || (!quoted && (value == "~" || value == "null")))) {
    node.at = properties.tag_at;
    return add(std::move(node));
  }
  node.kind = Node::Kind::scalar;
  node.style = quoted ? Node::Style::quoted : block ? Node::Style::block : Node::Style::plain;
  node.at = text_.span(properties.value, length_of_scalar(properties.value, value));
  node.text = value;
  add(std::move(node));
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                  YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
  open(Node::Kind::sequence, take_properties(offset(mark), tag, anchor), style);
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value style) {
  const std::size_t at = offset(mark);
  if (style == YAML::EmitterStyle::Block && tag == "?" && character(at) == '!') {
    // The tag is the first key's, which comes next.
    open(Node::Kind::mapping, {.tag_at = {}, .value = at}, style);
    return;
  }
  open(Node::Kind::mapping, take_properties(at, tag, anchor), style);
}

void TreeBuilder::open(Node::Kind kind, const Properties& properties,
                       YAML::EmitterStyle::value style) {
  const std::size_t at = properties.value;
  if (open_.size() >= static_cast<std::size_t>(kDeepest)) {
    findings_.report(
        text_.span(at, 1),
        {fmt::format("values nest deeper than {} levels here", kDeepest), "a blueprint needs six"});
    throw Stop();
  }
  Open opened;
  opened.node.kind = kind;
  opened.node.change = properties.change;
  opened.node.tag_at = properties.tag_at;
  opened.offset = at;
  opened.flow = style == YAML::EmitterStyle::Flow;
  const bool under_key = !open_.empty() && open_.back().has_key;
  opened.node.at = !opened.flow && under_key ? open_.back().key_at : text_.span(at, 1);
  opened.placed_by_first_key = !opened.flow && !under_key;
  open_.push_back(std::move(opened));
}

void TreeBuilder::close() {
  Node node = std::move(open_.back().node);
  open_.pop_back();
  add(std::move(node));
}

void TreeBuilder::take_key(const Node& node) {
  const bool dropped = is_dropped();
  Open& mapping = open_.back();
  mapping.has_key = true;
  mapping.drop_value = true;
  mapping.key = node.text;
  mapping.key_at = node.at;
  if (dropped || node.kind == Node::Kind::refused) return;
  if (node.kind != Node::Kind::scalar) {
    findings_.report(node.at, {"a key is one word, not a list, a mapping or nothing",
                               "put values that hold '{', '[', '? ' or ': ' in quotes"});
    return;
  }
  if (node.change != Change::none) {
    findings_.report(
        node.tag_at,
        {fmt::format("'{}' stands before a key", to_text(node.change)),
         "put it before the value; before an entry in braces: '- !merge {key: value}'"});
    return;
  }
  if (node.text == "<<" && node.style == Node::Style::plain) {
    findings_.report(
        node.at, {"merge keys ('<<') are no part of the blueprint language", "write the keys out"});
    return;
  }
  const auto [first, added] = mapping.lines.try_emplace(node.text, node.at.line);
  if (!added) {
    findings_.report(node.at,
                     {fmt::format("'{}' is already given on line {}", node.text, first->second),
                      "keep one of the two"});
    return;
  }
  mapping.drop_value = false;
  if (mapping.node.entries.empty() && mapping.placed_by_first_key) mapping.node.at = node.at;
}

void TreeBuilder::add(Node node) {
  if (open_.empty()) {
    root_ = std::move(node);
  } else if (wants_key()) {
    take_key(node);
  } else if (Open& holder = open_.back(); holder.node.kind == Node::Kind::mapping) {
    if (!holder.drop_value) {
      holder.node.entries.push_back({holder.key, holder.key_at, std::move(node)});
    }
    holder.has_key = false;
    holder.drop_value = false;
  } else {
    holder.node.items.push_back(std::move(node));
  }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node read_document(const Text& text, Findings& findings) {
  Node refused;
  refused.kind = Node::Kind::refused;
  refused.at = text.span(0, 1);
  if (const std::optional<Problem> problem = unreadable_bytes(text)) {
    findings.report(problem->at, {problem->message, problem->hint});
    return refused;
  }
  TreeBuilder builder(text, findings);
  try {
    std::istringstream stream{std::string(text.view())};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_root();
  } catch (const Stop&) {
    return refused;
  } catch (const YAML::Exception& mistake) {
    const Problem problem = explain_yaml_mistake(
        mistake.msg, text, text.offset_of(mistake.mark.line, mistake.mark.column),
        builder.innermost_open_bracket());
    findings.report(problem.at, {problem.message, problem.hint});
    return refused;
  }
}

}  // namespace composer::blueprint
