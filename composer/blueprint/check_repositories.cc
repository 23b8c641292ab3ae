#include <fmt/format.h>
#include <map>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/checks.h"

namespace composer::blueprint {
namespace {

constexpr std::string_view kSources[] = {"baseurl", "mirrorlist", "metalink"};

void check_source(const Node& node, Findings& findings) {
  std::vector<std::string_view> given;
  for (const std::string_view key : kSources) {
    if (node.has(key)) given.push_back(key);
  }
  if (given.size() > 1) {
    findings.report(node, node.find(given[1])->at,
                    {fmt::format("a repository with both '{}' and '{}'", given[0], given[1]),
                     "keep one of them; 'baseurl' may list several URLs"});
  }
  // Where a key is unknown, it is likely the one that is missed.
  if (given.empty() && findings.sound(node)) {
    findings.report(node, {"a repository without a source",
                           "add 'baseurl:' and the URL of the folder that holds 'repodata'"});
  }
  const Node* baseurl = node.find("baseurl");
  if (baseurl != nullptr && baseurl->kind == Node::Kind::sequence && baseurl->items.empty()) {
    findings.report(*baseurl, {"an empty list of URLs", "give at least one"});
  }
}

void check_keys(const RepositoryRequest& repository, const Node& node, Findings& findings) {
  const Node* gpgkey = node.find("gpgkey");
  const bool empty =
      gpgkey == nullptr || (gpgkey->kind == Node::Kind::sequence && gpgkey->items.empty());
  if (!empty || !findings.sound(node)) return;
  if (node.has("metadata_signature") && repository.metadata_signature) {
    findings.report(node, node.find("metadata_signature")->at,
                    {"'metadata_signature' without a key to check it against",
                     "add 'gpgkey:' and the URL or path of the repository's key"});
  } else if (repository.package_signatures) {
    findings.report(
        node, {fmt::format("repository '{}' has no 'gpgkey', and its packages' signatures are "
                           "checked",
                           *repository.id),
               "add 'gpgkey:' and the URL or path of its key"});
  }
}

/// The first `$name` or `${name}` that stands for nothing; dnf knows more of them than a build
/// does.
std::optional<Refusal> check_variables(const std::string& url, const Blueprint& blueprint,
                                       bool releasever_written) {
  std::string_view rest = url;
  for (auto dollar = rest.find('$'); dollar != std::string_view::npos; dollar = rest.find('$')) {
    rest.remove_prefix(dollar + 1);
    std::string_view name = rest;
    if (name.starts_with('{')) {
      name.remove_prefix(1);
      name = name.substr(0, name.find('}'));
    } else {
      const auto end = std::find_if(name.begin(), name.end(),
                                    [](char c) { return !is_alphanumeric(c) && c != '_'; });
      name = name.substr(0, static_cast<std::size_t>(end - name.begin()));
    }
    if (name == "basearch" || name == "arch") continue;
    if (name == "releasever") {
      if (blueprint.releasever || releasever_written) continue;
      return Refusal{"'$releasever' stands for nothing", "add 'releasever:' at the top level"};
    }
    return Refusal{fmt::format("unknown variable '${}'", name),
                   "'$basearch', '$arch' and '$releasever' are known"};
  }
  return std::nullopt;
}

/// A repository that the image keeps has to be reachable from a machine that is not this one, and
/// its packages are checked there whatever the build does.
void check_in_image(const RepositoryRequest& repository, const Node& node,
                    const Blueprint& blueprint, Findings& findings) {
  if (!repository.in_image || !**repository.in_image || !findings.sound(node)) return;
  const Node& key = *node.find("in_image");
  const auto refuse = [&](std::string_view why, std::string hint) {
    findings.report(
        key, {fmt::format("repository '{}' cannot stay in the image: {}", *repository.id, why),
              std::move(hint)});
  };
  const auto& manager = blueprint.packages.package_manager;
  if (manager && **manager != PackageManager::kept) {
    return refuse(
        fmt::format("'package_manager: {}' leaves nothing that would read it", to_text(**manager)),
        "remove 'in_image', or keep the package manager");
  }
  if (!repository.enabled) {
    return refuse("it is not enabled, so nothing is known of it", "enable it");
  }
  if (repository.mirrorlist || repository.metalink) {
    return refuse("only the mirrors of today would be written into it", "give its 'baseurl'");
  }
  if (!repository.package_signatures || repository.gpgkeys.empty()) {
    return refuse("its packages' signatures are not checked, and a machine's always are",
                  "remove 'package_signatures', and give its 'gpgkey'");
  }
  for (const Located<std::string>& url : repository.baseurls) {
    if (url->starts_with("https://") || url->starts_with("http://")) continue;
    return refuse(fmt::format("'{}' is on the machine that builds", *url),
                  "give a URL of https, or write the file by 'files'");
  }
}

void check_urls(const RepositoryRequest& repository, const Node& node, const Blueprint& blueprint,
                bool releasever_written, Findings& findings) {
  const auto check = [&](const Located<std::string>& url, const Node& at) {
    if (!findings.sound(at)) return;
    if (auto refusal = check_variables(*url, blueprint, releasever_written)) {
      findings.report(at, std::move(*refusal));
    }
  };
  if (const Node* list = node.find("baseurl")) {
    for (std::size_t i = 0; i < repository.baseurls.size(); ++i) {
      check(repository.baseurls[i], list->kind == Node::Kind::sequence ? list->items[i] : *list);
    }
  }
  if (repository.mirrorlist) check(*repository.mirrorlist, *node.find("mirrorlist"));
  if (repository.metalink) check(*repository.metalink, *node.find("metalink"));
}

}  // namespace

void check_repositories(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* list = root.find("repositories");
  if (list == nullptr || list->kind != Node::Kind::sequence) return;
  std::map<std::string_view, Span> places;
  bool any_enabled = false;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& node = list->items[i];
    const RepositoryRequest& repository = blueprint.repositories[i];
    any_enabled = any_enabled || repository.enabled || !findings.sound(node);
    if (node.kind != Node::Kind::mapping) continue;
    check_source(node, findings);
    check_keys(repository, node, findings);
    check_in_image(repository, node, blueprint, findings);
    check_urls(repository, node, blueprint, root.has("releasever"), findings);
    check_repeats(repository.excludes, &node, "exclude", "pattern", findings);
    const Node* id = node.find("id");
    if (id == nullptr || !findings.sound(*id)) continue;
    const auto [first, added] = places.try_emplace(*repository.id, repository.id.at);
    if (!added) {
      findings.report(*id, {fmt::format("repository id '{}' is already given {}", *repository.id,
                                        place_beside(id->at, first->second)),
                            "give each repository an id of its own"});
    }
  }
  if (!any_enabled) {
    findings.report(*list, {list->items.empty() ? "no repository to take packages from"
                                                : "no repository is enabled",
                            list->items.empty() ? "add one: '- {id: base, baseurl: …, gpgkey: …}'"
                                                : "enable one of them"});
  }
}

}  // namespace composer::blueprint
