#include "composer/blueprint.h"

#include <fmt/format.h>
#include <system_error>

#include "composer/blueprint/checks.h"
#include "composer/blueprint/composition.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/source_text.h"

namespace composer {
namespace {

using blueprint::Findings;
using blueprint::Node;
using blueprint::Reader;

void read_and_check(const blueprint::Composed& composed, Blueprint& out, Findings& findings) {
  const Node& root = composed.root;
  if (!composed.is_whole) return;
  Reader reader(findings);
  // A misspelled key in a profile is a mistake before the day on which the profile is on.
  for (const Node* keys : composed.left_out) {
    reader.check_keys(*keys, blueprint::blueprint_mapping());
  }
  if (root.has("base")) reader.expect_base();
  reader.read_mapping(root, blueprint::blueprint_mapping(), &out);
  if (root.kind != Node::Kind::mapping) return;
  for (const auto check : {
           blueprint::check_repositories,
           blueprint::check_packages,
           blueprint::check_disk,
           blueprint::check_base,
           blueprint::check_boot,
           blueprint::check_users,
           blueprint::check_services,
           blueprint::check_settings,
           blueprint::check_units,
           blueprint::check_files,
           blueprint::check_certificates,
           blueprint::check_scripts,
           blueprint::check_outputs,
       }) {
    check(out, root, findings);
  }
}

}  // namespace

Blueprint parse_blueprint(std::string text, const std::filesystem::path& path,
                          const BlueprintOptions& options) {
  return blueprint::parse_blueprint_from(std::move(text), path, options,
                                         blueprint::files_on_disk());
}

Blueprint read_blueprint(const std::filesystem::path& path, const BlueprintOptions& options) {
  return parse_blueprint(blueprint::read_main_file(path), path, options);
}

}  // namespace composer

namespace composer::blueprint {

Blueprint parse_blueprint_from(std::string text, const std::filesystem::path& path,
                               const BlueprintOptions& options, const Files& files,
                               const FurtherProblems& further) {
  Blueprint out;
  out.path = path;
  Findings findings;
  const Text source(std::move(text), path.string());
  Composed composed;  // Findings are asked about its nodes.
  try {
    composed = compose(source, path, options, files, findings);
    read_and_check(composed, out, findings);
    if (further && composed.is_whole && composed.root.kind == Node::Kind::mapping) {
      findings.add(further(
          out, [&](std::string_view section) { return findings.sound(composed.root, section); }));
    }
  } catch (const TooManyProblems&) {
    // The first hundred are told; mending them shows the next.
  }
  findings.throw_if_any();
  return out;
}

std::string read_main_file(const std::filesystem::path& path) {
  try {
    return files_on_disk().read(path);
  } catch (const std::system_error& error) {
    throw Error(
        ErrorKind::usage,
        fmt::format("cannot read blueprint '{}': {}", path.string(), error.code().message()),
        "give the path of a YAML file");
  }
}

}  // namespace composer::blueprint
