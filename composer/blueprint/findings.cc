#include "composer/blueprint/findings.h"

#include <algorithm>

namespace composer::blueprint {
namespace {

/// Each problem shows its line, and the reader of a blueprint mends a screenful at a time.
constexpr std::size_t kMostProblems = 100;

}  // namespace

void Findings::report(const Node& node, Refusal refusal) {
  report(node, node.at, std::move(refusal));
}

void Findings::report(const Node& node, const Span& at, Refusal refusal) {
  spoil(node);
  report(at, std::move(refusal));
}

void Findings::report(const Span& at, Refusal refusal) {
  diagnostics_.report(at, std::move(refusal.message), std::move(refusal.hint));
  if (diagnostics_.problems().size() >= kMostProblems) throw TooManyProblems();
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

}  // namespace composer::blueprint
