#pragma once

#include <filesystem>
#include <string>

#include "composer/blueprint.h"
#include "composer/blueprint/files.h"

namespace composer::blueprint {

enum class ExplainFormat {
  yaml,  ///< A blueprint, each value with `# file:line` behind it.
  json,  ///< `{"value", "file", "line"}` in place of each value.
};

/// The blueprint that all its files come to, with where each value was written. Secrets are
/// asterisks.
///
/// @throws Error  of kind usage when the files cannot be read or merged. Whether what they come to
///                is a good blueprint is for parse_blueprint to say.
std::string explain_blueprint(std::string text, const std::filesystem::path& path,
                              const BlueprintOptions& options, ExplainFormat format,
                              const Files& files);

/// The same with the files of this machine.
std::string explain_blueprint(std::string text, const std::filesystem::path& path,
                              const BlueprintOptions& options, ExplainFormat format);

}  // namespace composer::blueprint
