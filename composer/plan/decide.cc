#include "composer/plan/decide.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/base/file_descriptor.h"
#include "composer/base/source_folder.h"
#include "composer/plan/layout.h"

namespace composer {
namespace {

/// A file that goes into the plan, and so into plan.lock, is not meant to be a disk of its own.
constexpr Bytes kLargestFile = MiB(64);

std::string text_or_empty(const std::optional<Located<std::string>>& value) {
  return value ? value->value : std::string();
}

template <typename T>
std::optional<T> value_of(const std::optional<Located<T>>& value) {
  if (!value) return std::nullopt;
  return value->value;
}

std::vector<std::string> values_of(const std::vector<Located<std::string>>& located) {
  std::vector<std::string> values;
  for (const auto& entry : located) values.push_back(entry.value);
  return values;
}

std::string_view extension_of(OutputFormat format) {
  switch (format) {
    case OutputFormat::raw:
      return "raw";
    case OutputFormat::vhd_fixed:
      return "vhd";
    case OutputFormat::qcow2:
      return "qcow2";
    case OutputFormat::directory:
      return "root";
    case OutputFormat::tar:
      return "tar";
  }
  return "image";
}

PlannedFile plan_file(const FileRequest& request, const std::filesystem::path& folder) {
  PlannedFile file;
  file.path = request.path.value;
  if (request.content) {
    file.content = request.content->value;
  } else if (request.source) {
    file.content = read_file_beneath(folder_of(request.source->at, folder), request.source->value,
                                     kLargestFile);
  }
  if (request.mode) file.mode = request.mode->value;
  if (request.owner) file.owner = request.owner->value;
  if (request.group) file.group = request.group->value;
  return file;
}

PlannedSystem plan_system(const SystemRequest& request, const std::filesystem::path& folder) {
  PlannedSystem system;
  system.hostname = text_or_empty(request.hostname);
  system.locale = text_or_empty(request.locale);
  system.timezone = text_or_empty(request.timezone);
  for (const GroupRequest& group : request.groups) {
    system.groups.push_back({group.name.value, value_of(group.gid)});
  }
  for (const UserRequest& user : request.users) {
    system.users.push_back({.name = user.name.value,
                            .uid = value_of(user.uid),
                            .group = text_or_empty(user.group),
                            .groups = values_of(user.groups),
                            .shell = text_or_empty(user.shell),
                            .home = text_or_empty(user.home),
                            .comment = text_or_empty(user.comment),
                            .password_hash = text_or_empty(user.password_hash),
                            .ssh_keys = values_of(user.ssh_keys)});
  }
  system.services_enable = values_of(request.services.enable);
  system.services_disable = values_of(request.services.disable);
  system.services_mask = values_of(request.services.mask);
  std::vector<Problem> problems;
  for (const FileRequest& file : request.files) {
    try {
      system.files.push_back(plan_file(file, folder));
    } catch (const Error& error) {
      for (Problem problem : error.problems()) {
        problem.at = file.source ? file.source->at : file.path.at;
        problems.push_back(std::move(problem));
      }
    }
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
  return system;
}

std::string seed_of(const Blueprint& blueprint) {
  if (blueprint.identity_seed) return blueprint.identity_seed->value;
  return fmt::format("{}/{}/{}", blueprint.name.value, blueprint.version.value,
                     to_text(blueprint.arch.value));
}

}  // namespace

void check(const Blueprint& blueprint) {
  std::vector<Problem> problems;
  const auto collect = [&](auto&& decide_part) {
    try {
      decide_part();
    } catch (const Error& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  };
  collect([&] {
    if (!blueprint.has_disk()) return;
    plan_disk(blueprint.disk, blueprint.boot, blueprint.arch.value, seed_of(blueprint));
  });
  collect([&] { plan_system(blueprint.system, blueprint.path.parent_path()); });
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
}

Plan decide(const Blueprint& blueprint, solve::Resolution resolution, std::string_view tool_version,
            std::optional<std::int64_t> epoch_from_caller) {
  Plan plan;
  plan.tool_version = tool_version;
  plan.name = blueprint.name.value;
  plan.version = blueprint.version.value;
  plan.arch = blueprint.arch.value;
  plan.identity_seed = seed_of(blueprint);
  plan.repositories = std::move(resolution.repositories);
  plan.packages = std::move(resolution.packages);

  if (blueprint.source_date_epoch) {
    plan.source_date_epoch = blueprint.source_date_epoch->value;
  } else if (epoch_from_caller) {
    plan.source_date_epoch = *epoch_from_caller;
  } else {
    for (const PlannedPackage& package : plan.packages) {
      plan.source_date_epoch = std::max(plan.source_date_epoch, package.build_time);
    }
  }

  if (blueprint.has_disk()) {
    plan.disk = plan_disk(blueprint.disk, blueprint.boot, blueprint.arch.value, plan.identity_seed);
  }
  plan.boot.firmware = blueprint.boot.firmware.value;
  plan.boot.loader = blueprint.boot.loader.value;
  plan.boot.kernel_command_line =
      fmt::format("{}", fmt::join(values_of(blueprint.boot.kernel_arguments), " "));
  if (const PlannedPartition* root = plan.disk.mounted_at("/")) {
    plan.boot.root_argument = "root=UUID=" + root->filesystem->uuid;
  }
  plan.system = plan_system(blueprint.system, blueprint.path.parent_path());

  for (const OutputRequest& output : blueprint.outputs) {
    const OutputFormat format = output.format.value;
    PlannedOutput planned;
    planned.format = format;
    planned.compression = output.compression              ? output.compression->value
                          : format == OutputFormat::qcow2 ? Compression::zstd
                                                          : Compression::none;
    planned.filename = output.filename ? output.filename->value
                                       : fmt::format("{}.{}", plan.name, extension_of(format));
    plan.outputs.push_back(std::move(planned));
  }
  plan.boot_test.target = blueprint.boot_test.target;
  plan.boot_test.within_seconds = blueprint.boot_test.within_seconds;
  plan.boot_test.services = values_of(blueprint.boot_test.services);
  return plan;
}

}  // namespace composer
