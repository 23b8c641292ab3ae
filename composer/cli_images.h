#pragma once

#include <CLI/CLI.hpp>

#include "composer/cli.h"

// The options of the commands that take finished images.

namespace composer {

void add_lint(CLI::App& app, LintCommand& request);
void add_inspect(CLI::App& app, InspectCommand& request);
void add_diff(CLI::App& app, DiffCommand& request);
void add_convert(CLI::App& app, ConvertRequest& request);

}  // namespace composer
