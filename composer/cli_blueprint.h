#pragma once

#include <CLI/CLI.hpp>

#include "composer/cli.h"

// The options of the commands that take blueprints.

namespace composer {

void add_validate(CLI::App& app, ValidateRequest& request);
void add_schema(CLI::App& app);
void add_plan(CLI::App& app, PlanRequest& request);
void add_lock(CLI::App& app, LockCommand& request);
void add_build(CLI::App& app, BuildCommand& request);
void add_cache(CLI::App& app, CacheCommand& request);
void add_customize(CLI::App& app, CustomizeCommand& request);
void add_change_disk(CLI::App& app, ChangeDiskCommand& request);

}  // namespace composer
