#include "composer/solve/comps.h"

#include <algorithm>
#include <fnmatch.h>
#include <set>
#include <sstream>

#include "composer/solve/xml.h"

namespace composer::solve {
namespace {

Membership membership_of(std::string_view type) {
  if (type == "default") return Membership::standard;
  if (type == "optional") return Membership::optional;
  if (type == "conditional") return Membership::conditional;
  return Membership::mandatory;
}

std::string value_of(const XmlEvents::Attributes& attributes, std::string_view name) {
  const auto it = attributes.find(name);
  return it == attributes.end() ? std::string() : it->second;
}

/// An `arch` attribute names architectures, separated by spaces or commas; without one, all.
bool is_for(std::string archs, std::string_view arch) {
  std::replace(archs.begin(), archs.end(), ',', ' ');
  std::istringstream words(archs);
  bool any = false;
  for (std::string word; words >> word; any = true) {
    if (word == arch) return true;
  }
  return !any;
}

void merge(Group& into, Group&& group) {
  into.id = group.id;
  if (into.name.empty()) into.name = group.name;
  for (GroupPackage& package : group.packages) {
    if (std::find(into.packages.begin(), into.packages.end(), package) == into.packages.end()) {
      into.packages.push_back(std::move(package));
    }
  }
}

/// Ids of the entries that `pattern` names.
template <typename Entries>
std::vector<std::string> matching(const Entries& entries, const std::string& pattern) {
  std::vector<std::string> exact, found;
  for (const auto& [id, entry] : entries) {
    if (id == pattern || entry.name == pattern) exact.push_back(id);
    if (::fnmatch(pattern.c_str(), id.c_str(), FNM_CASEFOLD) == 0 ||
        ::fnmatch(pattern.c_str(), entry.name.c_str(), FNM_CASEFOLD) == 0) {
      found.push_back(id);
    }
  }
  return exact.empty() ? found : exact;
}

}  // namespace

void Comps::add(std::string_view document, std::string_view what) {
  enum class Inside { nothing, group, environment } inside = Inside::nothing;
  Group group;
  Environment environment;
  GroupPackage package;
  bool wanted = true, in_options = false;
  XmlEvents events;
  events.begin = [&](std::string_view element, const XmlEvents::Attributes& attributes) {
    if (element == "group") {
      inside = Inside::group;
      group = {};
    } else if (element == "environment") {
      inside = Inside::environment;
      environment = {};
    } else if (element == "optionlist") {
      in_options = true;
    } else if (element == "packagereq" || element == "groupid") {
      package = {{},
                 membership_of(value_of(attributes, "type")),
                 value_of(attributes, "requires"),
                 value_of(attributes, "basearchonly") == "true"};
      wanted = is_for(value_of(attributes, "arch"), arch_);
    } else if (element == "name" && !value_of(attributes, "xml:lang").empty()) {
      wanted = false;  // A translation of the name.
    } else {
      wanted = true;
    }
  };
  events.end = [&](std::string_view element, std::string_view text) {
    const bool of_group = inside == Inside::group;
    const bool of_environment = inside == Inside::environment;
    if (element == "id") (of_group ? group.id : environment.id) = text;
    if (element == "name" && wanted) (of_group ? group.name : environment.name) = text;
    if (element == "packagereq" && of_group && wanted && !text.empty()) {
      package.name = text;
      group.packages.push_back(package);
    }
    if (element == "groupid" && of_environment && !in_options && wanted) {
      environment.groups.emplace_back(text);
    }
    if (element == "optionlist") in_options = false;
    if (element == "group" && of_group) {
      inside = Inside::nothing;
      if (!group.id.empty()) merge(groups_[group.id], std::move(group));
    }
    if (element == "environment" && of_environment) {
      inside = Inside::nothing;
      if (!environment.id.empty()) environments_[environment.id] = environment;
    }
  };
  read_xml(document, what, events);
}

std::vector<const Group*> Comps::find(std::string_view pattern_view) const {
  const std::string pattern(pattern_view);
  std::set<std::string> ids;
  for (const std::string& id : matching(environments_, pattern)) {
    const auto& groups = environments_.at(id).groups;
    ids.insert(groups.begin(), groups.end());
  }
  for (const std::string& id : matching(groups_, pattern)) ids.insert(id);
  std::vector<const Group*> found;
  for (const std::string& id : ids) {
    if (const auto it = groups_.find(id); it != groups_.end()) found.push_back(&it->second);
  }
  return found;
}

std::vector<std::string> Comps::ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, group] : groups_) ids.push_back(id);
  for (const auto& [id, environment] : environments_) ids.push_back(id);
  return ids;
}

}  // namespace composer::solve
