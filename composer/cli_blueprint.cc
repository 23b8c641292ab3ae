#include "composer/cli_blueprint.h"

#include <fmt/format.h>

#include "composer/cli_words.h"

namespace composer {
namespace {

/// What a blueprint may be told beside its text, by every command that reads one.
void add_blueprint_options(CLI::App& command, BlueprintOptions& options) {
  command
      .add_option_function<std::vector<std::string>>(
          "--set",
          [&options](const std::vector<std::string>& given) {
            for (const std::string& text : given) {
              const auto equals = text.find('=');
              if (equals == std::string::npos || equals == 0) {
                throw CLI::ValidationError("--set", fmt::format("'{}' is not NAME=VALUE", text));
              }
              options.variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
            }
          },
          "Give a variable of the blueprint another value; may be given again")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--profile", options.profiles,
                  "Add a profile of the blueprint; may be given again")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_lock_options(CLI::App& command, LockOptions& options) {
  command.add_flag("--locked", options.locked,
                   "Take the packages of BLUEPRINT.lock, as `image-composer lock` wrote it; no\n"
                   "repository's metadata is read");
  command.add_option("--lock", options.lock, "Another lock than BLUEPRINT.lock, for --locked")
      ->type_name("FILE")
      ->needs("--locked");
}

}  // namespace

void add_validate(CLI::App& app, ValidateRequest& request) {
  CLI::App* command = app.add_subcommand("validate", "Check blueprints on their own");
  command->description(
      "Checks blueprints without any repository: syntax, keys, values, disk layout, files.\n"
      "Reports every problem with file, line and column, and a suggestion where there is one.\n"
      "\n"
      "  image-composer validate blueprints/lab/*.yaml\n"
      "  image-composer validate --explain vm.yaml     merged, and where each value is written\n");
  command->add_option("BLUEPRINT", request.blueprints, "Blueprints (YAML)")
      ->required()
      ->check(CLI::ExistingFile);
  CLI::Option* explain = command->add_flag(
      "--explain", request.explain,
      "Print the blueprint as its files come to it, with the place of each value");
  command->add_flag("--json", request.json, "Explain in JSON, for programs")->needs(explain);
  add_blueprint_options(*command, request.options);
}

void add_schema(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("schema", "Print the JSON Schema of the blueprint language");
  command->description(
      "Prints a JSON Schema (draft 2020-12) of blueprints and their parts, for editors that check\n"
      "and complete YAML by one; docs/blueprint.md says how to set them up.\n"
      "\n"
      "  image-composer schema > blueprint.schema.json\n");
}

void add_plan(CLI::App& app, PlanRequest& request) {
  CLI::App* command = app.add_subcommand("plan", "Say what would be built, and build nothing");
  command->description(
      "Resolves the blueprint against its repositories and says what a build would do: every\n"
      "package with its size and reason, partitions with their UUIDs, each configuration step.\n"
      "Needs no root.\n"
      "\n"
      "  image-composer plan vm.yaml\n"
      "  image-composer plan vm.yaml --json | jq -r '.packages[].name'\n");
  command->add_option("BLUEPRINT", request.blueprint, "Blueprint (YAML)")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_flag("--json", request.json, "Print the plan as JSON, the text of plan.lock");
  add_lock_options(*command, request.lock);
  add_blueprint_options(*command, request.options);
}

void add_lock(CLI::App& app, LockCommand& request) {
  CLI::App* command = app.add_subcommand("lock", "Pin everything that a build takes from outside");
  command->description(
      "Writes BLUEPRINT.lock: every package with digest, size, address and signing key, the\n"
      "repositories' keys and metadata digests, identity seed and time. `build --locked` makes "
      "the\n"
      "image of just these, also when the repositories have moved on. A lock that is there is\n"
      "only changed where the blueprint asks for something else, or by --update. Needs no root.\n"
      "\n"
      "  image-composer lock vm.yaml\n"
      "  image-composer lock vm.yaml --diff              what an update would change; 1 if "
      "anything\n"
      "  image-composer lock vm.yaml --update            everything up to date\n"
      "  image-composer lock vm.yaml --update 'kernel*' --update openssl     these alone\n"
      "  sudo image-composer build vm.yaml --locked -o out\n");
  command->add_option("BLUEPRINT", request.blueprint, "Blueprint (YAML)")
      ->required()
      ->check(CLI::ExistingFile);
  command
      ->add_option_function<std::vector<std::string>>(
          "--update",
          [&request](const std::vector<std::string>& given) {
            request.update_given = true;
            for (const std::string& name : given) {
              if (!name.empty()) request.update.push_back(name);
            }
          },
          "Bring packages up to date: those of a name or glob, else all; may be given again.\n"
          "Others move only where these cannot be had without")
      ->type_name("[PKG]")
      ->expected(0, 1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_flag("--diff", request.diff, "Say what would change, and write nothing");
  command->add_option("--lock", request.lock, "Another file than BLUEPRINT.lock")
      ->type_name("FILE");
  add_blueprint_options(*command, request.options);
}

void add_build(CLI::App& app, BuildCommand& request) {
  CLI::App* command = app.add_subcommand("build", "Build the images of a blueprint");
  command->description(
      "Builds every image that the blueprint's `outputs` ask for, with plan.lock (what was built,\n"
      "to the byte), manifest.json (what is in it) and SHA256SUMS beside them. Needs root, for\n"
      "loop devices and mounts; leaves none behind, however it ends.\n"
      "\n"
      "  sudo image-composer build blueprints/lab/azure-gen2.yaml -o out\n"
      "  sudo image-composer --json-log build vm.yaml -o out 2>build.jsonl\n");
  command->add_option("BLUEPRINT", request.blueprint, "Blueprint (YAML)")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("-o,--output", request.output_directory, "Folder for the images")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("--work", request.work_directory,
                   "Folder for the disk while it is made; on the output's filesystem the images\n"
                   "need no copy of it [the output folder]")
      ->type_name("DIR");
  command->add_flag("--fresh", request.reuse.fresh,
                    "Make everything anew from the packages, and keep none of it");
  command->add_flag("--explain-cache", request.reuse.explain,
                    "Say why what earlier builds made could not be reused");
  add_lock_options(*command, request.lock);
  add_blueprint_options(*command, request.options);
}

void add_cache(CLI::App& app, CacheCommand& request) {
  CLI::App* command = app.add_subcommand("cache", "What is kept between builds");
  command->description(
      "Says what the cache holds, makes it smaller, or reads all of it to find what is damaged.\n"
      "Builds keep it below $IMAGE_COMPOSER_CACHE_LIMIT, 20 GiB by default, themselves.\n"
      "\n"
      "  image-composer cache info\n"
      "  image-composer cache prune --limit 5GiB      what was not used for longest goes first\n"
      "  image-composer cache verify                  1 when something was damaged, and removed\n");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, CacheAction action) {
    CLI::App* sub = command->add_subcommand(name, text);
    sub->add_flag("--json", request.json, "For programs");
    sub->callback([&request, action] { request.action = action; });
    return sub;
  };
  add("info", "What it holds, and how much of each", CacheAction::info);
  add("verify", "Remove what is damaged", CacheAction::verify);
  add("prune", "Remove what was not used for longest", CacheAction::prune)
      ->add_option_function<std::string>(
          "--limit",
          [&request](const std::string& text) {
            request.limit = parse_bytes(text);
            if (!request.limit) {
              throw CLI::ValidationError("--limit", fmt::format("'{}' is not a size", text));
            }
          },
          "How much may stay; 0KiB empties it")
      ->type_name("SIZE");
}

void add_customize(CLI::App& app, CustomizeCommand& request) {
  CLI::App* command =
      app.add_subcommand("customize", "Change an image that is there as a blueprint says");
  command->description(
      "Changes a copy of an image: packages in, out and up to date, everything of `system`,\n"
      "scripts, kernel arguments, a larger disk, more partitions, other UUIDs. The blueprint has\n"
      "`base:` in place of `disk:`. The image itself is only read. As root it is done by loop\n"
      "devices and mounts; else, or with --by libguestfs, in a small virtual machine.\n"
      "\n"
      "  image-composer customize azl4.vhd golden.yaml --plan       what would be changed\n"
      "  sudo image-composer customize azl4.vhd golden.yaml -o out\n"
      "  image-composer customize azl4.vhd golden.yaml -o out --by libguestfs    without root\n");
  command->add_option("BASE", request.base, "Image: VHD, VHDX, qcow2, raw, OCI layout")
      ->required()
      ->check(CLI::ExistingPath);
  command->add_option("BLUEPRINT", request.blueprint, "Blueprint (YAML) with `base`")
      ->required()
      ->check(CLI::ExistingFile);
  CLI::Option* plan =
      command->add_flag("--plan", request.plan, "Say what would be done, and do nothing; no root");
  command->add_flag("--json", request.json, "Print the plan as JSON, the text of plan.lock")
      ->needs(plan);
  command->add_option("-o,--output", request.output_directory, "Folder for the images")
      ->type_name("DIR")
      ->excludes(plan);
  command
      ->add_option("--work", request.work_directory,
                   "Folder for the disk while it is changed [the output folder]")
      ->type_name("DIR");
  command
      ->add_option("--by", request.way,
                   "loop, which needs root, or libguestfs, which needs none [loop for root]")
      ->transform(one_of<CustomizeWay>(
          {{"loop", CustomizeWay::loop}, {"libguestfs", CustomizeWay::libguestfs}}))
      ->type_name("WAY");
  add_blueprint_options(*command, request.options);
}

void add_change_disk(CLI::App& app, ChangeDiskCommand& request) {
  CLI::App* command = app.add_subcommand("change-disk", "Change a disk as a plan says");
  command->group("");  // `customize` starts it in libguestfs's machine, not a person.
  command->add_option("FOLDER", request.folder)->required();
  command->add_option("DEVICE", request.device)->required();
}

}  // namespace composer
