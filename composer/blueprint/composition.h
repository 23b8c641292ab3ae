#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"
#include "composer/blueprint/file_set.h"

namespace composer::blueprint {

/// A blueprint made one tree of the files that it consists of. Each value keeps the place in the
/// file that wrote it.
struct Composed {
  Node root;
  /// Whether the tree is worth reading: all files could be read.
  bool is_whole = false;
  std::vector<std::string> profiles;       ///< That are on, in order.
  std::vector<const Node*> left_out;       ///< Keys of profiles and architectures that are not on.
  std::unique_ptr<const FileSet> sources;  ///< Alive as long as findings are asked about nodes.
};

/// Reads the files that the blueprint `text` is made of, merges them in the order that
/// docs/blueprint.md gives, and expands variables.
Composed compose(const Text& text, const std::filesystem::path& path,
                 const BlueprintOptions& options, const Files& files, Findings& findings);

/// What can be refused of a blueprint beside what is read here; see problems_of in plan/decide.h.
using FurtherProblems = std::function<std::vector<Problem>(
    const Blueprint&, const std::function<bool(std::string_view section)>& is_sound)>;

/// parse_blueprint of composer/blueprint.h, with other files than this machine's. What `further`
/// finds is told together with what is wrong with the text, but for problems at a place that has
/// one.
Blueprint parse_blueprint_from(std::string text, const std::filesystem::path& path,
                               const BlueprintOptions& options, const Files& files,
                               const FurtherProblems& further = {});

/// The text of a blueprint on this machine. @throws Error  of kind usage when it cannot be read.
std::string read_main_file(const std::filesystem::path& path);

}  // namespace composer::blueprint
