#include "composer/blueprint/composition.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "composer/blueprint/composition_keys.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/merge.h"
#include "composer/blueprint/secrets.h"
#include "composer/blueprint/source_text.h"
#include "composer/blueprint/variables.h"
#include "composer/blueprint/words.h"

namespace composer::blueprint {
namespace {

/// What makes an image itself: two images must not share it because one extends the other.
constexpr std::string_view kIdentityKeys[] = {"name", "identity_seed", "source_date_epoch"};

/// Each is merged in every file that has one of its name; a build that needs more cannot be read.
constexpr std::size_t kMostProfiles = 32;

/// Every part and every section of one, in the order of the files.
template <typename Visit>
void visit_sections(const Part& part, Visit visit) {
  visit(part);
  for (const auto* sections : {&part.per_arch, &part.profiles}) {
    for (const NamedPart& section : *sections) visit_sections(section.part, visit);
  }
}

Node* find_value(Node& mapping, std::string_view key) {
  const auto found = std::find_if(mapping.entries.begin(), mapping.entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == mapping.entries.end() ? nullptr : &found->value;
}

bool erase(Node& mapping, std::string_view key) {
  return std::erase_if(mapping.entries, [&](const Entry& entry) { return entry.key == key; }) > 0;
}

/// Decides what is merged, and in which order.
class Composer {
 public:
  Composer(const FileSet& set, const BlueprintOptions& options, Findings& findings)
      : set_(set), options_(options), findings_(findings) {}

  void choose(const Part& main);
  Node assemble(const Part& main);
  const std::vector<std::string>& profiles() const { return profiles_; }
  bool has_merged(const Part& part) const { return merged_.contains(&part); }

 private:
  template <typename Visit>
  void visit_files(const Part& part, std::set<const Part*>& seen, Visit visit) const;
  void choose_profile(const std::string& name, const Span& at, const std::set<std::string>& known);
  void lay(const Part& part);

  const FileSet& set_;
  const BlueprintOptions& options_;
  Findings& findings_;
  std::string arch_;
  std::vector<std::string> profiles_;
  Node tree_;
  std::set<const Part*> merged_;
};

/// The files in the order in which they are merged, each once.
template <typename Visit>
void Composer::visit_files(const Part& part, std::set<const Part*>& seen, Visit visit) const {
  if (!seen.insert(&part).second) return;
  if (part.extended != nullptr) visit_files(*part.extended, seen, visit);
  for (const Part* included : part.included) visit_files(*included, seen, visit);
  visit(part);
}

void Composer::choose_profile(const std::string& name, const Span& at,
                              const std::set<std::string>& known) {
  if (std::find(profiles_.begin(), profiles_.end(), name) != profiles_.end()) return;
  if (at && check_profile_name(name)) return;  // Reported as the word that it is.
  if (known.contains(name)) {
    profiles_.push_back(name);
    if (profiles_.size() == kMostProfiles + 1) {
      findings_.report(at, {fmt::format("more than {} profiles are on", kMostProfiles),
                            "write sections that belong together into one profile"});
    }
    return;
  }
  const auto near = nearest(name, {known.begin(), known.end()});
  findings_.report(at, {fmt::format("there is no profile '{}'", name),
                        near            ? fmt::format("did you mean '{}'?", *near)
                        : known.empty() ? std::string("the blueprint has no profiles")
                                        : fmt::format("write it: 'profiles: {{{}: …}}'", name)});
}

/// Which architecture and which profiles there are has to be known before anything is merged.
void Composer::choose(const Part& main) {
  Node selected;
  selected.kind = Node::Kind::mapping;
  std::set<const Part*> seen;
  visit_files(main, seen, [&](const Part& part) {
    const Node* arch = part.own.find("arch");
    if (arch != nullptr && arch->kind == Node::Kind::scalar) arch_ = arch->text;
    if (part.select) lay_over(selected, *part.select, nullptr, findings_);
  });
  std::set<std::string> known;
  for (const Part* part : set_.parts()) {
    for (const NamedPart& profile : part->profiles) known.insert(profile.name);
  }
  if (const Node* list = selected.find("select")) {
    for (const Node& item : list->items) {
      if (profiles_.size() > kMostProfiles) break;
      if (item.kind == Node::Kind::scalar) choose_profile(item.text, item.at, known);
    }
  }
  for (const std::string& name : options_.profiles) {
    if (profiles_.size() <= kMostProfiles) choose_profile(name, {}, known);
  }
}

void Composer::lay(const Part& part) {
  if (!merged_.insert(&part).second) return;  // A part that two others include is merged once.
  std::set<std::string_view> replaced;
  if (part.extended != nullptr) {
    lay(*part.extended);
    for (const std::string_view key : kIdentityKeys) {
      if (erase(tree_, key)) replaced.insert(key);
    }
  }
  for (const Part* included : part.included) lay(*included);
  if (replaced.empty()) {
    lay_over(tree_, part.own, &blueprint_mapping(), findings_);
  } else {
    // `name: !replace web` says what happens to the base's name in any case.
    Node own = part.own;
    for (const std::string_view key : replaced) {
      Node* value = find_value(own, key);
      if (value != nullptr && value->change == Change::replace) value->change = Change::none;
    }
    lay_over(tree_, own, &blueprint_mapping(), findings_);
  }
  for (const NamedPart& section : part.per_arch) {
    if (section.name == arch_) lay(section.part);
  }
  for (const std::string& name : profiles_) {
    for (const NamedPart& section : part.profiles) {
      if (section.name == name) lay(section.part);
    }
  }
}

Node Composer::assemble(const Part& main) {
  tree_ = {};
  tree_.kind = Node::Kind::mapping;
  lay(main);
  tree_.at = main.own.at;
  if (main.extended != nullptr && !tree_.has("name")) {
    findings_.report(main.extends_at, {"a blueprint that extends another needs a name of its own",
                                       "add 'name:' and a name"});
    Node missing;
    missing.kind = Node::Kind::refused;
    missing.at = main.extends_at;
    tree_.entries.push_back({"name", main.extends_at, std::move(missing)});
  }
  return std::move(tree_);
}

}  // namespace

Composed compose(const Text& text, const std::filesystem::path& path,
                 const BlueprintOptions& options, const Files& files, Findings& findings) {
  Composed composed;
  auto set = std::make_unique<FileSet>(files, findings);
  const Part* main = set->read(text, path);
  composed.is_whole = set->is_whole();
  if (main == nullptr) {
    composed.root = set->main();
    composed.sources = std::move(set);
    return composed;
  }

  VariableUses uses;
  std::vector<const Node*> owns;
  for (const Part* part : set->parts()) {
    visit_sections(*part, [&](const Part& section) { owns.push_back(&section.own); });
  }
  conceal_secrets(owns, findings);
  for (const Node* own : owns) collect_variables(*own, uses, findings);

  if (composed.is_whole) {
    check_variables(uses, options.variables, findings);
    Composer composer(*set, options, findings);
    composer.choose(*main);
    composed.root = composer.assemble(*main);
    composed.profiles = composer.profiles();
    for (const Part* part : set->parts()) {
      visit_sections(*part, [&](const Part& section) {
        if (!composer.has_merged(section)) composed.left_out.push_back(&section.own);
      });
    }
    Node variables;
    if (Node* merged = find_value(composed.root, kVariables)) variables = std::move(*merged);
    erase(composed.root, kVariables);
    expand_variables(composed.root, variables, options.variables, uses, findings);
  }
  composed.sources = std::move(set);
  return composed;
}

}  // namespace composer::blueprint
