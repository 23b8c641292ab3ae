#include "composer/blueprint/findings.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>

#include "composer/blueprint/source_text.h"

namespace composer::blueprint {
namespace {

/// Each problem shows its line, and the reader of a blueprint mends a screenful at a time.
constexpr std::size_t kMostProblems = 100;

/// A message as it may reach a terminal: it quotes values, and these may hold anything that escapes
/// in double quotes can write, and be as long as the blueprint.
std::string shown(std::string_view message) {
  constexpr std::size_t kHalf = 300;
  std::string out;
  bool cut = false;
  for (std::size_t i = 0; i < message.size();) {
    const Character c = first_character(message.substr(i));
    const std::size_t bytes = std::max<std::size_t>(c.bytes, 1);
    if (message.size() > 2 * kHalf && i >= kHalf && i + kHalf < message.size()) {
      if (!cut) out += "…";
      cut = true;
    } else if (c.code == '\n' || c.code == '\t') {
      out += c.code == '\n' ? "\\n" : "\\t";
    } else if (c.bytes == 0 || is_control(c.code) || misleads_the_eye(c.code)) {
      out += fmt::format("<U+{:04X}>", static_cast<unsigned>(c.code));
    } else {
      out += message.substr(i, bytes);
    }
    i += bytes;
  }
  return out;
}

/// `text` with asterisks in place of what the secrets span, their first lines. One pass over the
/// lines, since a hostile blueprint may hold tens of thousands of them.
std::string concealed_text(std::string text, const std::vector<Span>& secrets) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts.push_back(i + 1);
  }
  for (const Span& secret : secrets) {
    const std::size_t begin = starts[static_cast<std::size_t>(secret.line - 1)] +
                              static_cast<std::size_t>(secret.column - 1);
    const std::size_t length = static_cast<std::size_t>(secret.length);
    for (std::size_t i = begin; i < std::min(begin + length, text.size()); ++i) {
      if (text[i] != '\n') text[i] = '*';
    }
  }
  return text;
}

}  // namespace

void Findings::report(const Node& node, Refusal refusal) {
  report(node, node.at, std::move(refusal));
}

void Findings::report(const Node& node, const Span& at, Refusal refusal) {
  spoil(node);
  if (refusal.secrecy == Secrecy::secret) conceal(node);
  report(at, std::move(refusal));
}

void Findings::report(const Span& at, Refusal refusal) {
  for (std::string& note : refusal.notes) note = shown(note);
  problems_.push_back({shown(refusal.message), at, std::move(refusal.notes), shown(refusal.hint)});
  if (problems_.size() >= kMostProblems) throw TooManyProblems();
}

void Findings::add(std::vector<Problem> problems) {
  for (Problem& problem : problems) {
    const bool known =
        problem.at && std::any_of(problems_.begin(), problems_.end(), [&](const Problem& other) {
          return other.at.source == problem.at.source && other.at.line == problem.at.line &&
                 other.at.column == problem.at.column;
        });
    if (!known) problems_.push_back(std::move(problem));
    if (problems_.size() >= kMostProblems) throw TooManyProblems();
  }
}

void Findings::conceal(const Node& node) {
  if (node.kind != Node::Kind::nothing) secrets_.push_back(node.at);
}

void Findings::throw_if_any() const {
  if (problems_.empty()) return;
  std::map<const SourceText*, std::vector<Span>> secrets;
  for (const Span& secret : secrets_) secrets[secret.source.get()].push_back(secret);
  std::map<const SourceText*, std::shared_ptr<const SourceText>> concealed;
  for (const auto& [source, spans] : secrets) {
    concealed[source] = std::make_shared<const SourceText>(
        SourceText{source->name, concealed_text(source->text, spans)});
  }
  std::vector<Problem> sorted = problems_;
  for (Problem& problem : sorted) {
    const auto found = concealed.find(problem.at.source.get());
    if (found != concealed.end()) problem.at.source = found->second;
  }
  const auto place = [](const Problem& problem) {
    return std::tuple<std::string_view, int, int>(
        problem.at.source ? std::string_view(problem.at.source->name) : std::string_view(),
        problem.at.line, problem.at.column);
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
  throw Error(ErrorKind::usage, std::move(sorted));
}

bool Findings::sound(const Node& node) const {
  if (spoiled_.empty()) return true;
  if (spoiled_.contains(&node)) return false;
  return std::all_of(node.items.begin(), node.items.end(),
                     [&](const Node& item) { return sound(item); }) &&
         std::all_of(node.entries.begin(), node.entries.end(),
                     [&](const Entry& entry) { return sound(entry.value); });
}

bool Findings::sound(const Node& mapping, std::string_view key) const {
  const Node* value = mapping.find(key);
  return value == nullptr || sound(*value);
}

std::string place_beside(const Span& here, const Span& there) {
  if (here.source == there.source || !there.source) return fmt::format("on line {}", there.line);
  return fmt::format("in '{}' on line {}", there.source->name, there.line);
}

}  // namespace composer::blueprint
