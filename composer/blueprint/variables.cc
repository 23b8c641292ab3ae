#include "composer/blueprint/variables.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/blueprint/composition_keys.h"
#include "composer/blueprint/findings.h"

namespace composer::blueprint {
namespace {

constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";

/// A variable of variables of variables: nobody reads further.
constexpr int kDeepestValue = 16;

/// All values with their variables expanded, in bytes: doubling thirty times is easily written.
constexpr std::size_t kLargestExpansion = std::size_t{4} << 20;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Splits a text, and calls `mistake` with what is wrong with it, if anything is.
template <typename Mistake>
std::vector<Piece> split(std::string_view text, Mistake mistake) {
  std::vector<Piece> pieces;
  std::string plain;
  while (!text.empty()) {
    const auto open = text.find(kOpen);
    if (open == std::string_view::npos) {
      plain += text;
      break;
    }
    if (open > 0 && text[open - 1] == '$') {
      plain += text.substr(0, open - 1);
      plain += kOpen;
      text.remove_prefix(open + kOpen.size());
      continue;
    }
    plain += text.substr(0, open);
    text.remove_prefix(open + kOpen.size());
    const auto close = text.find(kClose);
    if (close == std::string_view::npos) {
      mistake(Refusal{"'${{' is never closed",
                      "close it with '}}'; '$${{' stands for the characters themselves"});
      return {};
    }
    const std::string_view name = trimmed(text.substr(0, close));
    if (auto refusal = check_variable_name(name)) {
      refusal->hint += "; '$${{' stands for '${{' itself";
      mistake(std::move(*refusal));
      return {};
    }
    if (!plain.empty()) pieces.push_back({std::move(plain), false});
    plain.clear();
    pieces.push_back({std::string(name), true});
    text.remove_prefix(close + kClose.size());
  }
  if (!plain.empty()) pieces.push_back({std::move(plain), false});
  return pieces;
}

void collect_uses(const Node& node, VariableUses& uses, Findings& findings) {
  if (node.kind == Node::Kind::scalar && node.text.find(kOpen) != std::string::npos) {
    const auto pieces = pieces_of(node.text, node.at, findings);
    if (!pieces) return;
    for (const Piece& piece : *pieces) {
      if (piece.is_variable) uses.used.emplace(piece.text, node.at);
    }
  }
  for (const Node& item : node.items) collect_uses(item, uses, findings);
  for (const Entry& entry : node.entries) {
    if (entry.key.find(kOpen) != std::string::npos) {
      findings.report(entry.key_at, {fmt::format("a variable in the key '{}'", entry.key),
                                     "variables stand in values; write the key out"});
    }
    collect_uses(entry.value, uses, findings);
  }
}

void collect_definitions(const Node& variables, VariableUses& uses, Findings& findings) {
  if (variables.kind == Node::Kind::refused) return;
  if (variables.kind != Node::Kind::mapping) {
    findings.report(variables.at, {"'variables' takes a mapping of names to texts",
                                   "write 'variables: {channel: prod}'"});
    return;
  }
  for (const Entry& entry : variables.entries) {
    if (auto refusal = check_variable_name(entry.key)) {
      findings.report(entry.key_at, std::move(*refusal));
      continue;
    }
    uses.defined.emplace(entry.key, entry.key_at);
    const Node& value = entry.value;
    const bool removed = value.change == Change::remove;
    if (value.kind == Node::Kind::scalar || value.kind == Node::Kind::refused || removed) continue;
    findings.report(value.at, {value.kind == Node::Kind::nothing
                                   ? fmt::format("variable '{}' has no value", entry.key)
                                   : fmt::format("variable '{}' takes a text", entry.key),
                               "give it one text, or \"\""});
  }
}

/// Knows the value of each variable, worked out once.
class Values {
 public:
  Values(const Node& variables, const std::vector<std::pair<std::string, std::string>>& set,
         const VariableUses& uses, Findings& findings)
      : uses_(uses), findings_(findings) {
    for (const Entry& entry : variables.entries) {
      // What is no text was reported as such.
      const bool good = entry.value.kind == Node::Kind::scalar;
      values_[entry.key] = {entry.value.text, entry.value.at,
                            good ? Value::State::written : Value::State::refused};
    }
    for (const auto& [name, text] : set) values_[name] = {text, {}, Value::State::written};
  }

  /// The text with its variables expanded; nothing when that is not possible, which is reported.
  std::optional<std::string> expand(std::string_view text, const Span& at, std::vector<Use>& used);

 private:
  struct Value {
    enum class State { written, expanding, done, refused };
    std::string text;
    Span at;
    State state = State::written;
  };
  const Value* value_of(const std::string& name, const Span& at);

