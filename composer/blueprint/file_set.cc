#include "composer/blueprint/file_set.h"

#include <algorithm>
#include <fmt/format.h>
#include <system_error>

#include "composer/base/source_folder.h"
#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/source_text.h"
#include "composer/blueprint/words.h"

namespace composer::blueprint {
namespace {

constexpr std::string_view kBlueprintKey = "blueprint";
constexpr std::string_view kPartKey = "part";
/// What decides which sections are merged.
constexpr std::string_view kArchKey = "arch";

bool is_composition_key(std::string_view key) {
  return std::find(std::begin(kCompositionKeys), std::end(kCompositionKeys), key) !=
         std::end(kCompositionKeys);
}

bool holds_variable(const Node& node) {
  if (node.text.find("${{") != std::string::npos) return true;
  return std::any_of(node.items.begin(), node.items.end(), holds_variable);
}

}  // namespace

void FileSet::refuse(const Span& at, std::string message, std::string hint) {
  findings_.report(at, {std::move(message), std::move(hint)});
}

bool FileSet::speaks_our_language(const Node& root) {
  for (const std::string_view name : {kBlueprintKey, kPartKey}) {
    const Node* version = root.find(name);
    if (version == nullptr || version->kind != Node::Kind::scalar) continue;
    Key key = *blueprint_mapping().find(kBlueprintKey);
    key.name = name;
    Blueprint ignored;
    Reader reader(findings_);
    key.read(reader, key, *version, &ignored);
    if (!findings_.sound(*version)) return false;
  }
  return true;
}

FileSet::Kind FileSet::kind_of(const Node& root) {
  if (root.has(kBlueprintKey)) return Kind::blueprint;
  return root.has(kPartKey) ? Kind::part : Kind::neither;
}

const Part* FileSet::read(const Text& text, const std::filesystem::path& path) {
  Loaded& loaded = files_read_.emplace_back();
  names_.push_back(path.string());
  size_ = text.view().size();
  loaded.root = read_document(text, findings_);
  if (loaded.root.kind != Node::Kind::mapping || !speaks_our_language(loaded.root)) {
    whole_ = loaded.root.kind != Node::Kind::refused && loaded.root.kind != Node::Kind::mapping;
    return nullptr;
  }
  loaded.kind = kind_of(loaded.root);
  if (loaded.kind == Kind::part) {
    whole_ = false;
    refuse(text.span(0, 1), fmt::format("'{}' is a part, which blueprints include", path.string()),
           "give the path of a blueprint that includes it");
    return nullptr;
  }
  open_.emplace_back(files_.identity(path), path.string());
  loaded.part = part_of(loaded.root, Place::blueprint);
  open_.pop_back();
  parts_.push_back(&loaded.part);
  return &loaded.part;
}

FileSet::Loaded* FileSet::read_file(const std::filesystem::path& path, const std::string& identity,
                                    const Located<std::string>& name) {
  if (files_read_.size() >= kMostFiles) {
    refuse(name.at, fmt::format("a blueprint of more than {} files", kMostFiles),
           "write parts that belong together into one file");
    return nullptr;
  }
  std::string content;
  try {
    content = files_.read(path);
  } catch (const std::system_error& error) {
    refuse(name.at, fmt::format("cannot read '{}': {}", path.string(), error.code().message()),
           "a path counts from the folder of the file that it is written in");
    return nullptr;
  }
  size_ += content.size();
  if (size_ > kLargestFileSet) {
    refuse(name.at,
           fmt::format("the files of the blueprint are larger than {} MiB together",
                       kLargestFileSet >> 20),
           "put long contents into files of their own, named by 'source'");
    return nullptr;
  }
  Loaded& loaded = files_read_.emplace_back();
  by_identity_.emplace(identity, &loaded);
  names_.push_back(path.string());
  const Text text(std::move(content), path.string());
  loaded.root = read_document(text, findings_);
  if (loaded.root.kind == Node::Kind::refused) return nullptr;
  if (loaded.root.kind != Node::Kind::mapping) {
    refuse(loaded.root.at, "a blueprint or part is a mapping of keys to values",
           "docs/blueprint.md shows complete ones");
    return nullptr;
  }
  if (!speaks_our_language(loaded.root)) return nullptr;
  loaded.kind = kind_of(loaded.root);
  if (loaded.kind == Kind::neither) {
    refuse(loaded.root.at, "the file says neither 'blueprint: 1' nor 'part: 1'",
           "begin a part with 'part: 1'");
    return nullptr;
  }
  const Place place = loaded.kind == Kind::part ? Place::part : Place::blueprint;
  loaded.part = part_of(loaded.root, place);
  parts_.push_back(&loaded.part);
  loaded.read = true;
  return &loaded;
}

const Part* FileSet::load(const Located<std::string>& name, Kind wanted) {
  const std::filesystem::path path = beside(folder_of(name.at, {}), *name, files_);
  const std::string identity = files_.identity(path);
  const auto same = [&](const auto& open) { return open.first == identity; };
  const auto begin = std::find_if(open_.begin(), open_.end(), same);
  if (begin != open_.end()) {
    std::string circle;
    for (auto it = begin; it != open_.end(); ++it) circle += fmt::format("'{}' -> ", it->second);
    whole_ = false;
    refuse(name.at, fmt::format("files include each other: {}'{}'", circle, begin->second),
           "take one of these lines out");
    return nullptr;
  }
  if (open_.size() >= kDeepestInclude) {
    whole_ = false;
    refuse(name.at, fmt::format("files include each other deeper than {} levels", kDeepestInclude),
           "include the parts from one file");
    return nullptr;
  }
  const auto known = by_identity_.find(identity);
  Loaded* loaded = known == by_identity_.end() ? nullptr : known->second;
  if (loaded == nullptr) {
    open_.emplace_back(identity, path.string());
    loaded = read_file(path, identity, name);
    open_.pop_back();
  }
  if (loaded == nullptr || !loaded->read) {
    whole_ = false;
    return nullptr;
  }
  if (loaded->kind != wanted) {
    whole_ = false;
    const bool part = loaded->kind == Kind::part;
    refuse(name.at,
           fmt::format("'{}' is a {}, and '{}' takes {}", path.string(),
                       part ? "part" : "whole blueprint", part ? "extends" : "include",
                       part ? "a whole blueprint" : "parts, which begin with 'part: 1'"),
           part ? "name it in 'include'" : "name it in 'extends'");
    return nullptr;
  }
  return &loaded->part;
}

bool FileSet::refuses_tag(const Entry& entry) {
  if (entry.value.change == Change::none) return false;
  refuse(entry.value.tag_at,
         fmt::format("'{}' means nothing before the value of '{}'", to_text(entry.value.change),
                     entry.key),
         "remove it");
  return true;
}

void FileSet::take_named(const Entry& entry, std::vector<NamedPart>& parts) {
  const bool profiles = entry.key == kProfiles;
  if (refuses_tag(entry)) return;
  if (entry.value.kind == Node::Kind::refused) return;
  if (entry.value.kind != Node::Kind::mapping) {
    return refuse(entry.value.at,
                  fmt::format("'{}' takes a mapping of {} to sections", entry.key,
                              profiles ? "names" : "architectures"),
                  profiles ? "write 'profiles: {fips: {…}}'" : "write 'per_arch: {x86_64: {…}}'");
  }
  for (const Entry& named : entry.value.entries) {
    if (refuses_tag(named) || named.value.kind == Node::Kind::refused) continue;
    Node word;
    word.kind = Node::Kind::scalar;
    word.text = named.key;
    word.at = named.key_at;
    std::string ignored_name;
    Architecture ignored_arch{};
    auto refusal =
        profiles ? kProfileName.read(word, ignored_name) : kArchitecture.read(word, ignored_arch);
    if (refusal) {
      findings_.report(named.key_at, std::move(*refusal));
      continue;
    }
    if (named.value.kind != Node::Kind::mapping) {
      refuse(named.value.at, fmt::format("'{}' holds keys of a blueprint", named.key),
             "write them below it, indented");
      continue;
    }
    parts.push_back({named.key, named.key_at,
                     part_of(named.value, profiles ? Place::profile : Place::architecture)});
  }
}

void FileSet::take_composition(const Node& keys, Part& part) {
  CompositionRequest request;
  Reader(findings_).read_mapping(keys, composition_mapping(), &request);
  for (const char* key : {"extends", "include"}) whole_ = whole_ && findings_.sound(keys, key);
  if (keys.has("extends") && findings_.sound(keys, "extends")) {
    part.extends_at = request.extends->at;
    part.extended = load(*request.extends, Kind::blueprint);
  }
  const Node* include = keys.find("include");
  if (include == nullptr || include->kind != Node::Kind::sequence) return;
  for (std::size_t i = 0; i < request.include.size(); ++i) {
    if (!findings_.sound(include->items[i])) continue;
    if (const Part* included = load(request.include[i], Kind::part)) {
      part.included.push_back(included);
    }
  }
}

Part FileSet::part_of(const Node& mapping, Place place) {
  Part part;
  part.own.kind = Node::Kind::mapping;
  part.own.at = mapping.at;
  Node& composition = kept_.emplace_back();
  composition.kind = Node::Kind::mapping;
  composition.at = mapping.at;
  const bool section = place == Place::profile || place == Place::architecture;
  for (const Entry& entry : mapping.entries) {
    const std::string& key = entry.key;
    const bool structure = is_composition_key(key) && key != kVariables;
    if (section && (key == kBlueprintKey || key == kPartKey || key == kArchKey)) {
      refuse(entry.key_at, fmt::format("'{}' in a section of a file", key),
             "it belongs at the top of the file");
    } else if ((structure || key == kArchKey) && holds_variable(entry.value)) {
      refuse(entry.value.at,
             fmt::format("a variable in '{}', which says what is merged before variables have "
                         "values",
                         key),
             "write the value out");
      if (key == kArchKey) continue;
    } else if (key == "extends" || key == "select") {
      if (place != Place::blueprint) {
        refuse(entry.key_at, fmt::format("'{}' is for blueprints, not for parts of them", key),
               "write it in the blueprint");
        continue;
      }
      if (key == "select") {
        Node& select = part.select.emplace();
        select.kind = Node::Kind::mapping;
        select.at = entry.value.at;
        select.entries.push_back(entry);
      } else if (refuses_tag(entry)) {
        continue;
      }
      composition.entries.push_back(entry);
    } else if (key == "include") {
      if (refuses_tag(entry)) continue;
      composition.entries.push_back(entry);
    } else if (key == kProfiles || key == kPerArch) {
      if (place == Place::architecture || (section && key == kProfiles)) {
        refuse(entry.key_at, fmt::format("'{}' in a section of a file", key),
               "it belongs at the top of the file");
        continue;
      }
      take_named(entry, key == kProfiles ? part.profiles : part.per_arch);
    } else if (key == kPartKey && mapping.has(kBlueprintKey)) {
      refuse(entry.key_at, "a file with both 'blueprint' and 'part'", "keep one of them");
    } else if (key != kPartKey && (key != kBlueprintKey || &mapping == &main())) {
      part.own.entries.push_back(entry);
    }
  }
  take_composition(composition, part);
  return part;
}

}  // namespace composer::blueprint
