#include "composer/plan/decide.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/growth.h"
#include "composer/output_format.h"
#include "composer/plan/decide_base.h"
#include "composer/plan/decide_installation.h"
#include "composer/plan/decide_scripts.h"
#include "composer/plan/decide_security.h"
#include "composer/plan/decide_system.h"
#include "composer/plan/identity.h"
#include "composer/plan/layout.h"

namespace composer {
namespace {

std::vector<std::string> values_of(const std::vector<Located<std::string>>& located) {
  std::vector<std::string> values;
  for (const auto& entry : located) values.push_back(entry.value);
  return values;
}

PlannedContainer plan_container(const ContainerRequest& request, const std::string& version) {
  const auto text_of = [](const std::optional<Located<std::string>>& value) {
    return value ? value->value : std::string();
  };
  PlannedContainer container;
  container.entrypoint = values_of(request.entrypoint);
  container.cmd = values_of(request.cmd);
  const bool has_path =
      std::any_of(request.env.begin(), request.env.end(),
                  [](const PairRequest& pair) { return pair.key.value == "PATH"; });
  // What every container runtime and base image has; without it nothing is found.
  if (!has_path) {
    container.env.push_back(
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"});
  }
  for (const PairRequest& pair : request.env) {
    container.env.push_back({pair.key.value, pair.value.value});
  }
  for (const PairRequest& pair : request.labels) {
    container.labels.push_back({pair.key.value, pair.value.value});
  }
  std::sort(container.labels.begin(), container.labels.end(),
            [](const PlannedPair& a, const PlannedPair& b) { return a.key < b.key; });
  container.working_dir = text_of(request.working_dir);
  container.user = text_of(request.user);
  container.stop_signal = text_of(request.stop_signal);
  for (const auto& port : request.exposed_ports) {
    const bool plain = port.value.find('/') == std::string::npos;
    container.exposed_ports.push_back(plain ? port.value + "/tcp" : port.value);
  }
  std::sort(container.exposed_ports.begin(), container.exposed_ports.end());
  container.tag = request.tag ? request.tag->value : version;
  return container;
}

/// What a container has and the blueprint does not say stays: OCI's "config", key by key.
void inherit(const PlannedContainer& base, const ContainerRequest& request,
             PlannedContainer& container) {
  // Another program has other arguments.
  if (request.entrypoint.empty()) container.entrypoint = base.entrypoint;
  if (request.entrypoint.empty() && request.cmd.empty()) container.cmd = base.cmd;
  const auto add_missing = [](const std::vector<PlannedPair>& from, const auto& asked,
                              std::vector<PlannedPair>& to) {
    std::vector<PlannedPair> all = from;
    for (const PlannedPair& pair : to) {
      const bool is_asked = std::any_of(asked.begin(), asked.end(), [&](const PairRequest& one) {
        return one.key.value == pair.key;
      });
      const auto known = std::find_if(all.begin(), all.end(),
                                      [&](const PlannedPair& one) { return one.key == pair.key; });
      if (known == all.end()) {
        all.push_back(pair);
      } else if (is_asked) {
        known->value = pair.value;
      }
    }
    to = std::move(all);
  };
  add_missing(base.env, request.env, container.env);
  add_missing(base.labels, request.labels, container.labels);
  std::sort(container.labels.begin(), container.labels.end(),
            [](const PlannedPair& a, const PlannedPair& b) { return a.key < b.key; });
  if (container.working_dir.empty()) container.working_dir = base.working_dir;
  if (container.user.empty()) container.user = base.user;
  if (container.stop_signal.empty()) container.stop_signal = base.stop_signal;
  if (request.exposed_ports.empty()) container.exposed_ports = base.exposed_ports;
}

/// A disk's outputs are made of a base with a disk, a root's of a container.
void check_base_outputs(const Blueprint& blueprint, const BaseFacts& base) {
  const bool has_disk = !base.disk.partitions.empty();
  Diagnostics problems;
  for (const OutputRequest& output : blueprint.outputs) {
    if (is_made_of_disk(*output.format) == has_disk) continue;
    problems.report(
        output.format.at,
        has_disk ? fmt::format("output format '{}' is made of a root, and '{}' stays a disk",
                               to_text(*output.format), base.image)
                 : fmt::format("output format '{}' is made of a disk, and '{}' is a container",
                               to_text(*output.format), base.image),
        has_disk ? "write 'raw', 'vhd-fixed', 'vhd', 'vhdx', 'qcow2' or 'cosi'"
                 : "write 'oci', 'oci-archive', 'tar', 'directory' or 'wsl'");
  }
  const BaseRequest& request = *blueprint.base;
  if (!has_disk &&
      (request.disk_size || request.grow || !request.partitions.empty() || request.new_uuids)) {
    problems.report(request.at, fmt::format("'{}' is a container, which has no disk", base.image),
                    "write 'base: {}'");
  }
  problems.throw_if_any();
}

/// What would make a partition grow has to be in the image.
void check_growth(const std::vector<PartitionRequest>& partitions, const Plan& plan) {
  for (const PartitionRequest& partition : partitions) {
    if (!partition.grow || !**partition.grow || growth_of(plan)) continue;
    const bool gpt = plan.disk.table == PartitionTableType::gpt;
    Problem problem;
    problem.at = partition.grow->at;
    problem.message =
        fmt::format("partition '{}' cannot grow at first boot: the image has {}", *partition.label,
                    gpt ? "neither systemd-repart nor growpart"
                        : "no growpart, and systemd-repart knows no MBR");
    problem.hint = gpt ? "add 'systemd-udev' or 'cloud-utils-growpart' to packages.install"
                       : "add 'cloud-utils-growpart' to packages.install, or write table: gpt";
    throw Error(ErrorKind::usage, std::move(problem));
  }
}

/// The serial port that a virtual machine of the architecture has: a 16550 on PCs, on Arm a PL011,
/// in Azure as in QEMU.
std::string_view serial_console_of(Architecture arch) {
  return arch == Architecture::aarch64 ? "console=ttyAMA0" : "console=ttyS0";
}

void plan_kernel(const Blueprint& blueprint, Plan& plan) {
  const BootRequest& request = blueprint.boot;
  PlannedBoot& boot = plan.boot;
  if (request.uki) boot.uki = request.uki->value;
  if (request.initramfs) boot.initramfs = request.initramfs->value;
  if (request.timeout_seconds) boot.timeout_seconds = request.timeout_seconds->value;
  if (request.serial_console) boot.serial_console = request.serial_console->value;
  // A package's unified kernel image has its own command line.
  if (boot.loader == Loader::uki && boot.uki == UkiSource::packaged) return;

  std::vector<std::string> arguments = values_of(request.kernel_arguments);
  const bool names_console =
      std::any_of(arguments.begin(), arguments.end(),
                  [](const std::string& argument) { return argument.starts_with("console="); });
  if (boot.serial_console && !names_console) {
    arguments.emplace(arguments.begin(), serial_console_of(plan.arch));
  }
  boot.kernel_command_line = fmt::format("{}", fmt::join(arguments, " "));
  if (const PlannedPartition* root = plan.disk.mounted_at("/")) {
    boot.root_argument = root_argument(*root->filesystem);
  }
}

PlannedLint plan_lint(const LintRequest& request) {
  PlannedLint lint;
  for (const auto& profile : request.profiles) {
    // Said twice, it is meant once.
    if (std::find(lint.profiles.begin(), lint.profiles.end(), *profile) == lint.profiles.end()) {
      lint.profiles.push_back(*profile);
    }
  }
  for (const LintIgnoreRequest& entry : request.ignore) {
    lint.ignore.push_back({entry.rule.value, entry.reason.value});
  }
  return lint;
}

}  // namespace

std::string root_argument(const PlannedFilesystem& filesystem) {
  const std::string device = "root=UUID=" + filesystem.uuid;
  if (filesystem.mount == "/") return device;
  for (const PlannedSubvolume& subvolume : filesystem.subvolumes) {
    if (subvolume.mount == "/") return device + " rootflags=subvol=/" + subvolume.name;
  }
  return device;
}

std::vector<Problem> problems_of(const Blueprint& blueprint, const SoundSections& is_sound) {
  std::vector<Problem> problems;
  const auto collect = [&](auto&& decide_part) {
    try {
      decide_part();
    } catch (const Error& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  };
  collect([&] {
    if (!blueprint.has_disk() || !is_sound("disk") || !is_sound("boot")) return;
    plan_disk(blueprint.disk, blueprint.boot, blueprint.arch.value, identity_seed_of(blueprint));
  });
  // One bad setting does not spoil the others; a repository that was not read spoils its own file.
  collect([&] {
    if (is_sound("repositories")) plan_system(blueprint, nullptr);
  });
  collect([&] {
    plan_ca_certificates(blueprint.system.ca_certificates, blueprint.path.parent_path());
  });
  collect([&] {
    if (is_sound("scripts")) plan_scripts(blueprint.scripts, blueprint.path.parent_path());
  });
  collect([&] {
    if (is_sound("tests")) plan_test_scripts(blueprint.test_scripts, blueprint.path.parent_path());
  });
  return problems;
}

void check(const Blueprint& blueprint) {
  std::vector<Problem> problems = problems_of(blueprint, [](std::string_view) { return true; });
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
}

Plan decide(const Blueprint& blueprint, solve::Resolution resolution, std::string_view tool_version,
            std::optional<std::int64_t> epoch_from_caller, const BaseFacts* base) {
  Plan plan;
  plan.tool_version = tool_version;
  plan.name = blueprint.name.value;
  plan.version = blueprint.version.value;
  plan.arch = blueprint.arch.value;
  plan.identity_seed = identity_seed_of(blueprint);
  plan.repositories = std::move(resolution.repositories);
  plan.packages = std::move(resolution.packages);
  plan.installation = plan_installation(blueprint.packages, plan.packages);

  if (blueprint.source_date_epoch) {
    plan.source_date_epoch = blueprint.source_date_epoch->value;
  } else if (epoch_from_caller) {
    plan.source_date_epoch = *epoch_from_caller;
  } else {
    for (const PlannedPackage& package : plan.packages) {
      plan.source_date_epoch = std::max(plan.source_date_epoch, package.build_time);
    }
  }

  if (base) {
    plan.base = PlannedBase{base->image,
                            base->disk.size,
                            base->disk.id,
                            base->rpm_database,
                            std::move(resolution.removed),
                            false};
    check_base_outputs(blueprint, *base);
    if (!base->disk.partitions.empty()) {
      plan.disk = plan_base_disk(base->disk, *blueprint.base, plan.arch, plan.identity_seed);
    }
  } else if (blueprint.has_disk()) {
    plan.disk = plan_disk(blueprint.disk, blueprint.boot, blueprint.arch.value, plan.identity_seed);
  }
  check_growth(blueprint.base ? blueprint.base->partitions : blueprint.disk.partitions, plan);
  if (base) {
    plan.boot = plan_base_boot(base->boot, blueprint.boot, plan.disk);
  } else {
    plan.boot.firmware = blueprint.boot.firmware.value;
    plan.boot.loader = blueprint.boot.loader.value;
    if (blueprint.has_disk()) plan_kernel(blueprint, plan);
  }
  plan.system = plan_system(blueprint, &plan.packages);
  check_security_packages(blueprint.system, plan.packages);
  plan.system.ca_certificates =
      plan_ca_certificates(blueprint.system.ca_certificates, blueprint.path.parent_path());
  plan.system.selinux = plan_selinux(blueprint.system.selinux);
  plan.system.fips = blueprint.system.fips && blueprint.system.fips->value;
  // A base image that has it keeps it: its initramfs must check the kernel, as before.
  if (base && !blueprint.system.fips && has_fips(plan.boot)) plan.system.fips = true;
  if (plan.system.fips) {
    plan.boot.kernel_command_line = with_fips_arguments(plan.boot.kernel_command_line, plan.disk);
  }
  if (base && plan.has_disk()) plan.base->boot = changes_boot(blueprint, plan);
  plan.scripts = plan_scripts(blueprint.scripts, blueprint.path.parent_path());
  plan.test_scripts = plan_test_scripts(blueprint.test_scripts, blueprint.path.parent_path());

  for (const OutputRequest& output : blueprint.outputs) {
    const OutputFormat format = output.format.value;
    PlannedOutput planned;
    planned.format = format;
    planned.compression =
        output.compression ? output.compression->value : facts_of(format).compressions[0];
    planned.filename =
        output.filename ? output.filename->value
                        : fmt::format("{}{}", plan.name, extension_of(format, planned.compression));
    if (output.sector_size) planned.sector_size = output.sector_size->value;
    if (format == OutputFormat::oci || format == OutputFormat::oci_archive) {
      const ContainerRequest request = output.container.value_or(ContainerRequest{});
      planned.container = plan_container(request, plan.version);
      if (base && base->container) inherit(*base->container, request, *planned.container);
    }
    plan.outputs.push_back(std::move(planned));
  }
  plan.boot_test.target = blueprint.boot_test.target;
  plan.boot_test.within_seconds = blueprint.boot_test.within_seconds;
  plan.boot_test.services = values_of(blueprint.boot_test.services);
  plan.lint = plan_lint(blueprint.lint);
  return plan;
}

}  // namespace composer