  const VariableUses& uses_;
  Findings& findings_;
  std::map<std::string, Value> values_;
  std::vector<std::string> path_;  ///< Variables that are being worked out.
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

const Values::Value* Values::value_of(const std::string& name, const Span& at) {
  const auto found = values_.find(name);
  if (found == values_.end()) {
    // What is defined nowhere is reported once for all files.
    if (uses_.defined.contains(name)) {
      findings_.report(at, {fmt::format("variable '{}' is not set here", name),
                            "it was removed, or set by a profile or an architecture alone; set it "
                            "in 'variables' of the file itself"});
    }
    return nullptr;
  }
  Value& value = found->second;
  if (value.state == Value::State::done) return &value;
  if (value.state == Value::State::refused) return nullptr;
  const bool cycle = value.state == Value::State::expanding;
  if (cycle || path_.size() >= kDeepestValue) {
    std::string path;
    for (const std::string& step : path_) path += step + " -> ";
    findings_.report(value.at ? value.at : at,
                     {cycle ? fmt::format("variable '{}' is made of itself: {}{}", name, path, name)
                            : fmt::format("variables nest deeper than {} levels", kDeepestValue),
                      "write one of them out"});
    value.state = Value::State::refused;
    return nullptr;
  }
  value.state = Value::State::expanding;
  path_.push_back(name);
  std::vector<Use> ignored;
  auto text = expand(value.text, value.at ? value.at : at, ignored);
  path_.pop_back();
  const bool good = text && value.state == Value::State::expanding;
  value.state = good ? Value::State::done : Value::State::refused;
  if (!good) return nullptr;
  value.text = std::move(*text);
  return &value;
}

std::optional<std::string> Values::expand(std::string_view text, const Span& at,
                                          std::vector<Use>& used) {
  std::string out;
  bool good = true;  // What is not is reported where all texts are looked at.
  const std::vector<Piece> pieces = split(text, [&](const Refusal&) { good = false; });
  if (!good) return std::nullopt;
  for (const Piece& piece : pieces) {
    if (!piece.is_variable) {
      out += piece.text;
      continue;
    }
    const Value* value = value_of(piece.text, at);
    if (value == nullptr) return std::nullopt;
    size_ += value->text.size();
    if (size_ > kLargestExpansion) {
      if (!overflowed_) {
        findings_.report(at, {fmt::format("variables make the blueprint longer than {} MiB",
                                          kLargestExpansion >> 20),
                              "put long contents into files of their own, named by 'source'"});
      }
      overflowed_ = true;
      return std::nullopt;
    }
    out += value->text;
    used.push_back({piece.text, value->at});
  }
  return out;
}

bool is_one_variable(std::string_view text) {
  const std::vector<Piece> pieces = split(text, [](const Refusal&) {});
  return pieces.size() == 1 && pieces[0].is_variable;
}

void expand_tree(Node& node, Values& values) {
  if (node.kind == Node::Kind::scalar && node.text.find(kOpen) != std::string::npos) {
    // In `{gid: ${{u}}}` YAML sees braces, so that the quotes are its own and not the author's.
    if (is_one_variable(node.text)) node.style = Node::Style::variable;
    auto text = values.expand(node.text, node.at, node.uses);
    if (text) {
      node.text = std::move(*text);
    } else {
      node.kind = Node::Kind::refused;
    }
  }
  for (Node& item : node.items) expand_tree(item, values);
  for (Entry& entry : node.entries) expand_tree(entry.value, values);
}

std::vector<std::string> names_of(const std::map<std::string, Span>& places) {
  std::vector<std::string> names;
  for (const auto& [name, at] : places) names.push_back(name);
  return names;
}

std::string defined_hint(std::string_view name, const VariableUses& uses) {
  if (const auto near = nearest(name, names_of(uses.defined))) {
    return fmt::format("did you mean '{}'?", *near);
  }
  return fmt::format("define it: 'variables: {{{}: …}}'", name);
}

}  // namespace

std::optional<std::vector<Piece>> pieces_of(std::string_view text, const Span& at,
                                            Findings& findings) {
  bool good = true;
  auto pieces = split(text, [&](Refusal refusal) {
    findings.report(at, std::move(refusal));
    good = false;
  });
  if (!good) return std::nullopt;
  return pieces;
}

std::set<std::string> variables_in(std::string_view text) {
  std::set<std::string> names;
  for (const Piece& piece : split(text, [](const Refusal&) {})) {
    if (piece.is_variable) names.insert(piece.text);
  }
  return names;
}

void collect_variables(const Node& own, VariableUses& uses, Findings& findings) {
  collect_uses(own, uses, findings);
  if (const Node* variables = own.find(kVariables)) {
    collect_definitions(*variables, uses, findings);
  }
}

void check_variables(const VariableUses& uses,
                     const std::vector<std::pair<std::string, std::string>>& set,
                     Findings& findings) {
  std::set<std::string> meant;  // One misspelling is one mistake.
  for (const auto& [name, at] : uses.used) {
    if (uses.defined.contains(name)) continue;
    if (const auto near = nearest(name, names_of(uses.defined))) meant.insert(*near);
    findings.report(at,
                    {fmt::format("variable '{}' is not defined", name), defined_hint(name, uses)});
  }
  for (const auto& [name, at] : uses.defined) {
    if (uses.used.contains(name) || meant.contains(name)) continue;
    findings.report(at, {fmt::format("variable '{}' is never used", name),
                         fmt::format("remove it, or write '${{{{{}}}}}' where it is meant", name)});
  }
  std::set<std::string_view> seen;
  for (const auto& [name, text] : set) {
    pieces_of(text, Span{}, findings);
    for (const std::string& other : variables_in(text)) {
      if (uses.defined.contains(other)) continue;
      findings.report(
          Span{}, {fmt::format("variable '{}' is not defined", other), defined_hint(other, uses)});
    }
    if (!seen.insert(name).second) {
      findings.report(Span{}, {fmt::format("variable '{}' is set twice on the command line", name),
                               "keep one of the two"});
    } else if (!uses.defined.contains(name)) {
      const auto near = nearest(name, names_of(uses.defined));
      findings.report(
          Span{}, {fmt::format("there is no variable '{}' to set", name),
                   near ? fmt::format("did you mean '{}'?", *near)
                   : uses.defined.empty()
                       ? std::string("the blueprint defines no variables")
                       : fmt::format("define it in the blueprint: 'variables: {{{}: …}}'", name)});
    }
  }
}

void expand_variables(Node& tree, const Node& variables,
                      const std::vector<std::pair<std::string, std::string>>& set,
                      const VariableUses& uses, Findings& findings) {
  Values values(variables, set, uses, findings);
  expand_tree(tree, values);
}

}  // namespace composer::blueprint
